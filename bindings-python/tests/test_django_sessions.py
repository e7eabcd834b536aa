"""One suite for Django's engines and ours: what a browser sees must be the same, byte for byte."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from conftest import SECRET
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache
from django.core.management import call_command
from django.http import HttpRequest
from django.test import override_settings
from django_handlers import (
    CART,
    LONG,
    OPTIONS,
    SCRIPTS,
    put,
    run,
    show,
    transcript,
)
from django_site import (
    ASYNC,
    ENGINES,
    FILES,
    OUR_MIDDLEWARE,
    OURS,
    STOCK,
    Session,
    site,
)
from hypothesis import given
from test_django_signing import documents, texts

Store = Any
EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)
STORED = pytest.mark.parametrize("engine", ["db", "cached_db", "file"])


@EVERY_ENGINE
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_browser_sees_the_same(engine: str, script: str, options: str) -> None:
    expected = transcript(STOCK + engine, SCRIPTS[script], OPTIONS[options])
    assert transcript(OURS + engine, SCRIPTS[script], OPTIONS[options]) == expected


@EVERY_ENGINE
@pytest.mark.parametrize("script", SCRIPTS)
def test_our_middleware_adds_cache_control_and_completes_deletions(
    engine: str, script: str
) -> None:
    expected = transcript(STOCK + engine, SCRIPTS[script], {})
    found = transcript(OURS + engine, SCRIPTS[script], {}, OUR_MIDDLEWARE)
    for answer in expected:
        if answer.cookies:
            answer.headers["Cache-Control"] = "private, no-store"
        deleted = "Max-Age=0"
        answer.cookies = [c.replace(f" {deleted}", f" HttpOnly; {deleted}") for c in answer.cookies]
    assert found == expected


@EVERY_ENGINE
@pytest.mark.parametrize("prefix", [STOCK, OURS])
@pytest.mark.parametrize(("days", "shown"), [(13, "{'user': 'ada'}"), (14.1, "{}")])
def test_a_session_lives_for_the_cookies_age(
    engine: str, prefix: str, days: float, shown: str
) -> None:
    with site(prefix + engine) as browser:
        browser.run(put(user="ada"))
        # The cache's own clock stands as well, but for nothing.
        browser.advance(days=days)
        assert browser.run(show).text == shown


# What each method of SessionBase returns, or what the session holds after it.
METHODS: dict[str, tuple[Any, ...]] = {
    "get": ("user",),
    "pop": ("user", None),
    "setdefault": ("seen", [1]),
    "update": ({"user": "bob"},),
    "has_key": ("user",),
    "keys": (),
    "values": (),
    "items": (),
    "clear": (),
    "is_empty": (),
    "flush": (),
    "cycle_key": (),
    "exists": ("0" * 32,),
    "create": (),
    "save": (),
    "delete": (),
    "load": (),
    "encode": ({"a": [1, {"b": None}]},),
    "decode": ("nonsense",),
    "set_expiry": (300,),
    "get_expiry_age": (),
    "get_expiry_date": (),
    "get_expire_at_browser_close": (),
    "get_session_cookie_age": (),
    "set_test_cookie": (),
    "test_cookie_worked": (),
    "delete_test_cookie": (),
    "clear_expired": (),
    "set": ("user", "eve"),
}


def is_public(name: str) -> bool:
    return not name.startswith("_") and callable(getattr(SessionBase, name))


def test_the_table_has_every_method() -> None:
    sync = {name for name in dir(SessionBase) if is_public(name)}
    asyncs = {"a" + name for name in METHODS}
    assert sync - asyncs == {name for name in METHODS if name != "set"}
    assert {name for name in sync if name in asyncs} == {
        "a" + name for name in METHODS if hasattr(SessionBase, "a" + name)
    }


def after(result: Any, session: Store) -> list[str]:
    listed = list(result) if type(result).__name__ in ("dict_keys", "dict_values") else result
    data = vars(session).get("_session_cache")
    return [repr(listed), repr(data), repr(session.modified), repr(session.session_key)]


def trace(engine: str, name: str, is_async: bool) -> list[list[str]]:
    """The method on a session that was stored, on an empty one and on one that is strange."""
    found = []
    with site(engine):
        kind = importlib.import_module(engine).SessionStore
        stored = kind()
        stored.update({"user": "ada", "testcookie": "worked"})
        if name != "delete_test_cookie":
            # Its async twin does not mark the session, which we see where something is nested.
            stored["cart"] = {"a": [1]}
        stored.save()
        for key in (stored.session_key, None, "unknown" * 5, "short", "../../etc/passwd"):
            session = kind(key)

            async def work(session: Store = session) -> Any:
                if hasattr(session, f"a{name}"):
                    return await getattr(session, f"a{name}")(*METHODS[name])
                return getattr(session, name)(*METHODS[name])

            try:
                if is_async:
                    result = run(work)
                elif name == "set":
                    result = session.__setitem__(*METHODS[name])
                else:
                    result = getattr(session, name)(*METHODS[name])
            except Exception as error:  # noqa: BLE001 - whatever Django raises
                result = repr(error)
            found.append(after(result, session))
    return found


@EVERY_ENGINE
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    "is_async", [False, pytest.param(True, marks=ASYNC)], ids=["sync", "async"]
)
def test_every_method_does_as_djangos(engine: str, name: str, is_async: bool) -> None:
    expected = trace(STOCK + engine, name, is_async)
    assert trace(OURS + engine, name, is_async) == expected


@ASYNC
@EVERY_ENGINE
@pytest.mark.parametrize("prefix", [STOCK, OURS])
def test_a_session_is_kept_over_asgi(engine: str, prefix: str) -> None:
    async def put_in(request: HttpRequest) -> None:
        await request.session.aset("user", "ada")

    async def read(request: HttpRequest) -> Any:
        return await request.session.aget("user")

    async def visit() -> list[str]:
        return [(await browser.arun(put_in)).text, (await browser.arun(read)).text]

    with site(prefix + engine) as browser:
        assert run(visit) == ["None", "'ada'"]


@STORED
@pytest.mark.parametrize(("writer", "reader"), [(STOCK, OURS), (OURS, STOCK)])
def test_what_one_writes_the_other_reads(engine: str, writer: str, reader: str) -> None:
    with site(writer + engine) as browser:
        browser.run(put(**CART, **LONG))
        cache.clear()
        with override_settings(SESSION_ENGINE=reader + engine):
            assert eval(browser.run(show).text) == {**CART, **LONG}
            browser.run(put(seen=True))
        cache.clear()
        assert eval(browser.run(show).text) == {**CART, **LONG, "seen": True}


@given(documents, texts)
def test_random_rows_are_djangos_in_both_directions(document: Any, key: str) -> None:
    for engine in ("signed_cookies", "db"):
        stock = importlib.import_module(STOCK + engine).SessionStore()
        ours = importlib.import_module(OURS + engine).SessionStore()
        data = {key: document, "n": 1}
        with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[SECRET]):
            try:
                row = stock.encode(data)
            except UnicodeEncodeError:
                continue
            assert ours.encode(data).split(":")[0] == row.split(":")[0]
            assert repr(ours.decode(row)) == repr(stock.decode(row))
            assert repr(stock.decode(ours.encode(data))) == repr(stock.decode(row))


def test_the_model_decodes_our_rows() -> None:
    with site(OURS + "db") as browser:
        browser.run(put(user="ada"))
        assert Session.objects.get().get_decoded() == {"user": "ada"}


@STORED
@pytest.mark.parametrize("prefix", [STOCK, OURS])
def test_clearsessions_removes_what_has_expired(engine: str, prefix: str) -> None:
    with site(prefix + engine) as browser:
        browser.run(put(user="ada"))
        browser.jar.clear()
        browser.advance(days=13)
        browser.run(put(user="bob"))
        browser.advance(days=2)
        call_command("clearsessions")
        left = len(list(FILES.iterdir())) if engine == "file" else Session.objects.count()
        assert left == 1
        assert browser.run(show).text == "{'user': 'bob'}"


@pytest.mark.parametrize("prefix", [STOCK, OURS])
def test_clearsessions_has_nothing_to_do_for_cookies(prefix: str) -> None:
    with site(prefix + "signed_cookies"):
        call_command("clearsessions")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_client_that_is_logged_in_stays_so_through_the_swap_and_back(engine: str) -> None:
    with site(STOCK + engine) as browser:
        browser.run(put(user="ada"))
        for prefix in (OURS, STOCK):
            with override_settings(SESSION_ENGINE=prefix + engine):
                assert browser.run(show).text == "{'user': 'ada'}"


@EVERY_ENGINE
@pytest.mark.parametrize("prefix", [STOCK, OURS])
def test_a_rotated_secret_opens_old_sessions(engine: str, prefix: str) -> None:
    with site(prefix + engine) as browser:
        browser.run(put(user="ada"))
        cache.clear()
        with override_settings(SECRET_KEY="a new secret", SECRET_KEY_FALLBACKS=["other", SECRET]):
            assert browser.run(show).text == "{'user': 'ada'}"
        with override_settings(SECRET_KEY="a new secret"):
            cache.clear()
            assert browser.run(show).text == "{}"
