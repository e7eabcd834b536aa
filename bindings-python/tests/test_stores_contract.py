"""The contract that ``shortcrust.testing.stores`` ships, kept by every store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import every_store
import pytest
from shortcrust.stores import Store
from shortcrust.testing.stores import StoreContract


class TestEveryStore(StoreContract):
    @pytest.fixture(
        params=[
            name
            for name in (*every_store.SYNC, *every_store.ASYNC)
            if name not in every_store.SMALL
        ]
    )
    def store(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
        with every_store.faced(request.param, tmp_path) as store:
            yield store


class TestEverySmallStore(StoreContract):
    longest = 400_000

    @pytest.fixture(params=every_store.SMALL)
    def store(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
        with every_store.faced(request.param, tmp_path) as store:
            yield store
