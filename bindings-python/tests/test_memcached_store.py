"""What is Memcached's own; the contract is tested with every store's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import servers
from processes import free_port
from pymemcache import Client, HashClient, PooledClient  # type: ignore[import-untyped]
from pymemcache.serde import pickle_serde  # type: ignore[import-untyped]
from shortcrust import ConfigError
from shortcrust.stores import AsyncMemcachedStore, Entry, MemcachedStore, Row

KINDS = [MemcachedStore, AsyncMemcachedStore]


class Repeating(Client):  # type: ignore[misc]
    """Sends each write twice, as one does whose first answer was lost."""

    def add(self, *arguments: Any, **options: Any) -> Any:
        super().add(*arguments, **options)
        return super().add(*arguments, **options)

    def cas(self, *arguments: Any, **options: Any) -> Any:
        super().cas(*arguments, **options)
        return super().cas(*arguments, **options)


class RepeatingPool(PooledClient):  # type: ignore[misc]
    client_class = Repeating


@pytest.fixture
def repeating() -> Iterator[RepeatingPool]:
    at = urlsplit(servers.shared_url(servers.Memcached))
    client = RepeatingPool((at.hostname, at.port))
    yield client
    client.close()


def test_a_write_that_was_sent_twice_is_no_conflict(repeating: RepeatingPool) -> None:
    store = MemcachedStore(repeating)
    key = "sent-twice"
    store.delete(key)
    assert store.create(key, Entry("1")) == "done"
    assert store.save(key, 1, Entry("2")) == "done"
    assert store.load([key]) == [Row(2, "2")]
    store.delete(key)


def test_what_memcached_can_not_hold_is_refused_and_leaves_the_session(
    repeating: RepeatingPool,
) -> None:
    store = MemcachedStore(repeating)
    key = "k" * 43
    store.put(key, Entry("x" * 1_048_000))
    (row,) = store.load([key])
    assert row
    with pytest.raises(ValueError, match="put less into it"):
        store.save(key, row.version, Entry("x" * 1_048_576))
    assert store.load([key]) == [row]
    store.delete(key)


def test_what_ended_already_is_not_kept_for_ever(
    repeating: RepeatingPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemcachedStore(repeating)
    asked: list[int] = []

    def add(*_: Any, expire: int, **__: Any) -> bool:
        asked.append(expire)
        return True

    monkeypatch.setattr(repeating, "add", add)
    for expires in (1, None, 2**50):
        store.create("ended", Entry("x", None, expires))
    assert asked == [1, 0, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_what_threads_may_not_share_or_hides_a_dead_server_is_refused(kind: Any) -> None:
    for wrong in (None, "localhost", PooledClient, Client("localhost:1"), HashClient([])):
        with pytest.raises(ConfigError, match="takes a PooledClient"):
            kind(wrong)
    with pytest.raises(ConfigError, match="ignore_exc"):
        kind(PooledClient("localhost:1", ignore_exc=True))


def test_a_client_that_reads_pickles_is_refused() -> None:
    with pytest.raises(ConfigError, match="pickles"):
        MemcachedStore(PooledClient("localhost:1", serde=pickle_serde))


def test_a_server_that_is_down_is_an_error_and_no_empty_session() -> None:
    store = MemcachedStore(PooledClient(("127.0.0.1", free_port())))
    for ask in (lambda: store.load(["k"]), lambda: store.create("k", Entry("1"))):
        with pytest.raises(ConnectionRefusedError):
            ask()
