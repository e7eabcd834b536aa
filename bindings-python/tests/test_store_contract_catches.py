"""The contract that is shipped fails on a store that breaks it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any
from unittest import SkipTest

import pytest
from shortcrust.stores import Capabilities, Entry, MemoryStore
from shortcrust.testing.stores import StoreContract


class SavesOverAnything(MemoryStore):
    def save(self, key: str, version: int, entry: Entry) -> Any:
        row = self.load([key])[0]
        return super().save(key, row.version if row else version, entry)


class SavesWhatIsGone(MemoryStore):
    def save(self, key: str, version: int, entry: Entry) -> Any:
        answer = super().save(key, version, entry)
        return self.put(key, entry) if answer == "gone" else answer


class ComparesAndWritesApart(MemoryStore):
    """What one writes at first."""

    def save(self, key: str, version: int, entry: Entry) -> Any:
        row = self.load([key])[0]
        if row is None:
            return "gone"
        if row.version != version:
            return row
        # Another thread comes between.
        time.sleep(0.01)
        return self.put(key, entry)


class CreatesOver(MemoryStore):
    def create(self, key: str, entry: Entry) -> Any:
        return self.put(key, entry)


class LoadsInAnyOrder(MemoryStore):
    def load(self, keys: Sequence[str]) -> Any:
        return sorted(super().load(keys), key=lambda row: row is None)


class KeepsVersion(MemoryStore):
    def put(self, key: str, entry: Entry) -> Any:
        self.delete(key)
        return super().put(key, entry)


class ListsWhatEnded(MemoryStore):
    def create(self, key: str, entry: Entry) -> Any:
        return super().create(key, entry._replace(expires=None))


class RevokesAll(MemoryStore):
    def revoke(self, user: str, keep: str | None = None) -> int:
        return super().revoke(user)


class SweepsWithoutLimit(MemoryStore):
    def sweep(self, now: int, limit: int = 1_000) -> int:
        return super().sweep(now, 1_000_000)


class SweepsTooEarly(MemoryStore):
    def sweep(self, now: int, limit: int = 1_000) -> int:
        return super().sweep(now + 1, limit)


class FoldsCase(MemoryStore):
    def create(self, key: str, entry: Entry) -> Any:
        return super().create(key.lower(), entry)

    def load(self, keys: Sequence[str]) -> Any:
        return super().load([key.lower() for key in keys])


class ListsWithoutAnIndex(MemoryStore):
    capabilities = Capabilities(index=False)


class CutsLongTexts(MemoryStore):
    def create(self, key: str, entry: Entry) -> Any:
        return super().create(key, entry._replace(text=entry.text[:65_535]))

    def save(self, key: str, version: int, entry: Entry) -> Any:
        return super().save(key, version, entry._replace(text=entry.text[:65_535]))


BROKEN = [
    SavesOverAnything,
    SavesWhatIsGone,
    ComparesAndWritesApart,
    CreatesOver,
    LoadsInAnyOrder,
    KeepsVersion,
    ListsWhatEnded,
    RevokesAll,
    SweepsWithoutLimit,
    SweepsTooEarly,
    FoldsCase,
    ListsWithoutAnIndex,
    CutsLongTexts,
]


def failures(kind: type[MemoryStore]) -> list[str]:
    found = []
    for name in dir(StoreContract):
        if not name.startswith("test_"):
            continue
        try:
            getattr(StoreContract(), name)(kind())
        except SkipTest:
            continue
        except AssertionError:
            found.append(name)
    return found


@pytest.mark.parametrize("kind", BROKEN)
def test_a_store_that_breaks_the_contract_fails(kind: type[MemoryStore]) -> None:
    assert failures(kind) != []


def test_one_that_keeps_it_does_not() -> None:
    assert failures(MemoryStore) == []


def test_it_is_imported_without_pytest() -> None:
    script = "import sys, shortcrust.testing.stores; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
