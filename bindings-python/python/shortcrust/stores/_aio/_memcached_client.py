"""What the store needs of aiomcache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence


def checked(client: Any) -> Any:
    """The client, if it is one."""
    if isinstance(client, type) or not hasattr(client, "multi_get"):
        raise ConfigError(
            "a store in Memcached takes a client of aiomcache's:"
            " AsyncMemcachedStore(aiomcache.Client(host, 11211))"
        )
    return client


async def found(client: Any, names: Sequence[str]) -> dict[str, bytes]:
    """What is there, by name, in one round trip."""
    # It refuses one name twice.
    once = [*dict.fromkeys(names)]
    values = await client.multi_get(*(name.encode() for name in once)) if once else ()
    return {name: value for name, value in zip(once, values, strict=True) if value is not None}


async def found_to_swap(client: Any, name: str) -> tuple[bytes | None, Any]:
    """What is there, and the mark by which it is written over."""
    value, mark = await client.gets(name.encode())
    return value, mark


async def added(client: Any, name: str, value: bytes, exptime: int) -> bool:
    """Whether nothing was there."""
    return bool(await client.add(name.encode(), value, exptime))


async def swapped(client: Any, name: str, value: bytes, mark: Any, exptime: int) -> bool:
    """Whether nobody wrote since."""
    return bool(await client.cas(name.encode(), value, mark, exptime))


async def removed(client: Any, name: str) -> None:
    """Whether or not it was there."""
    await client.delete(name.encode())
