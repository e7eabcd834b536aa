"""Sweeping many ended records away, and being killed in the middle."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import every_store
import pytest
import sqlalchemy
from shortcrust.stores import Entry, SQLAlchemyStore, SQLiteStore
from shortcrust.stores._sql import TABLES

ENDED = 1_000_000 if os.environ.get("LONG") else 30_000
LIVE = 1_000
NOW = 1_800_000_000_000

SWEEPER = """
import sys
from shortcrust.stores import SQLiteStore, SQLAlchemyStore
kind, where, options, now = sys.argv[1:]
if kind == "sqlite":
    store = SQLiteStore(where)
else:
    import sqlalchemy
    engine = sqlalchemy.create_engine(where, connect_args={"options": options})
    store = SQLAlchemyStore(engine)
while swept := store.sweep(int(now)):
    print(swept, flush=True)
"""

Table = tuple[Any, list[str], Callable[[str], Any]]


def rows() -> Iterator[tuple[str, int, str | None, int | None, str]]:
    for n in range(ENDED):
        yield f"ended-{n}", 1, None, NOW - 1 - n, f"ended {n}"
    for n in range(LIVE):
        yield f"live-{n}", n, f"user-{n % 7}", NOW + n if n % 2 else None, f"live {n}"


@contextmanager
def sqlite_table(folder: Path) -> Iterator[Table]:
    path = folder / "sessions.db"
    connection = sqlite3.connect(path)
    for statement in TABLES:
        connection.execute(statement)
    connection.executemany("INSERT INTO shortcrust_session VALUES (?, ?, ?, ?, ?)", rows())
    connection.commit()
    store = SQLiteStore(path, busy_timeout=30)
    yield store, ["sqlite", str(path), ""], lambda sql: connection.execute(sql).fetchall()
    store.close()
    connection.close()


@contextmanager
def postgres_table(_: Path) -> Iterator[Table]:
    with every_store.postgres_schema() as options:
        engine = sqlalchemy.create_engine(**options)
        store = SQLAlchemyStore(engine)
        store.create_tables()
        raw = engine.raw_connection()
        cursor: Any = raw.cursor()
        with cursor.copy("COPY shortcrust_session FROM STDIN") as copy:
            for row in rows():
                copy.write_row(row)
        raw.commit()
        raw.close()

        def ask(sql: str) -> list[tuple[Any, ...]]:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.execute(sqlalchemy.text(sql))]

        url, connect = options["url"], options["connect_args"]["options"]
        yield store, ["postgres", url, connect], ask
        engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "sqlalchemy"])
def test_while_a_sweep_of_sqlite_s_goes_on_others_write(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sessions.db"
    other = SQLiteStore(path, busy_timeout=0)
    other.load([])
    with closing(sqlite3.connect(path)) as connection, connection:
        ended = ((f"ended-{n}", 1, None, NOW - 1, "") for n in range(250))
        connection.executemany("INSERT INTO shortcrust_session VALUES (?, ?, ?, ?, ?)", ended)
    store: Any = SQLiteStore(path)
    if kind == "sqlalchemy":
        store = SQLAlchemyStore(sqlalchemy.create_engine(f"sqlite:///{path}"))
    others: list[str] = []

    def others_turn(_: float) -> None:
        others.append(other.put(f"live-{len(others)}", Entry("", None, NOW)))

    monkeypatch.setattr("shortcrust.stores._sync.slices.pause", others_turn)
    assert store.sweep(NOW) == 250
    assert others == ["done", "done"]
    assert store.sweep(NOW) == 0


@pytest.mark.parametrize("table", [sqlite_table, postgres_table], ids=["sqlite", "postgres"])
def test_a_sweep_that_is_killed_leaves_live_records_whole_and_can_be_ended(
    table: Any, tmp_path: Path
) -> None:
    live = "SELECT * FROM shortcrust_session WHERE key LIKE 'live-%' ORDER BY key"
    count = "SELECT count(*) FROM shortcrust_session"
    with table(tmp_path) as (store, where, ask):
        before = ask(live)
        assert len(before) == LIVE
        code = [sys.executable, "-c", SWEEPER, *where, str(NOW)]
        with subprocess.Popen(code, stdout=subprocess.PIPE, text=True) as sweeper:
            assert sweeper.stdout
            for _ in range(10):
                assert sweeper.stdout.readline() == "1000\n"
            # Somewhere within a statement, and not between two.
            time.sleep(0.003)
            sweeper.send_signal(signal.SIGKILL)
            assert sweeper.wait() == -signal.SIGKILL
        ((left,),) = ask(count)
        assert LIVE < left <= LIVE + ENDED - 10_000
        assert ask(live) == before
        swept = list(iter(lambda: store.sweep(NOW), 0))
        assert max(swept) == 1_000
        assert sum(swept) <= left - LIVE
        assert ask(live) == before
        assert ask(count) == [(LIVE,)]
