"""The engine ``sealed_cookies`` where a setting changes or a session does not fit."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import SECRET
from django.conf import settings
from django.core import signing
from django.core.signing import Signer
from django.http import HttpRequest
from django.test import override_settings
from django_handlers import (
    put,
    run,
    show,
)
from django_site import ASYNC, OUR_MIDDLEWARE, OURS, STOCK, STOCK_MIDDLEWARE, site
from shortcrust import ConfigError, TooLarge, reason
from shortcrust.django import _settings
from shortcrust.django.sealed_cookies import SessionStore
from test_django_differences import look

SEALED = OURS + "sealed_cookies"


def test_a_rotated_secret_opens_and_seals_again() -> None:
    with site(SEALED) as browser:
        browser.run(put(user="ada"))
        new = "a new secret of at least 32 bytes"
        with override_settings(SECRET_KEY=new, SECRET_KEY_FALLBACKS=[SECRET]):
            assert len(browser.run(show).cookies) == 1
            assert browser.run(show).cookies == []
        with override_settings(SECRET_KEY=new):
            assert browser.run(show).text == "{'user': 'ada'}"


@pytest.mark.parametrize("until_when", ["never", "2026-02-01"])
def test_cookies_of_the_signed_engine_are_read_and_converted(until_when: str) -> None:
    readers = [{"format": "django", "until": until_when}]
    with site(STOCK + "signed_cookies", SHORTCRUST_READERS=readers) as browser:
        browser.run(put(user="ada", cart=[{" t": [1]}]))
        signed = dict(browser.jar)
        with override_settings(SESSION_ENGINE=SEALED):
            answer = browser.run(show)
            assert answer.text == "{'user': 'ada', 'cart': [{' t': [1]}]}"
            assert browser.jar["sessionid"].startswith("v4.local.")
            assert browser.run(show).text == answer.text
            browser.jar = dict(signed)
            browser.advance(days=40)
            browser.run(put(x=1), "")
            browser.jar = dict(signed)
            assert eval(browser.run(look).text)[0] == {}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


UNFIT: dict[str, dict[str, Any]] = {
    "it was compressed": {"cart": [{"sku": f"A-{n}", "title": "a plain thing"} for n in range(90)]},
    "it has a NaN": {"mean": float("nan")},
    "it is as deep as it may be": {"a": deep(199)},
}


@pytest.mark.parametrize("every", [False, True], ids=["on change", "every request"])
@pytest.mark.parametrize("middleware", [STOCK_MIDDLEWARE, OUR_MIDDLEWARE])
@pytest.mark.parametrize("data", UNFIT.values(), ids=UNFIT)
def test_an_old_cookie_that_can_not_be_sealed_stays_and_fails_no_request_that_reads(
    data: dict[str, Any], middleware: str, every: bool
) -> None:
    readers = [{"format": "django", "until": "never"}]
    options = {"SHORTCRUST_READERS": readers, "SESSION_SAVE_EVERY_REQUEST": every}
    with site(SEALED, middleware, **options) as browser:
        old = signing.dumps(data, salt=STOCK + "signed_cookies", compress=True)
        browser.jar["sessionid"] = old
        for _ in range(2):
            answer = browser.run(show)
            assert (answer.status, answer.text) == (200, repr(data))
            assert browser.jar["sessionid"] == old
        # Changed, it has to be sealed.
        assert browser.run(put(x=1)).status == 500


def test_what_does_not_fit_names_the_ways_out() -> None:
    store = SessionStore()
    store["text"] = "a" * 4096
    with pytest.raises(TooLarge, match=r"put less into it, or keep sessions in a store"):
        store.save()


@pytest.mark.parametrize("stamp", ["-AzL8n0Y58m8", "-zzzzzzzz", "zzzzzzzz", "0"])
def test_a_time_beyond_the_calendar_is_an_empty_session(stamp: str) -> None:
    salt = "django.contrib.sessions.backends.signed_cookies"
    token = Signer(salt=salt).sign(f"e30:{stamp}")
    with site(SEALED, SHORTCRUST_READERS=[{"format": "django", "until": "never"}]) as browser:
        answer = browser.run(look, f"sessionid={token}")
        assert (answer.status, eval(answer.text)[1] is None) == (200, False)


def test_a_cookie_that_browsers_would_drop_is_not_set() -> None:
    with site(SEALED) as browser:
        browser.run(put(user="ada"))
        assert browser.run(put(text="a" * 4096)).status == 500
        assert browser.run(show).text == "{'user': 'ada'}"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"SECRET_KEY": "short"},
            r"a secret has 5 bytes .* \(see SECRET_KEY, SECRET_KEY_FALLBACKS",
        ),
        ({"SECRET_KEY_FALLBACKS": "old"}, "SECRET_KEY_FALLBACKS must be a list"),
        ({"SECRET_KEY_FALLBACKS": [SECRET]}, "listed twice"),
        ({"SESSION_SERIALIZER": "test_django_differences.Spaced"}, "remove SESSION_SERIALIZER"),
        ({"SHORTCRUST_IDLE": 5}, "unknown: SHORTCRUST_IDLE"),
        ({"SHORTCRUST_ABSOLUTE": "5"}, "SHORTCRUST_ABSOLUTE must be seconds"),
        ({"SHORTCRUST_RENEW_AFTER": "5"}, "SHORTCRUST_RENEW_AFTER must be seconds"),
        ({"SHORTCRUST_READERS": [{"format": "django"}]}, "says until when"),
        ({"SESSION_COOKIE_SAMESITE": "None"}, r"SameSite=None needs Secure.* \(see SESSION_COOKIE"),
        ({"SESSION_COOKIE_NAME": "__Host-s"}, "must have Secure"),
    ],
)
def test_wrong_settings_say_what_to_change(options: dict[str, Any], words: str) -> None:
    with site(SEALED):
        store = SessionStore()
        store["user"] = "ada"
        store.save()
        with override_settings(**options), pytest.raises(ConfigError, match=words):
            SessionStore(store.session_key).load()


def test_the_engine_is_made_once_for_the_same_settings() -> None:
    with site(SEALED):
        assert _settings.sealed_engine() is _settings.sealed_engine()
        before = _settings.sealed_engine()
    with site(SEALED, SECRET_KEY="another secret of at least 32 bytes"):
        assert _settings.sealed_engine() is not before


@ASYNC
def test_a_session_is_kept_over_asgi() -> None:
    async def put_in(request: HttpRequest) -> None:
        await request.session.aset("user", "ada")
        await request.session.acycle_key()

    async def read(request: HttpRequest) -> Any:
        return [await request.session.aget("user"), reason(request)]

    async def visit() -> list[str]:
        return [(await browser.arun(put_in)).text, (await browser.arun(read)).text]

    with site(SEALED) as browser:
        assert run(visit) == ["None", "['ada', None]"]
        assert settings.SESSION_ENGINE == SEALED
