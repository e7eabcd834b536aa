"""What was promised to the requests of a simulation, and whether it was kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from shortcrust.stores._base import Row
from simulated_tape import TABLE


class Records:
    """A store, with account of what happened to it."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.calls: dict[Any, Callable[..., Any]] = {
            store.load: self._load,
            store.create: self._write,
            store.save: self._write,
            store.revoke: self._removing,
            store.sweep: self._removing,
        }
        self.removed: dict[Any, set[str]] = {store.revoke: set(), store.sweep: set()}
        """Sessions that were there, by what removed them."""
        self.tombstones: dict[str, object] = {}
        """Which request has put a tombstone in a session's place."""
        self.written: dict[str, tuple[int, int]] = {}
        """When a key was written first, and last."""
        self.ends: dict[str, int] = {}

    def run(self, call: Callable[..., Any], arguments: list[Any], now: int, request: object) -> Any:
        return self.calls[call](call, arguments, now, request)

    def sweep(self, now: int) -> None:
        """Where the server does so by its own clock, by hand."""
        if not self.store.capabilities.expiry:
            self._removing(self.store.sweep, [now])
            return
        keys = list(self.written)
        live = self.live()
        for key, row in zip(keys, self.store.load(keys) if keys else (), strict=False):
            if row is not None and json.loads(row.text).get("x", now) < now:
                self.store.delete(key)
                self.removed[self.store.sweep].update({key} & set(live))

    def ended(self, now: int) -> set[str]:
        """Where the store itself leaves out what has ended by our clock."""
        if not self.store.capabilities.expiry:
            return set()
        return {key for key, ends in self.ends.items() if ends <= now}

    def live(self, keys: Iterable[str] | None = None) -> dict[str, Any]:
        """The records of sessions that have not ended, but perhaps by the clock."""
        asked = list(self.written if keys is None else keys)
        rows: list[Row | None] = self.store.load(asked) if asked else []
        read = {
            key: json.loads(row.text)
            for key, row in zip(asked, rows, strict=True)
            if row is not None
        }
        return {key: record for key, record in read.items() if "d" in record}

    def _load(self, call: Callable[..., Any], arguments: list[Any], *_: object) -> Any:
        return call(*arguments)

    def _write(
        self, call: Callable[..., Any], arguments: list[Any], now: int, request: object
    ) -> Any:
        answer = call(*arguments)
        key, entry = arguments[0], arguments[-1]
        if answer == "done":
            self.written[key] = (self.written.get(key, (now, now))[0], now)
            self.ends[key] = entry.expires
            if "d" not in json.loads(entry.text):
                self.tombstones[key] = request
            elif self.store.capabilities.expiry and entry.expires < now + 60_000:
                # It was long under way and has little time left, or none; then the server removes
                # it by its own clock.
                self.removed[self.store.sweep].add(key)
        return answer

    def _removing(self, call: Callable[..., Any], arguments: list[Any], *_: object) -> Any:
        before = self.live()
        answer = call(*arguments)
        self.removed[call].update(set(before) - set(self.live()))
        return answer


class Ledger:
    """What has come of all requests."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.writes: dict[str, tuple[str, str | None]] = {}
        """What was committed: under which key, and whose it was."""
        self.moves: list[tuple[str, str]] = []
        """From key to key, where a session goes on."""
        self.ended: set[str] = set()
        self.doubtful: set[str] = set()
        """A store that failed in the middle leaves nothing to be said about these."""
        self.made_up: set[str] = set()
        """Of ids that somebody made up."""
        self._names = count(1)

    def new_name(self) -> str:
        """Of something that is written."""
        return f"k{next(self._names)}"

    @property
    def revoked(self) -> set[str]:
        return self.records.removed[self.records.store.revoke]

    @property
    def swept(self) -> set[str]:
        return self.records.removed[self.records.store.sweep]

    @property
    def over(self) -> set[str]:
        """Sessions that nobody opens any more."""
        return self.ended | self.revoked

    def check_opened(self, key: str, now: int) -> None:
        first, last = (now // 1000 - moment // 1000 for moment in self.records.written[key])
        policy = TABLE["policy"]
        is_over = last > policy["idle"] or first > policy["absolute"]
        assert not is_over, "a session that had expired was opened"

    def check_owner(self, data: dict[str, Any], user: str | None) -> None:
        for written in data:
            _, owner = self.writes.get(written, ("", None))
            assert owner in (None, user), f"{written} of {owner} is under {user}"

    def check(self, now: int) -> None:
        live = self.records.live()
        assert not self.over & set(live), "a logout was undone"
        assert not self.made_up & set(self.records.written), "an id that was made up was adopted"
        excused = self.over | self.doubtful | self.swept | self.records.ended(now)
        for written, (key, _) in self.writes.items():
            places = self._reachable(key)
            is_there = any(written in live[place]["d"] for place in places & set(live))
            assert is_there or places & excused, f"the write {written} was lost"
        for record in live.values():
            self.check_owner(record["d"], record.get("u"))

    def _reachable(self, key: str) -> set[str]:
        places = {key}
        while more := {to for source, to in self.moves if source in places} - places:
            places |= more
        return places
