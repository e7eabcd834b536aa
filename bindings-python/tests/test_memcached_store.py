"""What is Memcached's own; the contract is tested with every store's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
import servers
from conftest import Clock
from processes import free_port
from pymemcache import Client, HashClient, PooledClient  # type: ignore[import-untyped]
from pymemcache.exceptions import MemcacheError  # type: ignore[import-untyped]
from pymemcache.serde import pickle_serde  # type: ignore[import-untyped]
from shortcrust import ConfigError, Unavailable
from shortcrust.stores import AsyncMemcachedStore, Entry, MemcachedStore, Row
from simulated_fronts import FlaskSimulation, StarletteSimulation

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


DAY = 86_400
IN_2026, IN_2038, LAST = 1_795_000_000, 2**31 - 10 * DAY, 2**31 - 1


@pytest.mark.parametrize(
    ("now", "ends", "told"),
    [
        (IN_2026, None, 0),
        (IN_2026, 1, 1),
        (IN_2026, IN_2026 + 60, 61),
        # Up to 30 days from now on, and then since 1970.
        (IN_2026, IN_2026 + 30 * DAY - 1, 30 * DAY),
        (IN_2026, IN_2026 + 30 * DAY, IN_2026 + 30 * DAY + 1),
        (IN_2026, LAST - 1, LAST),
        # What Memcached has no number for is kept, rather than lost in 2038.
        (IN_2026, LAST, 0),
        (IN_2026, 253_402_300_799, 0),
        (IN_2038, IN_2038 + 29 * DAY, 29 * DAY + 1),
        (IN_2038, IN_2038 + 31 * DAY, 0),
        (IN_2038 + 20 * DAY, IN_2038 + 20 * DAY + 60, 61),
        (IN_2038 + 20 * DAY, IN_2038 + 20 * DAY - 60, 1),
    ],
)
def test_an_end_is_told_as_memcached_reads_it_and_never_too_early(
    now: int, ends: int | None, told: int, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def add(*_: Any, expire: int, **__: Any) -> bool:
        asked.append(expire)
        return True

    client = PooledClient("localhost:1")
    monkeypatch.setattr(client, "add", add)
    clock.set_ms(now * 1000)
    store = MemcachedStore(client)
    store.create("key", Entry("x", None, None if ends is None else ends * 1000))
    assert asked == [told]


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


DOWN = (OSError, MemcacheError)


@pytest.fixture(params=["flask", "starlette"])
def dying(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A server of its own, and what makes a shop on it for an `outage` policy."""
    with servers.Memcached() as server:
        at = urlsplit(server.url)
        client = PooledClient((at.hostname, at.port), connect_timeout=5, timeout=5)

        def shop(outage: str) -> Any:
            if request.param == "flask":
                store: Any = MemcachedStore(client)
                return FlaskSimulation(store, {"store": store, "outage": outage})
            store = AsyncMemcachedStore(client)
            made = StarletteSimulation()
            made.client.__enter__()
            request.addfinalizer(lambda: made.client.__exit__(None, None, None))
            made.build(store, {"store": store, "outage": outage})
            return made

        yield server, shop
        client.close()


def test_while_memcached_is_down_its_error_goes_through_and_then_all_begins_anew(
    dying: Any,
) -> None:
    server, make = dying
    shop = make("error")
    browser = shop.logged_in("ada", a=1)
    server.kill()
    for handler in (dict, lambda visit: visit.session.update(b=2), lambda visit: visit.logout()):
        with pytest.raises(DOWN):
            browser.visit(handler)
    server.start()
    # What the pool still has of the old server.
    with suppress(*DOWN):
        browser.visit()
    answer = browser.answer(lambda visit: (dict(visit.session), visit.reason))
    assert answer[0] == ({}, "not_found")
    assert shop.logged_in("ada", a=2).visit() == {"a": 2}


def test_while_memcached_is_down_a_request_can_be_served_without_a_session(dying: Any) -> None:
    server, make = dying
    shop = make("empty")
    browser = shop.logged_in("ada", a=1)
    server.kill()
    answer = browser.answer(lambda visit: (dict(visit.session), visit.reason))
    assert answer == (({}, "unavailable"), [], "unavailable")
    with pytest.raises(Unavailable, match="the store failed"):
        browser.visit(lambda visit: visit.login("ada"))


class Small(servers.Memcached):
    """With other limits than Memcached's own."""

    options: tuple[str, ...] = ()

    def _command(self, program: str) -> list[str]:
        return [*super()._command(program), *self.options]


@contextmanager
def limited(*options: str) -> Iterator[MemcachedStore]:
    server = Small()
    server.options = options
    with server:
        at = urlsplit(server.url)
        client = PooledClient((at.hostname, at.port))
        yield MemcachedStore(client)
        client.close()


def test_a_full_server_that_may_not_evict_refuses_writes_and_keeps_what_it_has() -> None:
    with limited("-M", "-m", "4") as store:
        kept: list[str] = []

        def fill() -> None:
            for at in range(10_000):
                store.create(f"key{at}", Entry("x" * 8_000))
                kept.append(f"key{at}")

        with pytest.raises(MemcacheError, match="out of memory"):
            fill()
        assert len(kept) > 100
        rows = store.load(kept)
        assert rows == [Row(1, "x" * 8_000)] * len(kept)
        # A write over what is there needs room too, and what was there is not lost.
        with pytest.raises(MemcacheError, match="out of memory"):
            store.save(kept[0], 1, Entry("y" * 8_000))
        assert store.load(kept[:1]) == rows[:1]
        # Room that is free again may be given to items of another size: so all of it is freed.
        for key in kept:
            store.delete(key)
        assert store.create("another", Entry("x" * 8_000)) == "done"


def test_a_server_for_small_items_refuses_a_session_that_is_larger_and_keeps_the_old_one() -> None:
    with limited("-I", "512k") as store:
        store.create("key", Entry("x"))
        with pytest.raises(MemcacheError, match="too large"):
            store.save("key", 1, Entry("y" * 600_000))
        assert store.load(["key"]) == [Row(1, "x")]
