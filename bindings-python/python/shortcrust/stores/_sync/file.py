# Made of _aio/file.py by bindings-python/scripts/sync_stores.py: change that, and run it.
"""Sessions in files, one each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from .._base import Capabilities, Entry, Row
from .._files import Files
from ._blocking import blocking

if TYPE_CHECKING:
    from collections.abc import Sequence


class FileStore:
    """Sessions in a folder of one machine, shared by all its threads and processes, Node's too.

    The folder is made when the store is, readable for its owner alone; one that others may write
    to is a ``ConfigError``. At most about ``max_records`` are kept (default: no bound): they are
    counted after each tenth of it, and those that end first go, but no mark of a logout before its
    end. A write waits up to ``busy_timeout`` seconds for another's in the same one of 4,096
    folders; then it is a ``TimeoutError``.
    """

    capabilities: Capabilities = Capabilities()

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        max_records: int | None = None,
        busy_timeout: float = 5.0,
    ) -> None:
        self._files = Files(os.fspath(folder), max_records, busy_timeout)

    def keep_all(self) -> None:
        """From now on nothing goes before it has ended: a revocation must not be forgotten."""
        self._files.keep_all()

    def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """What is under the keys, in their order."""
        return blocking(self._files.load, keys)

    def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """Writes where nothing is."""
        return blocking(self._files.create, key, entry)

    def put(self, key: str, entry: Entry) -> Literal["done"]:
        """Writes, whatever is there."""
        return blocking(self._files.put, key, entry)

    def save(self, key: str, version: int, entry: Entry) -> Literal["done", "gone"] | Row:
        """Writes only over ``version``, and raises it by one."""
        return blocking(self._files.save, key, version, entry)

    def delete(self, key: str) -> Literal["done"]:
        """Removes the record, if there is one."""
        return blocking(self._files.delete, key)

    def list(self, user: str) -> Sequence[tuple[str, str]]:
        """The keys and texts of the user's records that have not ended."""
        return blocking(self._files.list, user)

    def revoke(self, user: str, keep: str | None = None) -> int:
        """Removes the user's records but for the key ``keep``, and says how many."""
        return blocking(self._files.revoke, user, keep)

    def sweep(self, now: int, limit: int = 1_000) -> int:
        """Removes at most ``limit`` records that ended before ``now`` (ms), and says how many."""
        return blocking(self._files.sweep, now, limit)
