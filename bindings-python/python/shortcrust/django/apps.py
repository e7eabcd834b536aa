"""``"shortcrust.django"`` in ``INSTALLED_APPS`` brings the checks and the table of sessions."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.module_loading import import_string


class ShortcrustConfig(AppConfig):
    """Named apart from Django itself."""

    name = "shortcrust.django"
    label = "shortcrust"
    verbose_name: Any = "Sessions"

    def ready(self) -> None:
        """Registers the checks, and labels what logs in."""
        from . import checks  # noqa: F401, PLC0415 - only for an application that asks

        user_logged_in.connect(_label_session, dispatch_uid="shortcrust.django")


def _label_session(request: Any = None, **_: Any) -> None:
    """``SHORTCRUST_LABEL`` is a callable of the request, or its dotted path."""
    from . import _settings, _tracked, _tracking  # noqa: PLC0415 - as above

    label_of, session = _settings.ours("LABEL"), getattr(request, "session", None)
    if label_of is None or not isinstance(session, _tracked.TrackedSession):
        return
    found = (import_string(label_of) if isinstance(label_of, str) else label_of)(request)
    if found:
        # No login fails because a browser's name is long.
        cut = str(found).encode(errors="replace")[: _tracking.LONGEST_LABEL]
        session.label = cut.decode(errors="ignore")
