"""What goes to the servers: counted there, or where the statements leave."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import every_store
import pytest
import sqlalchemy
from every_store import unique
from shortcrust.stores import Entry, RedisStore, SQLAlchemyStore, SQLiteStore
from simulated_fronts import FlaskSimulation

Watched = tuple[Any, Callable[[], list[str]]]


@contextmanager
def watched_redis(_: Path) -> Iterator[Watched]:
    """What Redis says that its clients sent; what scripts do by themselves is none of it."""
    with (
        every_store.redis_client() as client,
        every_store.redis_client() as watching,
        watching.monitor() as monitor,
    ):

        def seen() -> list[str]:
            mark = unique("mark")
            client.echo(mark)
            found = []
            while mark not in (line := monitor.next_command())["command"]:
                if line["client_type"] != "lua":
                    found.append(line["command"].split(" ")[0])
            return found

        store = RedisStore(client)
        store.revoke("nobody")
        seen()
        yield store, seen


@contextmanager
def watched_postgres(_: Path) -> Iterator[Watched]:
    sent: list[str] = []

    def note(connection: Any, __: Any, statement: str, *___: Any) -> None:
        # So that no BEGIN and no COMMIT are sent besides.
        assert connection.connection.dbapi_connection.autocommit
        sent.append(statement.split(" ", 1)[0])

    with every_store.postgres_engine() as engine:
        store = SQLAlchemyStore(engine)
        store.create_tables()
        sqlalchemy.event.listen(engine, "before_cursor_execute", note)
        yield store, lambda: taken(sent)


@contextmanager
def watched_sqlite(folder: Path) -> Iterator[Watched]:
    sent: list[str] = []

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(folder / "sessions.db", check_same_thread=False)
        connection.set_trace_callback(lambda statement: sent.append(statement.split(" ", 1)[0]))
        return connection

    store = SQLiteStore(connect)
    store.load(["first"])
    sent.clear()
    yield store, lambda: taken(sent)
    store.close()


def taken(sent: list[str]) -> list[str]:
    found = list(sent)
    sent.clear()
    return found


WATCHED = {"redis": watched_redis, "postgres": watched_postgres, "sqlite": watched_sqlite}


@pytest.fixture(params=WATCHED)
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    with WATCHED[request.param](tmp_path) as found:
        yield found


def test_a_request_that_only_read_is_one_read_at_the_server(watched: Watched) -> None:
    store, seen = watched
    shop = FlaskSimulation(store, {"store": store})
    browser = shop.logged_in("ada", cart=["tea"])
    seen()
    assert browser.answer(lambda visit: dict(visit.session)).cookies == []
    assert seen() in (["HMGET"], ["SELECT"])


def test_a_request_that_wrote_is_one_read_and_one_write(watched: Watched) -> None:
    store, seen = watched
    shop = FlaskSimulation(store, {"store": store})
    browser = shop.logged_in("ada", cart=["tea"])
    seen()
    browser.visit(lambda visit: visit.session.update(a=1))
    assert seen() in (["HMGET", "EVALSHA"], ["SELECT", "UPDATE"])


def test_several_keys_are_one_round_trip(watched: Watched) -> None:
    store, seen = watched
    store.load([unique("key") for _ in range(4)])
    assert set(seen()) in ({"HMGET"}, {"SELECT"})


@pytest.mark.parametrize("is_known", [True, False])
def test_a_thousand_sessions_are_revoked_in_at_most_three_round_trips(
    watched: Watched, is_known: bool
) -> None:
    store, seen = watched
    user, keys = unique("ada"), [unique("key") for _ in range(1_000)]
    for key in keys[:50] if isinstance(store, SQLiteStore) else keys:
        store.create(key, Entry("text", user))
    if not is_known and isinstance(store, RedisStore):
        store._client.script_flush()
    seen()
    store.revoke(user, keys[7])
    assert len(seen()) <= (1 if is_known else 3)
    assert [key for key, _ in store.list(user)] == [keys[7]]
