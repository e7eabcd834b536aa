"""Two requests that change one row: no write is lost."""

from __future__ import annotations

import ast
import asyncio
import importlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_site import ASYNC, OURS, STOCK, Session, loaded, made, site

Store = Any


@pytest.fixture(params=["db", "cached_db"])
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    with site(OURS + request.param):
        yield importlib.import_module(OURS + request.param).SessionStore


def stock(engine: Any, key: str) -> dict[str, Any]:
    """What Django's own engine reads, without its cache."""
    cache.clear()
    name = engine.__module__.removeprefix(OURS)
    return dict(importlib.import_module(STOCK + name).SessionStore(key).items())


def test_changes_of_different_keys_are_joined(engine: Any) -> None:
    key = made(engine, cart={"tea": 1})
    one, other = loaded(engine, key), loaded(engine, key)
    one["a"] = 1
    other["cart"]["cake"] = 2
    one.save()
    other.save()
    assert stock(engine, key) == {"a": 1, "cart": {"tea": 1, "cake": 2}}
    assert dict(engine(key).items()) == {"a": 1, "cart": {"tea": 1, "cake": 2}}
    assert other.conflicts == 1


def test_a_second_save_keeps_what_the_first_was_joined_with(engine: Any) -> None:
    key = made(engine, n=0)
    one, other = loaded(engine, key), loaded(engine, key)
    one["theirs"] = 1
    one.save()
    for n in (1, 2):
        other["mine"] = n
        other.save()
    assert stock(engine, key) == {"n": 0, "theirs": 1, "mine": 2}


@pytest.mark.parametrize("name", ["db", "cached_db", "cache"])
def test_numbers_that_are_named_are_added_up(name: str) -> None:
    rules = {"visits": "add", "cart.weight": "add"}
    with site(OURS + name, SHORTCRUST_MERGE=rules):
        engine = importlib.import_module(OURS + name).SessionStore
        key = made(engine, visits=5, price=5, cart={"weight": 0.5})
        one, other = loaded(engine, key), loaded(engine, key)
        for store, difference in ((one, 1), (other, 3)):
            store["visits"] += difference
            store["price"] += difference
            store["cart"]["weight"] += difference
            store.save()
        assert dict(engine(key).items()) == {"visits": 9, "price": 8, "cart": {"weight": 4.5}}


@ASYNC
def test_the_async_methods_join_too(engine: Any) -> None:
    key = made(engine, n=0)

    async def overlap() -> None:
        one, other = engine(key), engine(key)
        await one.aset("a", 1)
        await other.aset("b", 2)
        await one.asave()
        await other.asave()

    asyncio.run(overlap())
    assert stock(engine, key) == {"n": 0, "a": 1, "b": 2}


def test_a_deletion_beats_a_change_and_the_later_change_wins(engine: Any) -> None:
    key = made(engine, gone=1, both=1)
    one, other = loaded(engine, key), loaded(engine, key)
    one["gone"], one["both"] = 2, 2
    del other["gone"]
    other["both"] = 3
    one.save()
    other.save()
    assert stock(engine, key) == {"both": 3}


def test_a_row_that_is_gone_is_not_made_again(engine: Any) -> None:
    key = made(engine, n=0)
    store = loaded(engine, key)
    engine(key).delete()
    store["n"] = 1
    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.exists()


def test_a_row_that_goes_while_it_is_joined_is_not_made_again(engine: Any) -> None:
    key = made(engine, n=0)
    store = loaded(engine, key)
    other = loaded(engine, key)
    other["n"] = 2
    other.save()
    other.delete()
    store["m"] = 1
    with pytest.raises(UpdateError):
        store.save()


def test_nothing_is_joined_over_a_change_of_user(engine: Any) -> None:
    key = made(engine, _auth_user_id="1")
    elevated, switched = loaded(engine, key), loaded(engine, key)
    switched["_auth_user_id"] = "2"
    switched.save()
    elevated["sudo"] = True
    elevated.save()
    assert stock(engine, key) == {"_auth_user_id": "2"}
    assert elevated.reason == "identity"


def test_the_change_of_user_wins_whole(engine: Any) -> None:
    key = made(engine, _auth_user_id="1")
    elevated, switched = loaded(engine, key), loaded(engine, key)
    elevated["sudo"] = True
    elevated.save()
    switched["_auth_user_id"] = "2"
    switched.save()
    assert stock(engine, key) == {"_auth_user_id": "2"}


def test_without_overlap_a_save_is_one_statement() -> None:
    with site(OURS + "db"):
        engine = importlib.import_module(OURS + "db").SessionStore
        store = loaded(engine, made(engine, n=0))
        store["n"] = 1
        with CaptureQueriesContext(connection) as queries:
            store.save()
        statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
        assert [text.split()[0] for text in statements if text not in ("BEGIN", "COMMIT")] == [
            "UPDATE"
        ]


def test_a_replace_and_a_join_write_every_column_of_a_model_of_your_own(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = made(engine, n=0)
    one, other = loaded(engine, key), loaded(engine, key)
    far = timezone.now() + timedelta(days=99)
    monkeypatch.setattr(engine, "get_expiry_date", lambda self: far)
    for at, store in enumerate((one, other)):
        Session.objects.update(expire_date=timezone.now() + timedelta(days=1))
        store[f"k{at}"] = at
        store.save()
        assert Session.objects.get().expire_date == far


def test_a_database_that_fails_is_an_update_error_as_with_django(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = loaded(engine, made(engine, n=0))

    def fail(*arguments: object, **options: object) -> bool:
        raise DatabaseError

    monkeypatch.setattr(engine, "_update", fail)
    with pytest.raises(UpdateError):
        store.save()


def test_what_another_serializer_writes_is_not_joined_and_the_last_wins(engine: Any) -> None:
    class Odd:
        def dumps(self, data: object) -> bytes:
            return repr(data).encode()

        def loads(self, data: bytes) -> Any:
            return ast.literal_eval(data.decode())

    store, other = engine(), engine()
    store.serializer = Odd
    store["n"] = {1}
    store.save()
    one, other = engine(store.session_key), engine(store.session_key)
    one.serializer = other.serializer = Odd
    one["a"], other["b"] = 1, 2
    one.save()
    other.save()
    last = engine(store.session_key)
    last.serializer = Odd
    assert dict(last.items()) == {"n": {1}, "b": 2}


def test_clearsessions_takes_at_most_1000_rows_in_a_statement(engine: Any) -> None:
    past, future = timezone.now() - timedelta(1), timezone.now() + timedelta(1)
    rows = [
        Session(session_key=f"{n:032}", session_data="", expire_date=past) for n in range(2_500)
    ]
    Session.objects.bulk_create(
        [*rows, Session(session_key="live", session_data="", expire_date=future)]
    )
    with CaptureQueriesContext(connection) as queries:
        call_command("clearsessions")
    deletions = [query["sql"] for query in queries if query["sql"].startswith("DELETE")]
    assert len(deletions) >= 3
    assert [row.session_key for row in Session.objects.all()] == ["live"]
