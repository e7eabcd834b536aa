"""The engine ``sealed_cookies``."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from conftest import SECRET
from django.http import HttpRequest
from django.test import override_settings
from django.utils import timezone
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
from django_handlers import (
    OPTIONS,
    SCRIPTS,
    begin_anew,
    call,
    cycle,
    leave,
    nothing_left,
    put,
    show,
    transcript,
)
from django_site import OURS, STOCK, Browser, site
from markupsafe import Markup
from shortcrust import _config, ambient
from shortcrust.django.sealed_cookies import SessionStore
from test_django_differences import CART, add_to_cart, look, show_cart

SEALED = OURS + "sealed_cookies"
DAY = 86_400


def claims(browser: Browser, name: str = "sessionid") -> dict[str, Any]:
    """What any other reader of the format finds in the browser's cookie."""
    config = {"SHORTCRUST_NAME": name, "SHORTCRUST_IDLE": None, "SHORTCRUST_RENEW_AFTER": None}
    engine = _config.build_engine(config, [SECRET])
    session, data = engine.open(f"{name}={browser.jar[name]}", ambient.now_ms())
    assert data is not None, session.reason
    return data


# A short age is renewed here.
@pytest.mark.parametrize("options", [name for name in OPTIONS if name != "no samesite"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_what_a_browser_is_shown_is_as_with_signed_cookies(script: str, options: str) -> None:
    expected = transcript(STOCK + "signed_cookies", SCRIPTS[script], OPTIONS[options])
    found = transcript(SEALED, SCRIPTS[script], OPTIONS[options])
    assert [(answer.status, answer.text) for answer in found] == [
        (answer.status, answer.text) for answer in expected
    ]


def test_the_cookie_is_encrypted_and_has_djangos_attributes() -> None:
    with site(SEALED) as browser:
        (cookie,) = browser.run(put(user="ada")).cookies
        token, attributes = cookie.split("; ", 1)
        assert token.startswith("sessionid=v4.local.")
        assert attributes == (
            "expires=Fri, 16 Jan 2026 03:04:05 GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax"
        )
        assert claims(browser) == {"user": "ada"}
        assert browser.run(show).text == "{'user': 'ada'}"


def test_djangos_cookie_settings_are_ours() -> None:
    options: dict[str, Any] = {
        "SESSION_COOKIE_AGE": 3600,
        "SESSION_COOKIE_DOMAIN": "shop.example",
        "SESSION_COOKIE_HTTPONLY": False,
        "SESSION_COOKIE_NAME": "shop",
        "SESSION_COOKIE_PATH": "/shop",
        "SESSION_COOKIE_SAMESITE": "Strict",
        "SESSION_COOKIE_SECURE": True,
    }
    with site(SEALED, **options) as browser:
        (cookie,) = browser.run(put(user="ada")).cookies
        name, attributes = cookie.partition("=")[0], cookie.split("; ", 1)[1]
        assert name == "shop"
        assert attributes == (
            "Domain=shop.example; expires=Fri, 02 Jan 2026 04:04:05 GMT; Max-Age=3600; "
            "Path=/shop; SameSite=Strict; Secure"
        )
        assert claims(browser, "shop") == {"user": "ada"}
        browser.advance(seconds=3601)
        assert browser.run(look).text == repr(({}, "expired"))


def test_a_session_that_ends_with_the_browser_does_so_in_a_sealed_cookie_too() -> None:
    with site(SEALED, SESSION_EXPIRE_AT_BROWSER_CLOSE=True) as browser:
        (cookie,) = browser.run(put(user="ada")).cookies
        assert "Max-Age" not in cookie


def test_a_token_opens_under_no_other_name() -> None:
    with site(SEALED) as browser:
        browser.run(put(user="ada"))
        with override_settings(SESSION_COOKIE_NAME="other"):
            answer = browser.run(look, f"other={browser.jar['sessionid']}")
        assert answer.text == repr(({}, "bad_signature"))


class Colour(enum.IntEnum):
    RED = 1


class Choice(str, enum.Enum):
    PAID = "paid"


class Point(NamedTuple):
    x: int
    y: int


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ((1, ("x",), []), (1, ("x",), [])),
        (b"\x00\xff", b"\x00\xff"),
        (uuid.UUID(int=5), uuid.UUID(int=5)),
        (Colour.RED, 1),
        (Choice.PAID, "paid"),
        (Point(1, 2), (1, 2)),
        (mark_safe("<b>"), Markup("<b>")),
        ({2: "a", None: "b", True: "c"}, {"2": "a", "null": "b", "true": "c"}),
        ({" t": [1]}, {" t": [1]}),
        ("\ud800", "\ud800"),
    ],
    ids=repr,
)
def test_values_come_back(value: Any, read: Any) -> None:
    with site(SEALED) as browser:
        browser.run(put(value=value, other=[mark_safe("x")]))
        assert browser.run(lambda r: r.session["value"]).text == repr(read)
        assert browser.run(leave).cookies == []


def test_a_time_comes_back_to_the_second() -> None:
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
    store = SessionStore()
    store["at"] = moment
    store.save()
    assert SessionStore(store.session_key)["at"] == moment


@pytest.mark.parametrize("value", [object(), {1, 2}, lazystr("lazy"), 1j], ids=repr)
def test_what_no_json_knows_raises_when_it_is_set(value: Any) -> None:
    store = SessionStore()
    store["value"] = [value]
    with pytest.raises(TypeError, match="is not JSON serializable"):
        store.save()


def test_nested_changes_are_saved_and_reading_saves_nothing() -> None:
    with site(SEALED) as browser:
        browser.run(CART)
        browser.run(add_to_cart)
        assert eval(browser.run(show).text)["cart"]["7"]["quantity"] == 2
        answer = browser.run(show_cart)
        assert (answer.status, answer.cookies) == (200, [])


def test_nested_changes_among_tagged_values_are_seen() -> None:
    with site(SEALED) as browser:
        browser.run(put(seen=[(1, 2)], id=uuid.UUID(int=5)))
        assert browser.run(show).cookies == []
        browser.run(lambda r: r.session["seen"].append(mark_safe("x")))
        assert browser.run(lambda r: r.session["seen"]).text == repr([(1, 2), Markup("x")])


@pytest.mark.parametrize(
    ("script", "deletes"),
    [
        ([put(a=1), call("clear")], True),
        ([put(a=1), call("flush")], True),
        ([put(a=1), call("delete")], True),
        ([put(a=1), call("pop", "a")], True),
        ([put(a=1), leave], False),
        ([nothing_left], False),
    ],
)
def test_an_empty_session_is_no_cookie(script: list[Any], deletes: bool) -> None:
    with site(SEALED) as browser:
        for handler in script:
            answer = browser.run(handler)
        assert [cookie.split(";")[0] for cookie in answer.cookies] == ['sessionid=""'] * deletes


def test_a_cookie_that_does_not_open_stays_until_something_is_written() -> None:
    with site(SEALED) as browser:
        browser.jar["sessionid"] = "v4.local.nonsense"
        answer = browser.run(look)
        assert (answer.text, answer.cookies) == (repr(({}, "unknown_key")), [])
        browser.run(put(user="ada"))
        assert browser.run(show).text == "{'user': 'ada'}"
        browser.jar["sessionid"] = "v4.local.nonsense"
        assert len(browser.run(nothing_left).cookies) == 1
        assert browser.jar == {}


@pytest.mark.parametrize(("days", "code"), [(14, None), (14.001, "expired")])
def test_a_session_ends_when_it_was_idle_for_the_cookies_age(days: float, code: str | None) -> None:
    with site(SEALED) as browser:
        browser.run(put(user="ada"))
        browser.advance(days=days)
        assert eval(browser.run(look).text)[1] == code


def test_a_session_in_use_is_renewed_when_a_quarter_of_its_age_has_passed() -> None:
    with site(SEALED) as browser:
        browser.run(put(user="ada"))
        browser.advance(days=3.4)
        assert browser.run(show).cookies == []
        browser.advance(days=0.1)
        assert browser.run(leave).cookies == []
        assert len(browser.run(show).cookies) == 1
        assert browser.run(show).cookies == []
        browser.advance(days=13)
        assert browser.run(show).text == "{'user': 'ada'}"


@pytest.mark.parametrize(
    ("options", "days"),
    [
        ({}, 90),
        ({"SHORTCRUST_ABSOLUTE": dt.timedelta(days=30)}, 30),
        ({"SHORTCRUST_ABSOLUTE": 30 * DAY}, 30),
        ({"SHORTCRUST_ABSOLUTE": None}, 1000),
        ({"SESSION_COOKIE_AGE": 365 * DAY}, 365),
    ],
)
def test_a_session_ends_after_its_absolute_age_however_it_is_used(
    options: dict[str, Any], days: int
) -> None:
    with site(SEALED, **options) as browser:
        browser.run(put(user="ada"))
        for _ in range(days // 10):
            browser.advance(days=10)
            assert browser.run(look).text == repr(({"user": "ada"}, None))
        browser.advance(days=10)
        assert eval(browser.run(look).text)[1] == (None if days == 1000 else "expired")


@pytest.mark.parametrize(("after", "renewed"), [(60, True), (120, False), (None, False)])
def test_when_it_is_renewed_can_be_set(after: int | None, renewed: bool) -> None:
    with site(SEALED, SHORTCRUST_RENEW_AFTER=after) as browser:
        browser.run(put(user="ada"))
        browser.advance(seconds=100)
        assert bool(browser.run(show).cookies) == renewed


def until(**span: float) -> Callable[[HttpRequest], None]:
    return lambda request: request.session.set_expiry(timezone.now() + dt.timedelta(**span))


@pytest.mark.parametrize("use_tz", [True, False])
@pytest.mark.parametrize(
    ("expiry", "seconds"),
    [
        (call("set_expiry", 300), 300),
        (call("set_expiry", 365 * DAY), 365 * DAY),
        (call("set_expiry", 0), 14 * DAY),
        (call("set_expiry", dt.timedelta(hours=1)), 3600),
        (until(hours=2), 7200),
        (until(days=60), 60 * DAY),
    ],
)
def test_an_expiry_of_its_own_is_enforced(expiry: Any, seconds: int, use_tz: bool) -> None:
    options: dict[str, Any] = {"SHORTCRUST_ABSOLUTE": None, "USE_TZ": use_tz}
    with site(SEALED, **options) as browser:
        browser.run(expiry)
        browser.run(put(user="ada"))
        kept = dict(browser.jar)
        browser.advance(seconds=seconds)
        assert eval(browser.run(look).text)[1] is None
        browser.advance(seconds=1)
        browser.jar = dict(kept)
        assert eval(browser.run(look).text)[1] == "expired"


@pytest.mark.parametrize("expiry", ["tomorrow", [1], {}, 1e400, -1])
def test_a_strange_expiry_is_an_empty_session(expiry: Any) -> None:
    with site(SEALED, SESSION_EXPIRE_AT_BROWSER_CLOSE=True) as browser:
        store = SessionStore()
        store["_session_expiry"] = expiry
        store["user"] = "ada"
        try:
            store.save()
        except ValueError:
            # NaN and infinities are no JSON.
            return
        assert browser.run(look, f"sessionid={store.session_key}").status == 200


def born(browser: Browser) -> int:
    """When the session in the browser's cookie began, in days: found by asking when it ends."""
    jar, days = dict(browser.jar), 0
    while eval(browser.run(look).text)[1] is None:
        browser.jar = dict(jar)
        browser.advance(days=1)
        days += 1
    return days


@pytest.mark.parametrize(
    ("handler", "days"),
    [
        (put(seen=True), 11),
        (cycle, 11),
        (put(_auth_user_id="7"), 16),
        (begin_anew, 16),
    ],
)
def test_only_a_login_begins_the_session_anew(handler: Any, days: int) -> None:
    options: dict[str, Any] = {"SESSION_COOKIE_AGE": 99 * DAY, "SHORTCRUST_RENEW_AFTER": None}
    with site(SEALED, SHORTCRUST_ABSOLUTE=15 * DAY, **options) as browser:
        browser.run(put(seen=False))
        browser.advance(days=5)
        browser.run(handler)
        assert born(browser) == days
