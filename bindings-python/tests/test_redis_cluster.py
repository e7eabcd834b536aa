"""Redis Cluster: what moves, and what dies, while sessions are written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha1, sha256
from threading import Event
from typing import Any

import groups
import pytest
import redis
import servers
from every_store import unique
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from shortcrust._core import STATEMENTS
from shortcrust.stores import Entry, RedisStore, Row

# Of a store that waits for its replica, on a machine that is busy.
WAITING = {"wait_replicas": 1, "wait_ms": 20_000}
FAR = 4_000_000_000_000


@pytest.fixture
def client() -> Iterator[redis.RedisCluster]:
    with redis.RedisCluster.from_url(servers.shared_url(servers.RedisCluster)) as client:
        yield client


@pytest.fixture
def store(client: redis.RedisCluster) -> RedisStore:
    return RedisStore(client)


def index_of(user: str) -> str:
    return f"shortcrust:user:{sha256(user.encode()).hexdigest()}"


def keys_of(client: Any, user: str) -> set[str]:
    return {key.decode() for key in client.zrange(index_of(user), 0, -1)}


def test_what_is_not_the_users_leaves_the_index_a_minute_after_it_was_seen(
    client: redis.RedisCluster, store: RedisStore
) -> None:
    user, kept, gone = unique("user"), unique("key"), unique("key")
    for key in (kept, gone):
        store.create(key, Entry("text", user, FAR))
    store.delete(gone)
    assert store.list(user) == [(kept, "text")]
    assert keys_of(client, user) == {kept, gone, f"?{gone}"}
    store.list(user)
    assert gone in keys_of(client, user)
    client.zincrby(index_of(user), 61, f"?{gone}")
    assert store.list(user) == [(kept, "text")]
    assert keys_of(client, user) == {kept}


def test_a_write_that_has_reached_only_the_index_is_found_when_it_is_done(
    client: redis.RedisCluster, store: RedisStore
) -> None:
    user, key = unique("user"), unique("key")
    digest = sha1(STATEMENTS["redis/write.lua"].encode()).hexdigest()
    store.create(unique("key"), Entry("other", user, FAR))
    client.evalsha(digest, 1, index_of(user), "index", key, "text", FAR, 0, "write", user)
    assert len(store.list(user)) == 1
    client.zincrby(index_of(user), 61, f"?{key}")
    store.create(key, Entry("text", user, FAR))
    assert f"?{key}" not in keys_of(client, user)
    assert len(store.list(user)) == 2
    assert store.revoke(user) == 2


def test_a_write_that_comes_to_nothing_leaves_the_later_end_in_the_index(
    client: redis.RedisCluster, store: RedisStore
) -> None:
    user, key = unique("user"), unique("key")
    store.create(key, Entry("text", user, FAR))
    assert store.create(key, Entry("text", user, FAR - 1)) == "exists"
    assert client.zscore(index_of(user), key) == FAR
    store.save(key, 1, Entry("text", user))
    assert client.zscore(index_of(user), key) == float("inf")


def test_replicas_that_there_are_not_fail_the_write(client: redis.RedisCluster) -> None:
    with pytest.raises(TimeoutError, match="1 of 2 replicas have the write within 50 ms"):
        RedisStore(client, wait_replicas=2, wait_ms=50).create(unique("key"), Entry("text"))


class Writer:
    """Writes one session again and again, as its only client; and knows what it was told."""

    def __init__(self, store: RedisStore) -> None:
        self.store = store
        self.key, self.user = unique("key"), unique("user")
        self.begun = self.told = 0
        self.failures: list[Exception] = []

    def write_until(self, is_over: Event) -> None:
        while not is_over.is_set():
            self.begun += 1
            try:
                self.store.put(self.key, Entry(str(self.begun), self.user, FAR))
            except Exception as error:  # noqa: BLE001 - whatever the client raises
                self.failures.append(error)
                time.sleep(0.05)
            else:
                self.told = self.begun

    def wait_for_more(self) -> None:
        until = self.told + 3
        groups.until(lambda: self.told >= until)

    def assert_nothing_lost(self) -> None:
        (row,) = self.store.load([self.key])
        assert row, "the session is gone"
        assert self.told <= int(row.text) <= self.begun
        assert self.store.list(self.user) == [(self.key, row.text)]


@contextmanager
def writing(writers: list[Writer]) -> Iterator[None]:
    is_over = Event()
    with ThreadPoolExecutor(len(writers)) as pool:
        ends = [pool.submit(writer.write_until, is_over) for writer in writers]
        try:
            for writer in writers:
                writer.wait_for_more()
            yield
            for writer in writers:
                writer.wait_for_more()
        finally:
            is_over.set()
    for end in ends:
        end.result()


def move_slot(client: Any, slot: int, between: Callable[[], None]) -> None:
    source = client.nodes_manager.get_node_from_slot(slot)
    target = next(node for node in client.get_primaries() if node != source)
    old, new = map(client.get_redis_connection, (source, target))
    names = [node.execute_command("CLUSTER MYID").decode() for node in (old, new)]
    new.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", names[0])
    old.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", names[1])
    between()
    while keys := old.execute_command("CLUSTER GETKEYSINSLOT", slot, 100):
        old.execute_command("MIGRATE", target.host, target.port, "", 0, 5_000, "KEYS", *keys)
        between()
    for node in (new, old):
        node.execute_command("CLUSTER SETSLOT", slot, "NODE", names[1])


@pytest.mark.parametrize("options", [{}, WAITING], ids=["plain", "waiting"])
def test_no_write_is_lost_or_fails_while_the_sessions_slot_moves(
    client: redis.RedisCluster, options: dict[str, Any]
) -> None:
    writer = Writer(RedisStore(client, **options))
    with (
        writing([writer]),
        redis.RedisCluster.from_url(servers.shared_url(servers.RedisCluster)) as admin,
    ):
        for name in (f"shortcrust:{writer.key}", index_of(writer.user)):
            move_slot(admin, admin.keyslot(name), writer.wait_for_more)
            writer.wait_for_more()
    assert [*map(str, writer.failures)] == []
    assert writer.store.load([writer.key]) == [Row(writer.told, str(writer.told))]
    writer.assert_nothing_lost()


@pytest.mark.skipif(not os.environ.get("LONG"), reason="a failover takes seconds: LONG=1")
def test_no_write_that_was_told_as_done_is_lost_when_its_master_dies() -> None:
    with groups.RedisCluster() as cluster:
        retry = Retry(ConstantBackoff(0.1), 3)
        with redis.RedisCluster.from_url(cluster.url, retry=retry, socket_timeout=30) as client:
            writers = [Writer(RedisStore(client, **WAITING)) for _ in range(12)]
            with writing(writers):
                cluster.masters[0].kill()
                groups.until(lambda: "role:master" in cluster.replicas[0].ask("INFO replication"))
                cluster.masters[0].start()
                online = "state=online"
                groups.until(lambda: online in cluster.replicas[0].ask("INFO replication"))
            assert any(writer.failures for writer in writers)
            for writer in writers:
                writer.assert_nothing_lost()


@pytest.mark.skipif(not os.environ.get("LONG"), reason="a failover takes seconds: LONG=1")
def test_no_write_that_was_told_as_done_is_lost_when_sentinels_take_another_master() -> None:
    with groups.RedisSentinel() as group:
        kind: Any = redis.Sentinel
        sentinel = kind([("127.0.0.1", each.port) for each in group.sentinels])
        client = sentinel.master_for("main", socket_timeout=30)
        writers = [Writer(RedisStore(client, **WAITING)) for _ in range(4)]
        with writing(writers):
            group.master.kill()
            groups.until(lambda: "role:master" in group.replica.ask("INFO replication"))
            group.master.start()
            groups.until(lambda: "state=online" in group.replica.ask("INFO replication"))
        for writer in writers:
            writer.assert_nothing_lost()
        client.close()
        for each in sentinel.sentinels:
            each.close()
