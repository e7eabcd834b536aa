"""What differs from Django's engines, each with Django's own failing it."""

from __future__ import annotations

import copy
import importlib
import json
import logging
import zlib
from decimal import Decimal
from typing import Any

import pytest
from conftest import SECRET
from django.core import signing as stock_signing
from django.core.cache import cache
from django.http import HttpRequest
from django.test import override_settings
from django_handlers import call, leave, put, show
from django_site import ENGINES, FILES, OURS, STOCK, Handler, Session, site
from shortcrust import ConfigError, TooLarge, _core, reason

EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)
STORED = pytest.mark.parametrize("engine", ["db", "cached_db", "file"])
COOKIE_SALT = "django.contrib.sessions.backends.signed_cookies"
ROW_SALT = "django.contrib.sessions.SessionStore"


def add_to_cart(request: HttpRequest) -> None:
    request.session["cart"]["7"]["quantity"] += 1


def show_cart(request: HttpRequest) -> str:
    """As the best-selling tutorial's: it puts what no JSON knows into a shallow copy."""
    cart = request.session["cart"].copy()
    for item in cart.values():
        item["price"] = Decimal(item["price"])
        item["product"] = object()
    return str(sum(item["price"] * item["quantity"] for item in cart.values()))


CART = put(cart={"7": {"quantity": 1, "price": "9.99"}})


@EVERY_ENGINE
@pytest.mark.parametrize(("prefix", "quantity"), [(STOCK, 1), (OURS, 2)])
def test_a_nested_change_is_saved(engine: str, prefix: str, quantity: int) -> None:
    with site(prefix + engine) as browser:
        browser.run(CART)
        browser.run(add_to_cart)
        cart = eval(browser.run(show).text)["cart"]
        assert cart == {"7": {"quantity": quantity, "price": "9.99"}}


@EVERY_ENGINE
@pytest.mark.parametrize("prefix", [STOCK, OURS])
def test_a_view_that_reads_saves_nothing(engine: str, prefix: str) -> None:
    with site(prefix + engine) as browser:
        browser.run(CART)
        for _ in range(2):
            answer = browser.run(lambda request: copy.deepcopy(request.session["cart"]))
            assert (answer.status, answer.cookies) == (200, [])
            answer = browser.run(show_cart)
            assert (answer.status, answer.text, answer.cookies) == (200, "'9.99'", [])


@EVERY_ENGINE
@pytest.mark.parametrize("prefix", [STOCK, OURS])
def test_what_can_not_be_written_raises_where_the_session_was_changed(
    engine: str, prefix: str
) -> None:
    with site(prefix + engine) as browser:
        browser.run(CART)
        assert browser.run(put(price=Decimal("9.99"))).status == 500
        assert browser.run(show).text == "{'cart': {'7': {'quantity': 1, 'price': '9.99'}}}"


@EVERY_ENGINE
def test_marking_as_unchanged_takes_what_is_there_for_granted(engine: str) -> None:
    def set_back(request: HttpRequest) -> None:
        add_to_cart(request)
        request.session.modified = False

    def set_back_and_add(request: HttpRequest) -> None:
        set_back(request)
        add_to_cart(request)

    with site(OURS + engine) as browser:
        browser.run(CART)
        assert browser.run(set_back).cookies == []
        assert browser.run(set_back_and_add).cookies != []
        assert eval(browser.run(show).text)["cart"]["7"]["quantity"] == 3


@EVERY_ENGINE
def test_asking_for_modified_loads_nothing(engine: str) -> None:
    with site(OURS + engine) as browser:
        browser.run(CART)
        answer = browser.run(
            lambda r: (r.session.modified, r.session.accessed, "_session_cache" in vars(r.session))
        )
        assert answer.text == "(False, False, False)"
        assert "Vary" not in answer.headers


@EVERY_ENGINE
def test_a_serializer_of_ones_own_is_tracked_too(engine: str) -> None:
    with site(OURS + engine, SESSION_SERIALIZER="test_django_differences.Spaced") as browser:
        browser.run(CART)
        browser.run(add_to_cart)
        assert browser.run(show_cart).cookies == []
        assert eval(browser.run(show).text)["cart"]["7"]["quantity"] == 2


class Spaced:
    """JSON of another spelling."""

    def dumps(self, obj: Any) -> bytes:
        return json.dumps(obj, indent=1).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


def signed(payload: bytes, salt: str, compress: bool = False) -> str:
    body = stock_signing.b64_encode(zlib.compress(payload) if compress else payload).decode()
    return stock_signing.TimestampSigner(salt=salt).sign(("." if compress else "") + body)


def deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


STRANGE: dict[str, tuple[bytes, bool, str]] = {
    "list": (b"[1]", False, "not_an_object"),
    "text": (b'"text"', False, "not_an_object"),
    "null": (b"null", False, "not_an_object"),
    "number": (b"7", True, "not_an_object"),
    "no JSON": (b"{", False, "malformed"),
    "bad zlib": (b".", False, "malformed"),
    "a long int": (b'{"a":' + b"1" * 5000 + b"}", True, "malformed"),
    "a bomb": (b'{"a":"' + b"a" * (_core.MAX_RECORD + 1) + b'"}', True, "too_large"),
    "an expiry after the calendar": (b'{"_session_expiry":1000000000000000}', False, "malformed"),
    "an expiry of infinity": (b'{"_session_expiry":Infinity}', False, "malformed"),
    "an expiry that is no time": (b'{"_session_expiry":"soon"}', True, "malformed"),
    "an expiry that is a list": (b'{"_session_expiry":[1]}', False, "malformed"),
    "an expiry without a zone": (
        b'{"_session_expiry":"2026-01-03T00:00:00"}',
        False,
        "malformed",
    ),
    "deep": (deep(201), False, "too_large"),
    "deeper than Python": (deep(100_000), True, "too_large"),
}


def strange_token(name: str, salt: str) -> str:
    payload, compress, _ = STRANGE[name]
    if name == "bad zlib":
        return stock_signing.TimestampSigner(salt=salt).sign(".e30")
    return signed(payload, salt, compress)


def look(request: HttpRequest) -> tuple[Any, str | None]:
    return dict(request.session.items()), reason(request)


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_cookie_is_an_empty_session_with_a_reason(name: str) -> None:
    with site(OURS + "signed_cookies") as browser:
        header = f"sessionid={strange_token(name, COOKIE_SALT)}"
        answer = browser.run(look, header)
        assert (answer.status, answer.text) == (200, repr(({}, STRANGE[name][2])))


@pytest.mark.parametrize("name", ["list", "text", "null", "number"])
def test_djangos_engine_fails_at_a_signed_value_that_is_no_object(name: str) -> None:
    with site(STOCK + "signed_cookies") as browser:
        header = f"sessionid={strange_token(name, COOKIE_SALT)}"
        assert browser.run(show, header).status == 500


@STORED
@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_row_is_an_empty_session_with_a_reason(engine: str, name: str) -> None:
    with site(OURS + engine) as browser:
        browser.run(put(user="ada"))
        cache.clear()
        token = strange_token(name, ROW_SALT)
        Session.objects.update(session_data=token)
        for file in FILES.iterdir():
            file.write_text(token)
        answer = browser.run(look)
        assert (answer.status, answer.text) == (200, repr(({}, STRANGE[name][2])))
        assert browser.run(put(user="bob")).status == 200
        assert browser.run(show).text == "{'user': 'bob'}"


@pytest.mark.parametrize(("prefix", "status"), [(STOCK, 500), (OURS, 200)])
def test_a_file_of_other_bytes_is_an_empty_session(prefix: str, status: int) -> None:
    with site(prefix + "file") as browser:
        browser.run(put(user="ada"))
        for file in FILES.iterdir():
            file.write_bytes(b"\xff\xfe")
        assert browser.run(show).status == status


def test_a_cached_value_that_is_no_object_is_an_empty_session() -> None:
    with site(OURS + "cached_db") as browser:
        browser.run(put(user="ada"))
        cache.set(f"django.contrib.sessions.cached_db{browser.jar['sessionid']}", ["no", "object"])
        assert browser.run(look).text == repr(({}, "not_an_object"))


@EVERY_ENGINE
@pytest.mark.parametrize("prefix", [STOCK, OURS])
@pytest.mark.parametrize(
    "value",
    ["x", "a" * 20, "null", "e30:1:x", ":::", '"', '"\\000aaaaaaaa"', "é" * 9, "../" * 9, "%" * 9],
)
def test_any_value_of_the_cookie_is_a_200_as_in_django(
    engine: str, prefix: str, value: str
) -> None:
    with site(prefix + engine) as browser:
        header = f"sessionid={value}".encode().decode("latin-1")
        answer = browser.run(show, header)
        assert (answer.status, answer.text) == (200, "{}")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "no_cookie"),
        ("", "no_cookie"),
        ("short", "malformed"),
        ("a" * 32, "malformed"),
        ("a" * 20_000, "too_large"),
        ("e30:1vbVSP:" + "A" * 43, "bad_signature"),
    ],
)
def test_a_refused_cookie_has_a_reason(value: str | None, code: str) -> None:
    with site(OURS + "signed_cookies") as browser:
        answer = browser.run(look, "" if value is None else f"sessionid={value}")
        assert answer.text == repr(({}, code))


def test_an_expired_cookie_has_a_reason_and_a_good_one_none() -> None:
    with site(OURS + "signed_cookies") as browser:
        browser.run(put(user="ada"))
        assert browser.run(look).text == repr(({"user": "ada"}, None))
        browser.advance(days=15)
        assert browser.run(look).text == repr(({}, "expired"))


@STORED
def test_a_session_that_is_not_in_the_store_has_a_reason(engine: str) -> None:
    with site(OURS + engine) as browser:
        assert browser.run(look, f"sessionid={'a' * 32}").text == repr(({}, "not_found"))
        browser.run(put(user="ada"))
        assert browser.run(look).text == repr(({"user": "ada"}, None))
        cache.clear()
        browser.advance(days=15)
        expected = "expired" if engine == "file" else "not_found"
        assert browser.run(look).text == repr(({}, expected))


def test_a_request_without_a_session_or_of_another_engine_has_no_cookie() -> None:
    assert reason(HttpRequest()) == "no_cookie"
    with site(STOCK + "db") as browser:
        assert browser.run(reason).text == "'no_cookie'"


@EVERY_ENGINE
@pytest.mark.parametrize("fallbacks", ["an old secret", b"an old secret"])
@pytest.mark.parametrize(
    "serializer", ["django.contrib.sessions.serializers.JSONSerializer", f"{__name__}.Spaced"]
)
def test_fallbacks_as_a_string_are_refused(engine: str, fallbacks: Any, serializer: str) -> None:
    with site(OURS + engine, SESSION_SERIALIZER=serializer):
        store = importlib.import_module(OURS + engine).SessionStore
        token = stock_signing.TimestampSigner(key="o", salt=COOKIE_SALT).sign("e30")
        with override_settings(SECRET_KEY_FALLBACKS=fallbacks):
            with pytest.raises(ConfigError, match="SECRET_KEY_FALLBACKS must be a list"):
                store().encode({})
            with pytest.raises(ConfigError, match="SECRET_KEY_FALLBACKS must be a list"):
                store().decode(token)
            if engine == "signed_cookies":
                with pytest.raises(ConfigError, match="SECRET_KEY_FALLBACKS must be a list"):
                    store(token).load()


def test_djangos_engine_takes_a_letter_of_such_a_string_for_a_key() -> None:
    with site(STOCK + "signed_cookies", SECRET_KEY_FALLBACKS="an old secret") as browser:
        token = stock_signing.TimestampSigner(key="o", salt=COOKIE_SALT).sign("eyJhIjoxfQ")
        assert browser.run(show, f"sessionid={token}").text == "{'a': 1}"


@EVERY_ENGINE
def test_more_secrets_than_the_core_tries_are_left_to_django(engine: str) -> None:
    with site(OURS + engine) as browser:
        browser.run(put(user="ada"))
        cache.clear()
        many = [f"secret number {n}" for n in range(20)]
        with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[*many, SECRET]):
            assert browser.run(look).text == repr(({"user": "ada"}, None))
            browser.run(put(n=1))
        with override_settings(SECRET_KEY="new"):
            cache.clear()
            assert browser.run(show).text == "{'user': 'ada', 'n': 1}"
            assert browser.run(look, "sessionid=e30:1:x").status == 200


@EVERY_ENGINE
@pytest.mark.parametrize("nested", [201, 500])
def test_what_could_not_be_read_again_is_not_written(engine: str, nested: int) -> None:
    store = importlib.import_module(OURS + engine).SessionStore()
    data: dict[str, Any] = json.loads(deep(nested))
    with pytest.raises(TooLarge, match="200 levels"):
        store.encode(data)
    assert store.decode(store.encode(json.loads(deep(200)))) == json.loads(deep(200))


def test_a_cookie_that_inflates_beyond_the_cap_is_not_written() -> None:
    with site(OURS + "signed_cookies") as browser:
        browser.run(put(user="ada"))
        assert browser.run(put(text="a" * _core.MAX_PAYLOAD)).status == 500
        assert browser.run(show).text == "{'user': 'ada'}"


@pytest.mark.parametrize("prefix", [STOCK, OURS])
@pytest.mark.parametrize("data", ["nonsense", "e30:1:x", "e30:x", None, 5, ""])
def test_a_corrupted_row_is_logged_as_by_django(
    prefix: str, data: Any, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("django")
    logger.addHandler(caplog.handler)
    try:
        assert importlib.import_module(prefix + "db").SessionStore().decode(data) == {}
    finally:
        logger.removeHandler(caplog.handler)
    is_text = isinstance(data, str)
    assert [record.getMessage() for record in caplog.records] == [
        "Session data corrupted"
    ] * is_text


HANDLERS: list[Handler] = [leave, show, put(a=1), call("flush"), call("cycle_key"), call("save")]


@EVERY_ENGINE
@pytest.mark.parametrize("at", range(len(HANDLERS)))
def test_what_is_done_after_a_strange_cookie_has_djangos_status_or_a_better_one(
    engine: str, at: int
) -> None:
    for value in ("short", "a" * 32, signed(b"[1]", COOKIE_SALT)):
        statuses = []
        for prefix in (STOCK, OURS):
            with site(prefix + engine) as browser:
                browser.jar["sessionid"] = value
                statuses.append([browser.run(HANDLERS[at]).status, browser.run(show).status])
        assert statuses[1] in (statuses[0], [200, 200])
