"""What errors of databases show, columns of bytes, and stores in threads under any loop."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import anyio
import every_store
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from every_store import unique
from shortcrust import ConfigError
from shortcrust.flask.rows import SQLRows
from shortcrust.stores import AsyncSQLiteStore, Entry, Row, SQLAlchemyStore, SQLiteStore, _aio

TEXT = '{"v":1,"d":{"é":1}}'


@pytest.fixture(params=["postgres", "mariadb", "mariadb-mysqlclient"])
def engine(request: pytest.FixtureRequest) -> Iterator[sqlalchemy.Engine]:
    if request.param == "postgres":
        with every_store.postgres_engine() as engine:
            yield engine
        return
    driver = "pymysql" if request.param == "mariadb" else "mysqldb"
    if driver == "mysqldb":
        pytest.importorskip("MySQLdb")
    with every_store.mariadb_engine(driver) as engine:
        yield engine


def alter(engine: sqlalchemy.Engine, change: str) -> None:
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"ALTER TABLE shortcrust_session {change}"))


def shown(error: BaseException | None) -> str:
    """As a log prints it, with what it came of."""
    if error is None:
        return ""
    return f"{error} {error!r} " + shown(error.__cause__ or error.__context__)


def test_an_error_of_a_database_shows_nothing_of_the_row(engine: sqlalchemy.Engine) -> None:
    store, key = SQLAlchemyStore(engine), unique("key")
    store.create_tables()
    if engine.dialect.name == "postgresql":
        alter(engine, "ADD CHECK (length(record) < 5)")
        reason = "violates check constraint"
    else:
        alter(engine, "MODIFY record TEXT CHARACTER SET ascii")
        reason = "Incorrect string value: '...'"
    with pytest.raises(sqlalchemy.exc.DBAPIError) as raised:
        store.put(key, Entry("é-the-record", "the-user"))
    text = shown(raised.value)
    assert reason in text
    for secret in (key, "the-rec", "the-user", "xC3"):
        assert secret not in text


def test_an_error_of_a_database_shows_nothing_of_flask_sessions_row(tmp_path: Path) -> None:
    table = sqlalchemy.Table(
        "sessions",
        sqlalchemy.MetaData(),
        sqlalchemy.Column("session_id", sqlalchemy.String),
        sqlalchemy.Column("data", sqlalchemy.LargeBinary),
        sqlalchemy.Column("expiry", sqlalchemy.DateTime),
    )
    rows = SQLRows(sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'rows.db'}"), "session:", table)
    calls: list[Any] = [
        lambda: rows.get("the-id"),
        lambda: rows.add("the-id", b"the-data", None),
        lambda: rows.swap("the-id", b"old", b"the-data", None),
        lambda: rows.delete("the-id"),
    ]
    for call in calls:
        with pytest.raises(sqlalchemy.exc.OperationalError, match="no such table") as raised:
            call()
        assert "the-" not in shown(raised.value)


@pytest.mark.parametrize("name", ["sqlite", "postgres", "mariadb"])
def test_alembic_finds_nothing_to_change_after_create_tables(name: str) -> None:
    engines: dict[str, Any] = {
        "sqlite": lambda: nullcontext(sqlalchemy.create_engine("sqlite://")),
        "postgres": every_store.postgres_engine,
        "mariadb": every_store.mariadb_engine,
    }
    with engines[name]() as engine, engine.connect() as connection:
        metadata = sqlalchemy.MetaData()
        SQLAlchemyStore.table(metadata)
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert [change[0] for change in compare_metadata(context, metadata)][:1] == ["add_table"]
        connection.rollback()
        SQLAlchemyStore(engine).create_tables()
        assert compare_metadata(context, metadata) == []


def test_a_record_in_a_column_of_bytes_is_read_as_text(engine: sqlalchemy.Engine) -> None:
    store, key = SQLAlchemyStore(engine), unique("key")
    store.create_tables()
    store.create(key, Entry(TEXT, "ada"))
    if engine.dialect.name == "postgresql":
        alter(engine, "ALTER record TYPE bytea USING convert_to(record, 'UTF8')")
    else:
        alter(engine, "MODIFY record LONGBLOB, MODIFY `key` VARBINARY(255)")
    assert store.load([key]) == [Row(1, TEXT)]
    assert store.list("ada") == [(key, TEXT)]


def test_a_record_in_bytes_in_sqlite_is_read_as_text_and_what_is_none_is_damage(
    tmp_path: Path,
) -> None:
    path, key = tmp_path / "sessions.db", unique("key")
    store = SQLiteStore(path)
    store.create(key, Entry(TEXT, "ada"))
    store.create("damaged", Entry(TEXT))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE shortcrust_session SET record = CAST(record AS BLOB)")
        connection.execute("UPDATE shortcrust_session SET record = x'FF' WHERE key = 'damaged'")
    assert store.load([key, "damaged"]) == [Row(1, TEXT), Row(1, "\ufffd")]
    assert store.list("ada") == [(key, TEXT)]


def test_a_store_that_works_in_threads_works_under_trio(tmp_path: Path) -> None:
    store = AsyncSQLiteStore(tmp_path / "sessions.db")

    async def write_and_read() -> Any:
        await store.create("key", Entry(TEXT))
        return await store.load(["key"])

    assert anyio.run(write_and_read, backend="trio") == [Row(1, TEXT)]
    assert anyio.run(store.load, ["key"], backend="asyncio") == [Row(1, TEXT)]


def test_without_anyio_a_store_in_another_loop_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = AsyncSQLiteStore(tmp_path / "sessions.db")

    def none(name: str) -> Any:
        raise ImportError(name)

    module = importlib.import_module(f"{_aio.__name__}._blocking")
    monkeypatch.setattr(module, "import_module", none)
    with pytest.raises(ConfigError, match="pip install anyio"):
        anyio.run(store.load, ["key"], backend="trio")
