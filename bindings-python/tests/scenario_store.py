"""A store in memory that keeps its contract, and writes down what it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from shortcrust.stores import Row
from shortcrust.stores._base import Capabilities, Entry

T = TypeVar("T")
Act = Callable[[str, Callable[[], str], Callable[[], Any]], Coroutine[Any, Any, Any]]


class StoreFailed(Exception):
    """As a store's client raises."""


class Records:
    """What is in the store. ``act`` is told of each action, and runs it or not."""

    capabilities = Capabilities()

    def __init__(self, act: Act, named: Callable[[str], str]) -> None:
        self.rows: dict[str, tuple[Row, Entry]] = {}
        self._act = act
        self._named = named

    def live(self) -> int:
        """How many sessions have not ended."""
        return sum('"d":' in row.text for row, _ in self.rows.values())

    def labels(self) -> list[str]:
        """By what users know the sessions that live."""
        records = [json.loads(row.text) for row, _ in self.rows.values()]
        return sorted(it["l"] for it in records if "d" in it and "l" in it)

    async def do_load(self, keys: Sequence[str]) -> list[Row | None]:
        def run() -> list[Row | None]:
            return [self.rows[key][0] if key in self.rows else None for key in keys]

        return await self._act("load", lambda: ", ".join(map(self._named, keys)), run)  # type: ignore[no-any-return]

    async def do_create(self, key: str, entry: Entry) -> Any:
        def run() -> str:
            return "exists" if key in self.rows else self._keep(key, 1, entry)

        return await self._act("create", lambda: self._told(key, "", entry), run)

    async def do_put(self, key: str, entry: Entry) -> Any:
        def run() -> str:
            version = self.rows[key][0].version + 1 if key in self.rows else 1
            return self._keep(key, version, entry)

        return await self._act("put", lambda: self._told(key, "", entry), run)

    async def do_save(self, key: str, version: int, entry: Entry) -> Any:
        def run() -> str | Row:
            if key not in self.rows:
                return "gone"
            row, _ = self.rows[key]
            return row if row.version != version else self._keep(key, version + 1, entry)

        return await self._act("save", lambda: self._told(key, f" at {version}", entry), run)

    async def do_revoke(self, user: str, keep: str | None = None) -> int:
        def run() -> int:
            meant = [key for key, (_, entry) in self.rows.items() if entry.user == user]
            meant = [key for key in meant if key != keep]
            for key in meant:
                del self.rows[key]
            return len(meant)

        def what() -> str:
            kept = "" if keep is None else f" but {self._named(keep)}"
            return self._named(user) + kept

        return await self._act("revoke", what, run)  # type: ignore[no-any-return]

    async def do_sweep(self, now: int, limit: int = 1_000) -> Any:
        def run() -> str:
            for key, (_, entry) in list(self.rows.items()):
                if entry.expires is not None and entry.expires < now:
                    del self.rows[key]
            return "done"

        return await self._act("sweep", lambda: f"{limit} before {now}", run)

    def _told(self, key: str, at: str, entry: Entry) -> str:
        key = self._named(key)
        user = "" if entry.user is None else f" of {self._named(entry.user)}"
        until = "" if entry.expires is None else f" until {entry.expires}"
        return f"{key}{at}{user}{until} {entry.text}"

    def _keep(self, key: str, version: int, entry: Entry) -> str:
        self.rows[key] = (Row(version, entry.text), entry)
        return "done"


def said(answer: Any) -> str:
    """An answer in the words of the log."""
    if isinstance(answer, Row):
        return f"conflict at {answer.version}"
    if isinstance(answer, list):
        return ", ".join("nothing" if row is None else f"at {row.version}" for row in answer)
    return str(answer)


def made(records: Records, *, is_async: bool, wait: Callable[[Any], Any]) -> Any:
    """The store with the driver's methods; sync, each is run to its end by ``wait``."""

    def method(name: str) -> Callable[..., Any]:
        run = getattr(records, f"do_{name}")
        return run if is_async else lambda *arguments: wait(run(*arguments))

    class Store:
        capabilities = Records.capabilities

    store = Store()
    for name in ("load", "create", "put", "save", "revoke", "sweep"):
        setattr(store, name, method(name))
    return store


def text_of(data: dict[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
