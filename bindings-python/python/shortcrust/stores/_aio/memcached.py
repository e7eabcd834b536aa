"""Sessions in Memcached."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

from ... import ambient
from ..._errors import TooLarge, Unsupported
from .._base import Capabilities, Entry, Row
from .._memcached_client import added, checked, found, found_to_swap, removed, swapped
from ._blocking import blocking

if TYPE_CHECKING:
    from collections.abc import Sequence

_PREFIX = "shortcrust:"
_TRIES = 16
_MONTH = 30 * 24 * 60 * 60
"""Seconds up to which Memcached takes an end as from now on; more is since 1970."""
_LAST = 2**31 - 1
"""The latest end that Memcached can read."""
_BYTES = 1_048_576 - 512
"""An item may be 1 MiB, with its key and what the server puts before it."""


class _Found(NamedTuple):
    row: Row
    write: str


class AsyncMemcachedStore:
    """Sessions in Memcached, by a ``PooledClient`` of pymemcache's.

    ``load``, ``create`` and ``delete`` are one round trip, ``save`` and ``put`` two. There is no
    index by user, so ``list`` and ``revoke`` raise ``Unsupported``. Memcached may remove a record
    before its end when its memory is full. In asyncio the work is done in threads.

    :raises ConfigError: for another client, one that hides its errors, and one that reads pickles.
    """

    capabilities: Capabilities = Capabilities(index=False, expiry=True)

    def __init__(self, client: Any) -> None:
        self._client = checked(client)

    async def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """What is under the keys, in their order, in one round trip."""
        names = [_PREFIX + key for key in keys]
        values = await blocking(found, self._client, names)
        return [_read(values[name]).row if name in values else None for name in names]

    async def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """Writes where nothing is."""
        write = token_hex(8)
        value = _value(1, write, entry)
        if await blocking(added, self._client, _PREFIX + key, value, _exptime(entry.expires)):
            return "done"
        there, _ = await self._there(key)
        return "done" if there is not None and there.write == write else "exists"

    async def put(self, key: str, entry: Entry) -> Literal["done"]:
        """Writes, whatever is there."""
        for _ in range(_TRIES):
            there, mark = await self._there(key)
            if there is None:
                answer: Any = await self.create(key, entry)
            else:
                answer = await self._swap(key, there.row.version, mark, entry)
            if answer == "done":
                return "done"
        raise TimeoutError(f"others wrote the record first, {_TRIES} times")

    async def save(self, key: str, version: int, entry: Entry) -> Literal["done", "gone"] | Row:
        """Writes only over ``version``, and raises it by one."""
        there, mark = await self._there(key)
        if there is None:
            return "gone"
        if there.row.version != version:
            return there.row
        return await self._swap(key, version, mark, entry)

    async def delete(self, key: str) -> Literal["done"]:
        """Removes the record, if there is one."""
        await blocking(removed, self._client, _PREFIX + key)
        return "done"

    async def list(self, user: str) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """Raises ``Unsupported``."""
        _no_index()

    async def revoke(self, user: str, keep: str | None = None) -> int:  # noqa: ARG002
        """Raises ``Unsupported``."""
        _no_index()

    async def sweep(self, now: int, limit: int = 1_000) -> int:  # noqa: ARG002
        """Nothing: Memcached itself removes what ended."""
        return 0

    async def _swap(
        self, key: str, version: int, mark: Any, entry: Entry
    ) -> Literal["done", "gone"] | Row:
        write = token_hex(8)
        value = _value(version + 1, write, entry)
        if await blocking(
            swapped, self._client, _PREFIX + key, value, mark, _exptime(entry.expires)
        ):
            return "done"
        there, _ = await self._there(key)
        if there is None:
            return "gone"
        # A client may send a write once more when its answer was lost.
        return "done" if there.write == write else there.row

    async def _there(self, key: str) -> tuple[_Found | None, Any]:
        value, mark = await blocking(found_to_swap, self._client, _PREFIX + key)
        return (None if value is None else _read(value)), mark


def _value(version: int, write: str, entry: Entry) -> bytes:
    value = f"{version} {write} {entry.text}".encode()
    if len(value) > _BYTES:
        raise TooLarge(f"Memcached keeps at most {_BYTES} bytes of a session: put less into it")
    return value


def _read(value: bytes) -> _Found:
    try:
        version, write, text = value.decode().split(" ", 2)
        return _Found(Row(int(version), text), write)
    except (AttributeError, ValueError):
        # Others may have written there: no record reads so, and the session is empty.
        return _Found(Row(0, ""), "")


def _exptime(expires: int | None) -> int:
    """Never too early: the core looks at the end itself."""
    if expires is None:
        return 0
    # The server's clock ticks once a second, so that a second may be nearly over.
    seconds = max(0, -((ambient.now_ms() - expires) // 1000)) + 1
    if seconds <= _MONTH:
        return seconds
    ends = -(-expires // 1000) + 1
    return ends if ends <= _LAST else 0


def _no_index() -> NoReturn:
    raise Unsupported(
        "Memcached has no index by user, so nobody's sessions can be listed or revoked there:"
        " take RedisStore or SQLAlchemyStore for that"
    )
