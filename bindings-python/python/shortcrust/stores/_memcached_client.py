"""What the store needs of pymemcache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymemcache.serde import LegacyWrappingSerde  # type: ignore[import-untyped]

from .._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence


def checked(client: Any) -> Any:
    """The client, if it may be trusted with sessions."""
    # A Client shares its one connection among threads. A HashClient answers "nothing is there" for
    # a server that fails.
    if isinstance(client, type) or not hasattr(client, "client_pool"):
        raise ConfigError(
            "a store in Memcached takes a PooledClient of pymemcache's, which threads may share:"
            ' MemcachedStore(PooledClient("localhost:11211"))'
        )
    if getattr(client, "ignore_exc", False):
        raise ConfigError(
            "with ignore_exc a server that fails looks like one that has no sessions, and"
            " everybody is logged out: leave ignore_exc out, and the option outage decides"
        )
    if not isinstance(client.serde, LegacyWrappingSerde):
        raise ConfigError(
            "with a serde of its own the client may read pickles, which run what is in them: leave"
            " serde out"
        )
    return client


def found(client: Any, names: Sequence[str]) -> dict[str, bytes]:
    """What is there, by name, in one round trip."""
    return dict(client.get_many([*dict.fromkeys(names)])) if names else {}


def found_to_swap(client: Any, name: str) -> tuple[bytes | None, Any]:
    """What is there, and the mark by which it is written over."""
    value, mark = client.gets(name)
    return value, mark


def added(client: Any, name: str, value: bytes, exptime: int) -> bool:
    """Whether nothing was there."""
    # The client's default waits for no answer.
    return bool(client.add(name, value, expire=exptime, noreply=False))


def swapped(client: Any, name: str, value: bytes, mark: Any, exptime: int) -> bool:
    """Whether nobody wrote since."""
    return bool(client.cas(name, value, mark, expire=exptime, noreply=False))


def removed(client: Any, name: str) -> None:
    """Whether or not it was there."""
    client.delete(name, noreply=False)
