"""What the store of SQLAlchemy's does on MariaDB, where it has statements of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import every_store
import pytest
import sqlalchemy
from every_store import unique
from shortcrust.stores import Entry, Row, SQLAlchemyStore
from sqlalchemy import text

SHOWN = "SHOW CREATE TABLE shortcrust_session"


@pytest.fixture
def engine() -> Iterator[sqlalchemy.Engine]:
    with every_store.mariadb_engine(isolation_level="REPEATABLE READ") as engine:
        yield engine


@pytest.fixture
def store(engine: sqlalchemy.Engine) -> SQLAlchemyStore:
    store = SQLAlchemyStore(engine)
    store.create_tables()
    store.create_tables()
    return store


def test_the_table_of_migrations_is_the_one_that_is_made(
    engine: sqlalchemy.Engine, store: SQLAlchemyStore
) -> None:
    def shown(connection: sqlalchemy.Connection) -> list[str]:
        (found,) = connection.execute(text(SHOWN))
        # The database has a default of its own for what is added later.
        return sorted(line.strip(",") for line in found[1].splitlines()[:-1])

    with engine.begin() as connection:
        made = shown(connection)
        connection.execute(text("DROP TABLE shortcrust_session"))
    metadata = sqlalchemy.MetaData()
    SQLAlchemyStore.table(metadata)
    metadata.create_all(engine)
    with engine.connect() as connection:
        assert shown(connection) == made
    assert any("ascii_bin" in line for line in made)


def test_keys_and_users_are_compared_by_their_letters_case(store: SQLAlchemyStore) -> None:
    for name in ("abc", "ABC"):
        assert store.create(name, Entry(name, f"user {name}")) == "done"
    assert store.load(["abc", "ABC"]) == [Row(1, "abc"), Row(1, "ABC")]
    assert [key for key, _ in store.list("user ABC")] == ["ABC"]


def test_a_retry_sees_what_another_wrote_though_reads_are_repeatable(
    engine: sqlalchemy.Engine, store: SQLAlchemyStore
) -> None:
    with sqlalchemy.create_engine(engine.url).connect() as other:
        store.create("key", Entry("one"))
        assert store.load(["key"]) == [Row(1, "one")]
        other.execute(text("UPDATE shortcrust_session SET version = 2, record = 'two'"))
        other.commit()
        assert store.save("key", 1, Entry("mine")) == Row(2, "two")
        assert store.save("key", 2, Entry("merged")) == "done"
        assert store.load(["key"]) == [Row(3, "merged")]
        other.engine.dispose()


def test_a_save_of_what_is_there_already_is_done(store: SQLAlchemyStore) -> None:
    store.create("key", Entry("same"))
    assert store.save("key", 1, Entry("same")) == "done"
    assert store.load(["key"]) == [Row(2, "same")]


def test_a_sweep_neither_waits_for_a_row_that_is_being_prolonged_nor_removes_it(
    engine: sqlalchemy.Engine, store: SQLAlchemyStore
) -> None:
    for key in ("prolonged", "ended"):
        store.create(key, Entry("text", None, 1_000))
    with engine.begin() as connection:
        prolong = "UPDATE shortcrust_session SET expires = NULL WHERE `key` = 'prolonged'"
        connection.execute(text(prolong))
        assert store.sweep(2_000) == 1
    assert store.load(["prolonged", "ended"]) == [Row(1, "text"), None]


def test_a_revocation_that_met_a_deadlock_is_tried_again(
    engine: sqlalchemy.Engine, store: SQLAlchemyStore
) -> None:
    user = unique("ada")
    for key in ("a", "b"):
        store.create(key, Entry("text", user))
    for _ in range(50):
        store.create(unique("key"), Entry("text", "other"))
    touch = "UPDATE shortcrust_session SET record = 'x' WHERE "
    with engine.connect() as other, ThreadPoolExecutor(1) as pool:
        # The server undoes the one that has changed less.
        other.execute(text(f"{touch} user_id = 'other'"))
        other.execute(text(f"{touch} `key` = 'b'"))
        revoking = pool.submit(store.revoke, user)
        waited_for(other)
        other.execute(text(f"{touch} `key` = 'a'"))
        other.commit()
        assert revoking.result() == 2


def waited_for(connection: sqlalchemy.Connection) -> None:
    """Until somebody waits for a lock."""
    waiting = "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
    for _ in range(200):
        if connection.execute(text(waiting)).scalar_one():
            return
        # InnoDB shows the same again to whoever asks within 0.1 seconds.
        time.sleep(0.15)
    raise AssertionError("nobody waits")


def test_the_store_works_on_a_table_that_has_a_column_more(
    engine: sqlalchemy.Engine, store: SQLAlchemyStore
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE shortcrust_session ADD COLUMN note TEXT"))
    assert store.create("key", Entry("one", "ada")) == "done"
    assert store.save("key", 1, Entry("two", "ada")) == "done"
    assert store.put("key", Entry("three", "ada")) == "done"
    assert store.load(["key"]) == [Row(3, "three")]
    assert store.revoke("ada") == 1


@pytest.mark.parametrize("method", ["create", "put", "save", "sweep", "revoke"])
def test_an_error_of_the_database_does_not_show_the_record(
    engine: sqlalchemy.Engine, method: str
) -> None:
    store: Any = SQLAlchemyStore(engine)
    given = {
        "save": ("a key", 1, Entry("a record")),
        "sweep": (1,),
        "revoke": ("a user",),
    }.get(method, ("a key", Entry("a record")))
    with pytest.raises(sqlalchemy.exc.ProgrammingError) as caught:
        getattr(store, method)(*given)
    for secret in ("a record", "a key", "a user"):
        assert secret not in str(caught.value)
