"""Users' sessions in Django's admin: who is logged in where, and an action that ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth import get_user_model

from . import sessions
from .models import UserSession

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    _Base = admin.ModelAdmin[UserSession]
else:
    _Base = admin.ModelAdmin


@admin.register(UserSession)
class UserSessionAdmin(_Base):
    """A list to read. With ``?user=`` and a primary key it is one user's."""

    actions: Any = ("end_sessions",)
    fields: ClassVar[Any] = ("who", "label", "created", "last_used", "expires")
    readonly_fields: ClassVar[Any] = fields
    list_display: Any = ("who", "label", "created", "last_used")
    list_filter: ClassVar[Any] = ("last_used",)
    search_fields: ClassVar[Any] = ("=user", "label")
    search_help_text: ClassVar[Any] = "A user's name or primary key, or a label"

    @admin.display(description="user", ordering="user")
    def who(self, row: UserSession) -> str:
        """The user as the user model spells it; the primary key where there is none."""
        user = get_user_model()._default_manager.filter(pk=row.user).first()  # noqa: SLF001
        return row.user if user is None else str(user)

    @admin.action(description="End the selected sessions", permissions=["delete"])
    def end_sessions(self, request: HttpRequest, rows: QuerySet[UserSession]) -> None:
        """Logs the users out there, at once."""
        ended = sum(sessions.revoke(row.handle, row.user) for row in rows)
        self.message_user(request, f"Sessions that have ended: {ended}", messages.SUCCESS)

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:  # noqa: ARG002
        """A row that is deleted is a session that has ended."""
        sessions.revoke(obj.handle, obj.user)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[UserSession], search_term: str
    ) -> tuple[QuerySet[UserSession], bool]:
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        if search_term:
            model = get_user_model()
            named = {f"{model.USERNAME_FIELD}__icontains": search_term}
            keys = model._default_manager.filter(**named).values_list("pk", flat=True)[:1000]  # noqa: SLF001
            found |= queryset.filter(user__in=[str(key) for key in keys])
        return found, has_duplicates

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False
