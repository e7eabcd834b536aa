"""Saves in transactions that are rolled back, and a database that is busy."""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, OperationalError, connection, transaction
from django.http import Http404, HttpRequest
from django_site import ASYNC, OURS, Browser, Session, loaded, made, site
from shortcrust.django import _waiting


@pytest.fixture(params=["db", "cached_db"])
def name(request: pytest.FixtureRequest) -> str:
    return OURS + str(request.param)


@pytest.fixture
def browser(name: str) -> Iterator[Browser]:
    with site(name) as browser:
        yield browser


@pytest.fixture
def engine(name: str, browser: Browser) -> Any:
    return importlib.import_module(name).SessionStore


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_waiting, "pause", lambda tried: None)


def fails_after(*steps: Any) -> None:
    """A transaction that does the steps and is rolled back."""
    with suppress(ZeroDivisionError), transaction.atomic():
        for step in steps:
            step()
        raise ZeroDivisionError


def test_what_a_transaction_saved_that_was_rolled_back_is_saved_later(engine: Any) -> None:
    key = made(engine, n=0)
    store = loaded(engine, key)
    store["begun"] = True
    fails_after(store.save)
    store.save()
    assert dict(engine(key).items()) == {"n": 0, "begun": True}


def test_a_savepoint_that_is_rolled_back_takes_back_only_what_it_saved(engine: Any) -> None:
    key = made(engine, n=0)
    store = loaded(engine, key)
    with transaction.atomic():
        store["outer"] = 1
        store.save()

        def inner() -> None:
            store["inner"] = 1
            store.save()

        fails_after(inner)
        del store["outer"]
        store.save()
    assert dict(engine(key).items()) == {"n": 0, "inner": 1}


def test_what_one_transaction_saved_and_removed_again_is_not_there(engine: Any) -> None:
    key = made(engine, n=0)
    store = loaded(engine, key)
    with transaction.atomic():
        store["passing"] = 1
        store.save()
        del store["passing"]
        store.save()
    assert dict(engine(key).items()) == {"n": 0}


def test_a_nested_change_is_due_again_after_the_rollback(engine: Any) -> None:
    store = loaded(engine, made(engine, cart=[1]))
    store["cart"].append(2)

    def save() -> None:
        store.save()
        assert not store.modified

    fails_after(save)
    assert store.modified


def test_another_requests_write_outlives_the_rolled_back_save(engine: Any) -> None:
    key = made(engine, n=0)
    one, other = loaded(engine, key), loaded(engine, key)
    one["mine"] = 1
    fails_after(one.save)
    other["theirs"] = 1
    other.save()
    one.save()
    assert dict(engine(key).items()) == {"n": 0, "mine": 1, "theirs": 1}


def test_a_counter_of_failed_attempts_counts_under_atomic_requests(browser: Browser) -> None:
    browser.run(lambda request: request.session.update({"there": 1}))

    def attempt(request: HttpRequest) -> None:
        request.session["attempts"] = request.session.get("attempts", 0) + 1
        request.session.save()
        raise Http404

    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        for _ in range(3):
            assert browser.run(attempt).status == 404
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert browser.run(lambda request: request.session["attempts"]).text == "3"


def test_a_rotation_that_is_rolled_back_leaves_the_old_row(engine: Any) -> None:
    key = made(engine, n=0)
    fails_after(loaded(engine, key).cycle_key)
    assert dict(engine(key).items()) == {"n": 0}
    assert Session.objects.count() == 1


def test_a_new_key_carries_what_another_request_wrote(engine: Any) -> None:
    key = made(engine, n=0)
    one, other = loaded(engine, key), loaded(engine, key)
    other["theirs"] = 1
    other.save()
    one["mine"] = 1
    one.cycle_key()
    one.save()
    assert dict(engine(one.session_key).items()) == {"n": 0, "mine": 1, "theirs": 1}
    assert not engine(None).exists(key)


def test_a_new_key_for_a_user_whose_session_has_ended_is_refused(browser: Browser) -> None:
    browser.run(lambda request: request.session.update({"_auth_user_id": "1"}))

    def overtaken(request: HttpRequest) -> None:
        request.session.items()
        type(request.session)(request.session.session_key).flush()
        request.session.cycle_key()

    # As Django answers where a session was deleted meanwhile.
    assert browser.run(overtaken).status == 400
    assert not Session.objects.exists()


def test_a_login_whose_session_has_ended_begins_with_nothing_of_it(engine: Any) -> None:
    key = made(engine, cart=[1])
    store = loaded(engine, key)
    engine(key).delete()
    store["chosen"] = "here"
    store.cycle_key()
    store["_auth_user_id"] = "1"
    store.save()
    assert dict(engine(store.session_key).items()) == {"chosen": "here", "_auth_user_id": "1"}


@ASYNC
def test_the_async_twin_carries_too(engine: Any) -> None:
    key = made(engine, n=0)

    async def rotate() -> str:
        one, other = engine(key), engine(key)
        await one.aget("n")
        await other.aset("theirs", 1)
        await other.asave()
        await one.acycle_key()
        await one.asave()
        return str(one.session_key)

    assert dict(engine(asyncio.run(rotate())).items()) == {"n": 0, "theirs": 1}


def busy() -> OperationalError:
    """What Django raises over sqlite3's error."""
    cause = sqlite3.OperationalError("database is locked")
    error = OperationalError(*cause.args)
    error.__cause__ = cause
    return error


def failing(engine: Any, monkeypatch: pytest.MonkeyPatch, errors: list[DatabaseError]) -> None:
    plain = engine._update

    def update(*arguments: Any, **options: Any) -> bool:
        if errors:
            raise errors.pop()
        return bool(plain(*arguments, **options))

    monkeypatch.setattr(engine, "_update", update)


def test_a_busy_database_is_asked_again(
    engine: Any, monkeypatch: pytest.MonkeyPatch, no_pauses: None
) -> None:
    key = made(engine, n=0)
    store = loaded(engine, key)
    failing(engine, monkeypatch, [busy() for _ in range(15)])
    store["n"] = 1
    store.save()
    assert engine(key)["n"] == 1


def test_a_database_that_stays_busy_is_no_session_that_ended(
    engine: Any, monkeypatch: pytest.MonkeyPatch, no_pauses: None
) -> None:
    store = loaded(engine, made(engine, n=0))
    failing(engine, monkeypatch, [busy() for _ in range(99)])
    store["n"] = 1
    with pytest.raises(OperationalError):
        store.save()
    with transaction.atomic(), pytest.raises(OperationalError):
        # In a transaction of the caller's once: only the caller can begin it again.
        store.save()


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (sqlite3.OperationalError("no such table: django_session"), False),
        (Exception(1213, "Deadlock found"), True),
        (Exception(1205, "Lock wait timeout exceeded"), True),
        (Exception(1146, "Table doesn't exist"), False),
        (type("Serialization", (Exception,), {"sqlstate": "40001"})(), True),
        (type("Deadlock", (Exception,), {"pgcode": "40P01"})(), True),
        (type("Gone", (Exception,), {"sqlstate": "57P01"})(), False),
    ],
)
def test_only_another_transaction_in_the_way_is_waited_for(
    cause: Exception, expected: bool
) -> None:
    error = OperationalError("text")
    error.__cause__ = cause
    assert _waiting.is_busy(error) is expected


def cached_engine() -> Any:
    return importlib.import_module(OURS + "cached_db").SessionStore


def test_a_slow_reader_does_not_bring_a_session_back_after_a_logout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with site(OURS + "cached_db"):
        engine = cached_engine()
        key = made(engine, n=0)
        cache.clear()
        plain = engine._fill

        def slow(store: Any, row: Any) -> Any:
            engine(key).flush()
            return plain(store, row)

        monkeypatch.setattr(engine, "_fill", slow)
        engine(key).items()
        monkeypatch.undo()
        assert engine(key).reason == "not_found"
        assert cache.get(engine.cache_key_prefix + key) is None


def test_a_slow_reader_does_not_bring_an_old_value_back_after_a_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with site(OURS + "cached_db"):
        engine = cached_engine()
        key = made(engine, n=0)
        cache.clear()
        plain = engine._fill

        def slow(store: Any, row: Any) -> Any:
            monkeypatch.undo()
            other = loaded(engine, key)
            other["n"] = 1
            other.save()
            return plain(store, row)

        monkeypatch.setattr(engine, "_fill", slow)
        engine(key).items()
        assert engine(key)["n"] == 1


def test_a_reader_before_the_commit_does_not_leave_the_old_value_in_the_cache() -> None:
    with site(OURS + "cached_db"):
        engine = cached_engine()
        key = made(engine, n=0)
        store = loaded(engine, key)
        store["n"] = 1
        with transaction.atomic():
            store.save()
            cache.set(engine.cache_key_prefix + key, {"n": 0})
        assert engine(key)["n"] == 1


def test_after_a_while_what_was_read_is_in_the_cache_again() -> None:
    with site(OURS + "cached_db") as browser:
        engine = cached_engine()
        key = made(engine, n=0)
        store = loaded(engine, key)
        store["n"] = 1
        store.save()
        engine(key).items()
        assert cache.get(engine.cache_key_prefix + key) is None
        browser.advance(seconds=60)
        engine(key).items()
        assert cache.get(engine.cache_key_prefix + key) == {"n": 1}


def test_a_cache_that_fails_does_not_keep_the_row_from_being_deleted() -> None:
    with site(OURS + "cached_db"):
        engine = cached_engine()
        key = made(engine, n=0)
        store = loaded(engine, key)

        class Broken:
            def set(self, *arguments: object) -> None:
                raise ConnectionError

        store._cache = Broken()
        # As with Django's, whoever logs out is told that the cache may still have it.
        with pytest.raises(ConnectionError):
            store.delete()
        assert not Session.objects.exists()
