"""django.contrib.auth on top of every engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import SECRET
from django.contrib.auth import authenticate, get_user, login, logout, update_session_auth_hash
from django.core.cache import cache
from django.http import HttpRequest
from django.test import override_settings
from django_handlers import put
from django_site import ENGINES, OUR_MIDDLEWARE, OURS, STOCK, STOCK_MIDDLEWARE, Browser, site
from django_site import User as Users

AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"


@pytest.fixture(
    params=[
        *[(STOCK + engine, STOCK_MIDDLEWARE) for engine in ENGINES],
        *[(OURS + engine, STOCK_MIDDLEWARE) for engine in (*ENGINES, "sealed_cookies")],
        *[(OURS + engine, OUR_MIDDLEWARE) for engine in (*ENGINES, "sealed_cookies")],
    ],
    ids=lambda param: "-".join(part.split(".")[0] + "." + part.split(".")[-1] for part in param),
)
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    engine, middleware = request.param
    Users.objects.all().delete()
    for name in ("ada", "bob"):
        Users.objects.create_user(name, password=f"{name}'s")
    with site(engine) as browser, override_settings(MIDDLEWARE=[middleware, AUTH]):
        yield browser
    Users.objects.all().delete()


def log_in(name: str) -> Any:
    def handler(request: HttpRequest) -> None:
        user = authenticate(request, username=name, password=f"{name}'s")
        assert user is not None
        login(request, user)

    return handler


def who(request: HttpRequest) -> str:
    return get_user(request).get_username()


def data(request: HttpRequest) -> dict[str, Any]:
    return {key: value for key, value in request.session.items() if not key.startswith("_auth")}


def test_a_user_stays_logged_in_until_the_logout(browser: Browser) -> None:
    assert browser.run(who).text == "''"
    browser.run(log_in("ada"))
    browser.advance(days=1)
    assert browser.run(who).text == "'ada'"
    browser.run(logout)
    assert browser.run(who).text == "''"
    assert "sessionid" not in browser.jar or browser.run(data).text == "{}"


def test_a_login_keeps_what_was_in_the_session_under_another_key(browser: Browser) -> None:
    browser.run(put(cart=[1]))
    before = browser.jar["sessionid"]
    browser.advance(seconds=1)
    browser.run(log_in("ada"))
    assert browser.jar["sessionid"] != before
    assert browser.run(data).text == "{'cart': [1]}"


def test_a_login_of_another_user_keeps_nothing(browser: Browser) -> None:
    browser.run(log_in("ada"))
    browser.run(put(cart=[1]))
    browser.run(log_in("bob"))
    assert browser.run(who).text == "'bob'"
    assert browser.run(data).text == "{}"


def test_a_changed_password_ends_other_sessions_and_keeps_this_one(browser: Browser) -> None:
    browser.run(log_in("ada"))
    elsewhere = dict(browser.jar)
    browser.jar.clear()
    browser.run(log_in("ada"))

    def change(request: HttpRequest) -> None:
        user: Any = request.user  # loaded while the old password holds
        assert user.is_authenticated
        user.set_password("another")
        user.save()
        update_session_auth_hash(request, user)

    browser.run(change)
    assert browser.run(who).text == "'ada'"
    browser.jar = elsewhere
    assert browser.run(who).text == "''"


def test_a_rotated_secret_keeps_the_user_logged_in(browser: Browser) -> None:
    browser.run(log_in("ada"))
    cache.clear()
    new = "a new secret of at least 32 bytes"
    with override_settings(SECRET_KEY=new, SECRET_KEY_FALLBACKS=[SECRET]):
        assert browser.run(who).text == "'ada'"
        assert browser.run(who).text == "'ada'"
    with override_settings(SECRET_KEY=new):
        cache.clear()
        assert browser.run(who).text == "'ada'"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_user_stays_logged_in_through_the_swap_and_back(engine: str) -> None:
    Users.objects.create_user("ada", password="ada's")
    try:
        with site(STOCK + engine) as browser:
            browser.run(log_in("ada"))
            for prefix, middleware in ((OURS, OUR_MIDDLEWARE), (STOCK, STOCK_MIDDLEWARE)):
                with override_settings(SESSION_ENGINE=prefix + engine, MIDDLEWARE=[middleware]):
                    assert browser.run(who).text == "'ada'"
                    browser.run(put(seen=prefix))
    finally:
        Users.objects.all().delete()
