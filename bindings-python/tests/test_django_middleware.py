"""``shortcrust.django.SessionMiddleware``, and the system checks."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from conftest import SECRET
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django_handlers import call, leave, put, show
from django_site import ENGINES, OUR_MIDDLEWARE, OURS, STOCK, STOCK_MIDDLEWARE, Browser, site
from shortcrust import ConfigError
from shortcrust.django import SessionMiddleware
from test_django_differences import look

EVERY_ENGINE = pytest.mark.parametrize("engine", [*ENGINES, "sealed_cookies"])


def cookie_of(browser: Browser, **values: Any) -> str:
    """A session's cookie, as the browser would send it."""
    browser.jar.clear()
    browser.run(put(**values))
    value = browser.jar.pop("sessionid")
    return f"sessionid={value}"


@EVERY_ENGINE
@pytest.mark.parametrize(
    ("order", "with_djangos", "with_ours"),
    [
        (["ada", "bob"], "bob", "bob"),
        (["bob", "ada"], "ada", "ada"),
        (["ada", "bad"], None, "ada"),
        (["ada", "empty"], None, "ada"),
        (["bad", "ada", "bad"], None, "ada"),
        (["ada", "bob", "bad", "bad"], None, "bob"),
        (["bob", "bad", "bad", "bad"], None, "bob"),
        (["bob", "bad", "bad", "bad", "bad"], None, None),
        (["bad", "bad"], None, None),
    ],
)
def test_where_the_last_cookie_does_not_open_the_others_are_tried(
    engine: str, order: list[str], with_djangos: str | None, with_ours: str | None
) -> None:
    expected = {STOCK_MIDDLEWARE: with_djangos, OUR_MIDDLEWARE: with_ours}
    for middleware, user in expected.items():
        with site(OURS + engine, middleware) as browser:
            cookies = {name: cookie_of(browser, user=name) for name in ("ada", "bob")}
            cookies |= {"bad": f"sessionid={'0' * 31}x", "empty": "sessionid="}
            header = "; ".join(["sessionidx=1", *(cookies[name] for name in order), "theme=dark"])
            answer = browser.run(lambda r: r.session.get("user"), header)
            assert answer.text == repr(user)
            assert "Vary" in answer.headers
            if order[-1] != "empty" or user is not None:
                # Django deletes an empty cookie.
                answer = browser.run(leave, header)
                assert (answer.cookies, answer.headers) == ([], {})


def test_with_an_engine_of_djangos_the_last_cookie_counts() -> None:
    with site(STOCK + "db", OUR_MIDDLEWARE) as browser:
        ada = cookie_of(browser, user="ada")
        assert browser.run(show, f"{ada}; sessionid={'0' * 31}x").text == "{}"
        assert browser.run(show, f"sessionid={'0' * 31}x; {ada}").text == "{'user': 'ada'}"


@EVERY_ENGINE
def test_a_logout_among_duplicates_deletes_both(engine: str) -> None:
    options = {"SESSION_COOKIE_DOMAIN": "example.com", "SESSION_COOKIE_SECURE": True}
    gone = (
        "expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Max-Age=0; Path=/; SameSite=Lax; Secure"
    )
    domain = gone.replace("expires", "Domain=example.com; expires")
    with site(OURS + engine, OUR_MIDDLEWARE, **options) as browser:
        ada, bob = cookie_of(browser, user="ada"), cookie_of(browser, user="bob")
        answer = browser.run(call("flush"), f"{ada}; {bob}")
        assert answer.cookies == [f'sessionid=""; {domain}', f'sessionid=""; {gone}']
        answer = browser.run(call("flush"), ada)
        assert answer.cookies == [f'sessionid=""; {domain}']


def test_a_logout_among_duplicates_deletes_the_one_of_another_path_too() -> None:
    with site(OURS + "db", OUR_MIDDLEWARE, SESSION_COOKIE_PATH="/shop") as browser:
        ada, bob = cookie_of(browser, user="ada"), cookie_of(browser, user="bob")
        lines = browser.run(call("flush"), f"{ada}; {bob}").cookies
        assert [line.partition("Path=")[2].partition(";")[0] for line in lines] == ["/shop", "/"]


@EVERY_ENGINE
def test_partitioned_is_added_to_what_is_set_and_deleted(engine: str) -> None:
    options = {"SHORTCRUST_COOKIE_PARTITIONED": True, "SESSION_COOKIE_SECURE": True}
    with site(OURS + engine, OUR_MIDDLEWARE, **options) as browser:
        (cookie,) = browser.run(put(user="ada")).cookies
        assert cookie.endswith("; SameSite=Lax; Secure; Partitioned")
        assert browser.run(show).text == "{'user': 'ada'}"
        (cookie,) = browser.run(call("flush")).cookies
        assert cookie.endswith("; SameSite=Lax; Secure; Partitioned")
        assert cookie.startswith('sessionid=""; ')


def test_a_response_with_a_partitioned_cookie_can_be_cached() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        request.session["user"] = "ada"
        return HttpResponse("hello")

    options = {"SHORTCRUST_COOKIE_PARTITIONED": True, "SESSION_COOKIE_SECURE": True}
    with site(OURS + "signed_cookies", OUR_MIDDLEWARE, **options):
        response: Any = SessionMiddleware(view)(HttpRequest())
        again = pickle.loads(pickle.dumps(response))
        assert again.cookies.output() == response.cookies.output()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, "private, no-store"),
        ("max-age=60", "private, no-store"),
        ("public, s-maxage=60", "private, no-store"),
        ("Private", "Private"),
        ("max-age=0, No-Store", "max-age=0, No-Store"),
    ],
)
def test_a_response_that_sets_the_cookie_is_not_cached(given: str | None, sent: str) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        request.session["user"] = "ada"
        return HttpResponse(headers={} if given is None else {"Cache-Control": given})

    with site(OURS + "signed_cookies", OUR_MIDDLEWARE):
        response: Any = SessionMiddleware(view)(HttpRequest())
        assert response["Cache-Control"] == sent


def test_a_prefixed_cookie_is_set_and_deleted_with_what_the_prefix_asks_for() -> None:
    options = {"SESSION_COOKIE_NAME": "__Host-Http-id", "SESSION_COOKIE_SECURE": True}
    with site(OURS + "signed_cookies", OUR_MIDDLEWARE, **options) as browser:
        for handler in (put(user="ada"), call("clear"), call("flush"), show):
            for cookie in browser.run(handler).cookies:
                assert "HttpOnly" in cookie
                assert cookie.endswith("Path=/; SameSite=Lax; Secure")


@pytest.mark.parametrize(
    "options",
    [
        {"SESSION_COOKIE_NAME": "__Secure-id"},
        {"SESSION_COOKIE_NAME": "__Host-id", "SESSION_COOKIE_DOMAIN": "example.com"},
        {"SESSION_COOKIE_NAME": "__Host-id", "SESSION_COOKIE_PATH": "/shop"},
        {"SESSION_COOKIE_NAME": "__Http-id", "SESSION_COOKIE_HTTPONLY": False},
    ],
)
def test_a_prefix_whose_rules_are_broken_is_refused(options: dict[str, Any]) -> None:
    secure = "Domain" not in options and options["SESSION_COOKIE_NAME"] != "__Secure-id"
    with (
        override_settings(SESSION_COOKIE_SECURE=secure, **options),
        pytest.raises(ConfigError, match="a cookie named __"),
    ):
        SessionMiddleware(lambda _: HttpResponse())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"SESSION_COOKIE_SAMESITE": "None"}, "SameSite=None needs Secure"),
        ({"SHORTCRUST_COOKIE_PARTITIONED": True}, "Partitioned needs Secure"),
        ({"SESSION_COOKIE_DOMAIN": "a domain"}, "cookie domain"),
    ],
)
def test_what_browsers_drop_is_logged_once_and_fails_no_request(
    options: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    with site(OURS + "db", OUR_MIDDLEWARE, **options) as browser:
        assert [browser.run(look).status for _ in range(2)] == [200, 200]
    (record,) = (record for record in caplog.records if record.name == "shortcrust")
    assert words in record.getMessage()


@EVERY_ENGINE
def test_a_reason_is_given(engine: str) -> None:
    with site(OURS + engine, OUR_MIDDLEWARE) as browser:
        assert browser.run(look).text == repr(({}, "no_cookie"))
        browser.run(put(user="ada"))
        assert browser.run(look).text == repr(({"user": "ada"}, None))


SOUND: dict[str, Any] = {
    "MIDDLEWARE": [OUR_MIDDLEWARE],
    "SECRET_KEY": SECRET,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_ENGINE": OURS + "db",
}


def found(**options: Any) -> list[str]:
    with override_settings(**{**SOUND, **options}):
        messages = run_checks(include_deployment_checks=True)
    return [str(message.id) for message in messages if str(message.id).startswith("shortcrust.")]


def test_sound_settings_pass_the_checks() -> None:
    assert found() == []
    assert found(SESSION_ENGINE=OURS + "sealed_cookies") == []


@pytest.mark.parametrize(
    ("options", "id_"),
    [
        ({"MIDDLEWARE": [STOCK_MIDDLEWARE]}, "shortcrust.W001"),
        ({"SECRET_KEY": "short"}, "shortcrust.W002"),
        ({"SECRET_KEY_FALLBACKS": [SECRET, b"short"]}, "shortcrust.W002"),
        ({"SESSION_COOKIE_SECURE": False}, "shortcrust.W003"),
        ({"SESSION_COOKIE_HTTPONLY": False}, "shortcrust.W003"),
        ({"SESSION_COOKIE_SAMESITE": False}, "shortcrust.W003"),
        ({"SESSION_COOKIE_DOMAIN": "example.com"}, "shortcrust.W003"),
        ({"SECRET_KEY_FALLBACKS": "an old secret"}, "shortcrust.E001"),
        (
            {"SESSION_ENGINE": OURS + "sealed_cookies", "SECRET_KEY": "over 16 and under 32"},
            "shortcrust.E002",
        ),
        (
            {
                "SESSION_ENGINE": OURS + "sealed_cookies",
                "SHORTCRUST_READERS": [{"format": "django", "until": "2026-01-01"}],
            },
            "shortcrust.W004",
        ),
        ({"SHORTCRUST_MERGE": {"visits": "sum"}}, "shortcrust.E004"),
        ({"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": False}, "shortcrust.E003"),
        (
            {"SHORTCRUST_COOKIE_PARTITIONED": True, "SESSION_COOKIE_SECURE": False},
            "shortcrust.E003",
        ),
        (
            {"SESSION_COOKIE_NAME": "__Host-id", "SESSION_COOKIE_PATH": "/shop"},
            "shortcrust.E003",
        ),
    ],
)
def test_each_unsafe_setting_is_found(options: dict[str, Any], id_: str) -> None:
    assert found(**options) == [id_]


@pytest.mark.parametrize("engine", [*ENGINES, "sealed_cookies"])
@pytest.mark.filterwarnings("error")
def test_a_short_secret_is_found_by_the_check_and_warns_in_no_request(
    engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "short" if engine != "sealed_cookies" else SECRET
    with site(OURS + engine, OUR_MIDDLEWARE, SECRET_KEY=secret) as browser:
        browser.run(put(user="ada"))
        assert browser.run(look).text == repr(({"user": "ada"}, None))
    assert [record for record in caplog.records if record.name == "shortcrust"] == []


def test_a_middleware_derived_from_ours_counts_as_ours() -> None:
    assert found(MIDDLEWARE=[f"{__name__}.Derived"]) == []


class Derived(SessionMiddleware):
    pass


def test_fallbacks_as_a_string_stop_every_command() -> None:
    with (
        override_settings(**SOUND, SECRET_KEY_FALLBACKS="an old secret"),
        pytest.raises(SystemCheckError, match="SECRET_KEY_FALLBACKS must be a list"),
    ):
        call_command("check")


def test_no_message_shows_a_secret() -> None:
    with override_settings(SECRET_KEY="hidden", SECRET_KEY_FALLBACKS="hidden"):
        text = repr(run_checks(include_deployment_checks=True))
    assert "hidden" not in text
