"""What a store is: the contract that one suite of tests is run against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Row(NamedTuple):
    """What a store has under a key."""

    version: int
    """Raised by each write, from 1 on."""
    text: str
    """The record, as docs/record-v1.md describes it."""


class Entry(NamedTuple):
    """What a store is to keep under a key."""

    text: str
    user: str | None = None
    """For the index by user."""
    expires: int | None = None
    """Milliseconds since 1970; ``None`` is never."""


def is_tombstone(text: str) -> bool:
    """Whether a record is only the mark of a session that ended: it has neither data nor a label.

    A store that makes room leaves it until its end, as a request in flight would otherwise bring
    the session back.
    """
    return text.startswith("{") and '"d":' not in text and '"s":' not in text


@dataclass(frozen=True)
class Capabilities:
    """What a store can do."""

    compare_and_swap: bool = True
    """``save`` writes only over the version that it names; else the later of two writes wins."""
    index: bool = True
    """``list`` and ``revoke`` find a user's records; else they raise ``Unsupported``."""
    expiry: bool = False
    """The server itself removes what ended, and nobody has to sweep."""


class Store(Protocol):
    """Keeps records under keys and makes neither. A store that fails raises its client's error.

    Keys, versions and texts come from shortcrust. Times are milliseconds since 1970.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What the store can do."""

    def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """What is under the keys, in their order, in one round trip."""

    def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """Writes where nothing is. The index by user is written not later than the record."""

    def put(self, key: str, entry: Entry) -> Literal["done"]:
        """Writes, whatever is there, and raises the version."""

    def save(self, key: str, version: int, entry: Entry) -> Literal["done", "gone"] | Row:
        """Writes only over ``version`` and raises it by one; gives what is there instead."""

    def delete(self, key: str) -> Literal["done"]:
        """Removes the record, if there is one."""

    def list(self, user: str) -> Sequence[tuple[str, str]]:
        """The keys and texts of the user's records that have not ended."""

    def revoke(self, user: str, keep: str | None = None) -> int:
        """Removes the user's records but for the key ``keep``, and says how many."""

    def sweep(self, now: int, limit: int = 1_000) -> int:
        """Removes at most ``limit`` records that ended before ``now``, and says how many."""


class AsyncStore(Protocol):
    """A :class:`Store` whose methods are awaited."""

    @property
    def capabilities(self) -> Capabilities:
        """As in :class:`Store`."""

    async def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """As in :class:`Store`."""

    async def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """As in :class:`Store`."""

    async def put(self, key: str, entry: Entry) -> Literal["done"]:
        """As in :class:`Store`."""

    async def save(self, key: str, version: int, entry: Entry) -> Literal["done", "gone"] | Row:
        """As in :class:`Store`."""

    async def delete(self, key: str) -> Literal["done"]:
        """As in :class:`Store`."""

    async def list(self, user: str) -> Sequence[tuple[str, str]]:
        """As in :class:`Store`."""

    async def revoke(self, user: str, keep: str | None = None) -> int:
        """As in :class:`Store`."""

    async def sweep(self, now: int, limit: int = 1_000) -> int:
        """As in :class:`Store`."""
