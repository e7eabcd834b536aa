"""The page of users' sessions in Django's admin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django_site import OUR_MIDDLEWARE, OURS, User, site
from shortcrust.django import sessions

PAGE = "/admin/shortcrust/usersession/"
BACKEND = "django.contrib.auth.backends.ModelBackend"
MIDDLEWARE = [
    OUR_MIDDLEWARE,
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]


def enter(request: HttpRequest) -> HttpResponse:
    login(request, User.objects.get(username=request.GET["user"]), BACKEND)
    request.session.label = request.GET["label"]  # type: ignore[attr-defined]
    return HttpResponse()


def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user))


urlpatterns = [path("admin/", admin.site.urls), path("enter", enter), path("who", who)]


@pytest.fixture(autouse=True)
def users() -> Iterator[None]:
    User.objects.create_user("ada")
    User.objects.create_user("bob")
    User.objects.create_superuser("root")
    options: dict[str, Any] = {"MIDDLEWARE": MIDDLEWARE, "ROOT_URLCONF": __name__}
    with site(OURS + "db"), override_settings(**options):
        yield
    User.objects.all().delete()


def logged_in(user: str, label: str = "") -> Client:
    client = Client()
    assert client.get("/enter", {"user": user, "label": label}).status_code == 200
    return client


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def test_the_page_lists_who_is_logged_in_where_and_no_key() -> None:
    ada, root = logged_in("ada", "Firefox on Linux"), logged_in("root", "here")
    page = text_of(root.get(PAGE))
    assert "Firefox on Linux" in page
    assert "ada" in page
    assert ada.cookies["sessionid"].value not in page


def test_the_page_of_one_user() -> None:
    logged_in("ada", "of ada")
    logged_in("bob", "of bob")
    root = logged_in("root")
    page = text_of(root.get(PAGE, {"user": User.objects.get(username="ada").pk}))
    assert ("of ada" in page, "of bob" in page) == (True, False)
    found = text_of(root.get(PAGE, {"q": "bob"}))
    assert ("of ada" in found, "of bob" in found) == (False, True)


def test_the_action_ends_the_sessions_that_are_selected() -> None:
    ada, bob, root = logged_in("ada"), logged_in("bob"), logged_in("root")
    (info,) = sessions.list(User.objects.get(username="ada"))
    data = {"action": "end_sessions", "_selected_action": [info.handle]}
    assert "Sessions that have ended: 1" in text_of(root.post(PAGE, data, follow=True))
    assert [text_of(client.get("/who")) for client in (ada, bob)] == ["AnonymousUser", "bob"]


def test_a_row_that_is_deleted_is_a_session_that_has_ended() -> None:
    ada, root = logged_in("ada"), logged_in("root")
    (info,) = sessions.list(User.objects.get(username="ada"))
    assert root.post(f"{PAGE}{info.handle}/delete/", {"post": "yes"}).status_code == 302
    assert text_of(ada.get("/who")) == "AnonymousUser"


def test_nobody_adds_or_changes_a_row_and_who_may_not_delete_ends_nothing() -> None:
    logged_in("ada")
    (info,) = sessions.list(User.objects.get(username="ada"))
    root = logged_in("root")
    assert root.get(f"{PAGE}add/").status_code == 403
    assert 'name="_save"' not in text_of(root.get(f"{PAGE}{info.handle}/change/"))
    User.objects.filter(username="bob").update(is_staff=True)
    bob = logged_in("bob")
    data = {"action": "end_sessions", "_selected_action": [info.handle]}
    assert bob.post(PAGE, data).status_code == 403
    assert len(sessions.list(User.objects.get(username="ada"))) == 1
