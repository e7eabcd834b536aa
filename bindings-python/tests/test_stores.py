"""What one store has and the others have not."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import every_store
import pytest
import redis
import servers
import sqlalchemy
from conftest import Clock
from every_store import unique
from shortcrust import ConfigError, Unsupported, stores
from shortcrust.express_session import SQLRows
from shortcrust.flask.rows import RedisRows
from shortcrust.stores import (
    Entry,
    FileStore,
    MemoryStore,
    RedisStore,
    Row,
    SQLAlchemyStore,
    SQLiteStore,
)

SCRIPT = Path(__file__).parents[1] / "scripts/sync_stores.py"


def in_ms(span: int) -> int:
    return int(time.time() * 1000) + span


def test_the_sync_stores_are_what_the_script_makes_of_the_async_ones() -> None:
    assert subprocess.run([sys.executable, SCRIPT, "--check"], check=False).returncode == 0


def test_a_store_is_imported_when_it_is_asked_for() -> None:
    code = (
        "import sys, shortcrust.stores; shortcrust.stores.SQLiteStore; "
        "print({'redis', 'sqlalchemy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    for name in stores.__all__:
        assert getattr(stores, name).__name__ == name
    with pytest.raises(AttributeError, match="PaperStore"):
        _ = stores.PaperStore


def test_unsupported_is_an_error_of_ours_and_of_pythons() -> None:
    assert issubclass(Unsupported, NotImplementedError)
    assert Unsupported("list").code == "unsupported"


# Memory


def test_memory_is_bounded_and_what_nobody_used_for_longest_goes(clock: Clock) -> None:
    store = MemoryStore(max_records=3)
    now = int(clock.seconds * 1000)
    store.create("first", Entry("text", "ada"))
    store.create("ended", Entry("text", "ada", now - 1))
    store.create("third", Entry("text", "ada"))
    # What ended goes before what lives.
    store.create("fourth", Entry("text", "ada"))
    assert store.load(["ended"]) == [None]
    store.load(["third"])
    store.save("first", 1, Entry("new", "ada"))
    store.create("fifth", Entry("text", "ada"))
    assert {key for key, _ in store.list("ada")} == {"third", "first", "fifth"}
    store.load(["third"])
    store.create("sixth", Entry("text", "ada"))
    assert {key for key, _ in store.list("ada")} == {"third", "fifth", "sixth"}


TOMBSTONE, SESSION = '{"v":1,"c":5,"r":5,"e":1}', '{"v":1,"c":5,"r":5,"e":1,"d":{}}'


@pytest.mark.parametrize("kind", ["memory", "files"])
def test_a_full_store_leaves_the_marks_of_logouts_until_their_end(
    kind: str, tmp_path: Path, clock: Clock
) -> None:
    store: Any = MemoryStore(3)
    if kind == "files":
        store = FileStore(tmp_path, max_records=3)
    now = int(clock.seconds * 1000)
    for number in range(5):
        store.create(f"out-{number}", Entry(SESSION, None, now + 5_000))
        assert store.save(f"out-{number}", 1, Entry(TOMBSTONE, None, now + 60)) == "done"
    for number in range(20):
        store.create(f"in-{number}", Entry(SESSION, None, now + 5_000 + number))
    outs = [f"out-{number}" for number in range(5)]
    assert store.load(outs) == [Row(2, TOMBSTONE)] * 5
    # They take no session's place.
    kept = store.load([f"in-{number}" for number in range(20)])
    assert [row is not None for row in kept] == [False] * 17 + [True] * 3
    clock.seconds += 1
    store.create("in-20", Entry(SESSION, None, now + 9_000))
    assert store.load(outs) == [None] * 5


def test_a_full_memory_makes_room_for_many_and_knows_each_that_is_left(clock: Clock) -> None:
    store = MemoryStore(max_records=100)
    now = int(clock.seconds * 1000)
    for made in range(2_000):
        store.create(f"k{made}", Entry("text", f"u{made % 7}", now + 10_000 + made % 13))
        # Written again and again, it ends later each time.
        store.put("busy", Entry("text", None, now + 20_000 + made))
    kept = store.load([f"k{made}" for made in range(2_000)])
    assert sum(row is not None for row in kept) == 99
    assert all(kept[1_950:])
    assert sum(len(store.list(f"u{user}")) for user in range(7)) == 99
    assert [store.sweep(now + 15_000, 50), store.sweep(now + 15_000, 50)] == [50, 49]


def test_memory_needs_room_for_one() -> None:
    with pytest.raises(ConfigError, match="1 or more"):
        MemoryStore(0)


# SQLite


def test_sqlite_in_memory_is_refused() -> None:
    for path in ("", ":memory:"):
        with pytest.raises(ConfigError, match="use MemoryStore"):
            SQLiteStore(path)


def test_sqlite_takes_a_path_or_a_function_that_connects(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    one, two = SQLiteStore(path), SQLiteStore(lambda: connected(path))
    one.create("key", Entry("text"))
    assert two.load(["key"]) == [Row(1, "text")]
    for store in (one, two):
        store.close()


def connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, check_same_thread=False)


def test_readers_and_a_writer_of_sqlite_do_not_wait_for_each_other(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "sessions.db", busy_timeout=0.05)
    store.create("key", Entry("text"))
    writer = connected(tmp_path / "sessions.db")
    writer.execute("BEGIN IMMEDIATE")
    assert store.load(["key"]) == [Row(1, "text")]
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        store.put("key", Entry("new"))
    writer.execute("ROLLBACK")
    assert store.put("key", Entry("new")) == "done"
    writer.close()
    store.close()


def count(path: Path) -> None:
    """Adds 10 by compare and swap, as a process of its own."""
    store = SQLiteStore(path, busy_timeout=30)
    store.create("count", Entry("0"))
    for _ in range(10):
        answer: Any = store.load(["count"])[0]
        while answer != "done":
            answer = store.save("count", answer.version, Entry(str(int(answer.text) + 1)))
    store.close()


def test_several_processes_that_start_at_once_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, mp_context=spawning) as pool:
        for _ in pool.map(count, [path] * 4):
            pass
    store = SQLiteStore(path)
    assert store.load(["count"]) == [Row(41, "40")]
    store.close()


def opened_often(folder: Path) -> None:
    for number in range(10):
        store = SQLiteStore(folder / f"sessions{number}.db")
        store.create(str(os.getpid()), Entry("text"))
        store.close()


def test_new_files_are_opened_by_several_processes_at_once(tmp_path: Path) -> None:
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, mp_context=spawning) as pool:
        for _ in pool.map(opened_often, [tmp_path] * 4):
            pass


def test_a_fork_opens_connections_of_its_own(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "sessions.db")
    store.create("key", Entry("text"))
    connections = [store._idle.queue[0]]
    child = os.fork()
    if child == 0:
        is_right = store.load(["key"]) == [Row(1, "text")]
        is_new = store._idle.queue[0] is not connections[0]
        os._exit(0 if is_right and is_new else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.save("key", 1, Entry("new")) == "done"
    assert store._idle.queue == connections
    store.close()


# Redis


class Stutters(redis.Redis):
    """Sends each script twice, as a client does when the first answer was lost."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        send: Any = super().execute_command
        if args[0] == "EVALSHA":
            send(*args, **options)
        return send(*args, **options)


def test_a_write_that_the_client_sends_again_is_one_write() -> None:
    client = Stutters.from_url(servers.shared_url(servers.Redis))
    client.ping()
    store, key = RedisStore(client), unique("key")
    assert store.create(key, Entry("one", "ada", in_ms(60_000))) == "done"
    assert store.save(key, 1, Entry("two", "ada", in_ms(60_000))) == "done"
    assert store.load([key]) == [Row(2, "two")]
    assert store.create(key, Entry("three", None, None)) == "exists"
    assert store.save(key, 1, Entry("three", None, None)) == Row(2, "two")
    client.close()


def test_a_write_that_comes_again_behind_others_is_one_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with every_store.redis_client() as client:
        store, key = RedisStore(client), unique("key")
        module = sys.modules[RedisStore.__module__]

        def save(mark: str, version: int, text: str) -> Any:
            monkeypatch.setattr(module, "token_hex", lambda _: mark * 16)
            return store.save(key, version, Entry(text, None, in_ms(60_000)))

        store.create(key, Entry("0", None, in_ms(60_000)))
        for version, mark in enumerate("abcdefgh", 1):
            assert save(mark, version, mark) == "done"
        # The last eight are known, and what is older is another's.
        assert save("a", 1, "a") == "done"
        assert save("i", 9, "i") == "done"
        assert save("a", 1, "a") == Row(10, "i")
        assert store.load([key]) == [Row(10, "i")]


@pytest.mark.parametrize("found", [{"version": "x"}, {"record": b"\xff"}])
def test_what_others_wrote_into_redis_is_no_error(found: Any) -> None:
    client = redis.Redis.from_url(servers.shared_url(servers.Redis))
    store, key = RedisStore(client), unique("key")
    store.create(key, Entry("one", None, in_ms(60_000)))
    client.hset(f"shortcrust:{key}", mapping=found)
    assert store.load([key]) == [Row(0, "")]
    client.close()


@pytest.mark.parametrize("client", ["redis://x", redis.Redis])
def test_a_store_in_redis_says_that_it_takes_a_client(client: Any) -> None:
    with pytest.raises(ConfigError, match=r"takes a client: RedisStore\("):
        RedisStore(client)


# SQLAlchemy


def test_a_store_of_sqlalchemys_says_that_it_takes_an_engine() -> None:
    with pytest.raises(ConfigError, match="takes an engine"):
        SQLAlchemyStore("sqlite://")  # type: ignore[arg-type]


def test_an_error_of_the_database_does_not_show_the_record(tmp_path: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    with pytest.raises(sqlalchemy.exc.OperationalError, match="no such table") as caught:
        SQLAlchemyStore(engine).create("a key", Entry("a record", None, None))
    assert "a record" not in str(caught.value)
    assert "a key" not in str(caught.value)
    engine.dispose()


def test_sqlalchemy_refuses_what_it_has_no_sql_for() -> None:
    engine = sqlalchemy.create_mock_engine("mssql+pyodbc://", lambda *_: None)
    with pytest.raises(ConfigError, match="there is no SQL for mssql"):
        SQLAlchemyStore(engine)  # type: ignore[arg-type]


def test_the_table_is_as_the_document_says_and_is_made_once() -> None:
    with every_store.postgres_engine() as engine:
        store = SQLAlchemyStore(engine)
        store.create_tables()
        store.create_tables()
        inspector = sqlalchemy.inspect(engine)
        columns = inspector.get_columns("shortcrust_session")
        assert [(c["name"], str(c["type"]), c["nullable"]) for c in columns] == [
            ("key", "TEXT", False),
            ("version", "BIGINT", False),
            ("user_id", "TEXT", True),
            ("expires", "BIGINT", True),
            ("record", "TEXT", False),
        ]
        indexes = inspector.get_indexes("shortcrust_session")
        assert [index["column_names"] for index in indexes] == [["expires"], ["user_id"]]


def test_servers_that_start_at_once_make_the_table_once() -> None:
    with every_store.postgres_engine() as engine, ThreadPoolExecutor(8) as pool:
        for made in [pool.submit(SQLAlchemyStore(engine).create_tables) for _ in range(8)]:
            made.result()
        assert SQLAlchemyStore(engine).load(["key"]) == [None]


def test_a_connection_of_the_applications_keeps_its_own_synchronous(tmp_path: Path) -> None:
    opened: list[sqlite3.Connection] = []

    def connected() -> sqlite3.Connection:
        connection = sqlite3.connect(tmp_path / "app.db", check_same_thread=False)
        connection.execute("PRAGMA synchronous = NORMAL")
        opened.append(connection)
        return connection

    SQLiteStore(connected).load(["key"])
    assert [it.execute("PRAGMA synchronous").fetchone() for it in opened] == [(1,)]


def test_a_sweep_neither_waits_for_a_row_that_is_being_prolonged_nor_removes_it() -> None:
    with every_store.postgres_engine() as engine:
        store = SQLAlchemyStore(engine)
        store.create_tables()
        for key in ("prolonged", "ended"):
            store.create(key, Entry("text", None, 1_000))
        with engine.begin() as connection:
            prolong = "UPDATE shortcrust_session SET expires = NULL WHERE key = 'prolonged'"
            connection.execute(sqlalchemy.text(prolong))
            assert store.sweep(in_ms(0)) == 1
        assert store.load(["prolonged", "ended"]) == [Row(1, "text"), None]


# Redis


def test_redis_has_the_layout_of_the_document() -> None:
    with every_store.redis_client(decode_responses=True) as client:
        store, key, user = RedisStore(client), unique("key"), unique("ada")
        store.create(key, Entry("text", user, in_ms(60_000)))
        fields = client.hgetall(f"shortcrust:{key}")
        assert len(fields.pop("write")) == 16
        assert fields == {"version": "1", "record": "text", "user": user}
        index = f"shortcrust:user:{sha256(user.encode()).hexdigest()}"
        assert client.zrange(index, 0, -1) == [key]
        for name in (f"shortcrust:{key}", index):
            assert 58_000 < client.pttl(name) <= 60_001
        store.save(key, 1, Entry("text", user))
        assert client.zscore(index, key) == float("inf")
        assert (client.pttl(f"shortcrust:{key}"), client.pttl(index)) == (-1, -1)
        store.put(key, Entry("tombstone", None, in_ms(60_000)))
        assert "user" not in client.hgetall(f"shortcrust:{key}")


def test_the_index_of_redis_lives_as_long_as_the_last_of_its_records() -> None:
    with every_store.redis_client(decode_responses=True) as client:
        store, user = RedisStore(client), unique("ada")
        index = f"shortcrust:user:{sha256(user.encode()).hexdigest()}"
        short, long = unique("key"), unique("key")
        store.create(long, Entry("text", user, in_ms(90_000)))
        store.create(short, Entry("text", user, in_ms(10)))
        assert client.pttl(index) > 80_000
        time.sleep(0.05)
        store.put(long, Entry("text", user, in_ms(90_000)))
        assert client.zrange(index, 0, -1) == [long]


def test_redis_knows_its_scripts_again_after_a_restart() -> None:
    with every_store.redis_client() as client:
        store, key = RedisStore(client), unique("key")
        store.create(key, Entry("one"))
        client.script_flush()
        assert store.save(key, 1, Entry("two")) == "done"


def test_an_error_of_redis_names_no_key() -> None:
    with redis.Redis.from_url(servers.shared_url(servers.Redis)) as client:
        key = unique("key")
        client.set(f"shortcrust:{key}", "no hash", ex=60)
        with pytest.raises(redis.ResponseError, match="WRONGTYPE") as raised:
            stores.RedisStore(client).load([key])
    assert key not in str(raised.value)


def test_an_error_of_redis_names_no_id_of_flask_session() -> None:
    with redis.Redis.from_url(servers.shared_url(servers.Redis)) as client:
        sid = unique("sid")
        client.hset(f"session:{sid}", "no", "text")
        client.expire(f"session:{sid}", 60)
        with pytest.raises(redis.ResponseError, match="WRONGTYPE") as raised:
            RedisRows(client, "session:").get(sid)
    assert sid not in str(raised.value)


def test_an_error_of_a_database_names_no_id_of_express_session() -> None:
    rows = SQLRows(sqlalchemy.create_engine("sqlite://"))
    for call in (rows.read, rows.remove):
        with pytest.raises(sqlalchemy.exc.OperationalError) as raised:
            call("an-id-of-express-session")
        assert "an-id-of" not in str(raised.value)
