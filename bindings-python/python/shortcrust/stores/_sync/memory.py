# Made of _aio/memory.py by bindings-python/scripts/sync_stores.py: change that, and run it.
"""Sessions in the memory of one process."""

from __future__ import annotations

from collections import OrderedDict
from heapq import heapify, heappop, heappush
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Literal, NamedTuple

from ... import ambient
from ..._errors import ConfigError
from .._base import Capabilities, Entry, Row, is_tombstone

if TYPE_CHECKING:
    from collections.abc import Sequence

_SLACK = 64


class MemoryStore:
    """For tests and for one process: its sessions are gone when the process ends.

    At most ``max_records`` sessions are kept: where there is no room for one more, those that ended
    go first, then the one that nobody used for longest. The mark that a logout leaves is small,
    takes no session's place and stays until its end. As a store of revocations it has no such
    bound.
    """

    capabilities: Capabilities = Capabilities()

    def __init__(self, max_records: int = 10_000) -> None:
        if max_records < 1:
            raise ConfigError("max_records must be 1 or more")
        self.max_records: float = max_records
        self._kept: dict[str, _Kept] = {}
        # Not the tombstones. First the one that nobody used for longest, which it finds at once.
        self._sessions: OrderedDict[str, None] = OrderedDict()
        # When each ends. What was written again since has another entry, and this one is old.
        self._ends: list[tuple[int, str]] = []
        self._keys_of: dict[str, set[str]] = {}
        # Held for no await: threads may share the store.
        self._lock = Lock()

    def keep_all(self) -> None:
        """From now on nothing goes before it has ended: a revocation must not be forgotten."""
        self.max_records = inf

    def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """What is under the keys, in their order."""
        with self._lock:
            found = [self._kept.get(key) for key in keys]
            for key in keys:
                if key in self._sessions:
                    self._sessions.move_to_end(key)
        return [kept and kept.row for kept in found]

    def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """Writes where nothing is."""
        with self._lock:
            if key in self._kept:
                return "exists"
            self._write(key, 1, entry)
        return "done"

    def put(self, key: str, entry: Entry) -> Literal["done"]:
        """Writes, whatever is there."""
        with self._lock:
            kept = self._kept.get(key)
            self._write(key, kept.row.version + 1 if kept else 1, entry)
        return "done"

    def save(self, key: str, version: int, entry: Entry) -> Literal["done", "gone"] | Row:
        """Writes only over ``version``, and raises it by one."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return "gone"
            if kept.row.version != version:
                return kept.row
            self._write(key, version + 1, entry)
        return "done"

    def delete(self, key: str) -> Literal["done"]:
        """Removes the record, if there is one."""
        with self._lock:
            self._remove(key)
        return "done"

    def list(self, user: str) -> Sequence[tuple[str, str]]:
        """The keys and texts of the user's records that have not ended."""
        now = ambient.now_ms()
        with self._lock:
            found = [(key, self._kept[key]) for key in self._keys_of.get(user, ())]
        return [(key, kept.row.text) for key, kept in found if not kept.has_ended(now)]

    def revoke(self, user: str, keep: str | None = None) -> int:
        """Removes the user's records but for the key ``keep``, and says how many."""
        with self._lock:
            keys = self._keys_of.get(user, set()) - {keep}
            for key in keys:
                self._remove(key)
        return len(keys)

    def sweep(self, now: int, limit: int = 1_000) -> int:
        """Removes at most ``limit`` records that ended before ``now`` (ms), and says how many."""
        with self._lock:
            return self._sweep(now, limit)

    def _sweep(self, now: int, limit: int) -> int:
        count = 0
        while count < limit and self._ends and self._ends[0][0] < now:
            expires, key = heappop(self._ends)
            kept = self._kept.get(key)
            if kept is not None and kept.expires == expires:
                self._remove(key)
                count += 1
        return count

    def _write(self, key: str, version: int, entry: Entry) -> None:
        if is_tombstone(entry.text):
            self._sessions.pop(key, None)
        else:
            if key not in self._sessions:
                self._make_room()
            self._sessions[key] = None
            self._sessions.move_to_end(key)
        old = self._kept.get(key)
        if old is not None and old.user != entry.user:
            self._forget_user(key, old.user)
        if entry.user is not None:
            self._keys_of.setdefault(entry.user, set()).add(key)
        self._kept[key] = _Kept(Row(version, entry.text), entry.user, entry.expires)
        if entry.expires is not None and (old is None or old.expires != entry.expires):
            heappush(self._ends, (entry.expires, key))
            self._forget_old_ends()

    def _forget_old_ends(self) -> None:
        if len(self._ends) > 2 * len(self._kept) + _SLACK:
            found = ((kept.expires, key) for key, kept in self._kept.items())
            self._ends = [(expires, key) for expires, key in found if expires is not None]
            heapify(self._ends)

    def _make_room(self) -> None:
        while len(self._sessions) >= self.max_records:
            if not self._sweep(ambient.now_ms(), 1):
                self._remove(next(iter(self._sessions)))

    def _remove(self, key: str) -> None:
        self._sessions.pop(key, None)
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._forget_user(key, kept.user)

    def _forget_user(self, key: str, user: str | None) -> None:
        if user is None:
            return
        keys = self._keys_of[user]
        keys.discard(key)
        if not keys:
            del self._keys_of[user]


class _Kept(NamedTuple):
    row: Row
    user: str | None
    expires: int | None

    def has_ended(self, now: int) -> bool:
        return self.expires is not None and self.expires < now
