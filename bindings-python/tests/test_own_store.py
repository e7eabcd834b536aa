"""The manual's store of one's own, as it stands there, held to the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shortcrust.testing import stores
from simulated_fronts import FlaskSimulation

PAGE = Path(__file__).parents[2] / "core/src/manual/own_store.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def own_store(path: Path) -> Any:
    names: dict[str, Any] = {}
    exec(BLOCKS[0], names)
    return names["MyStore"](path)


class TestOwnStore(stores.StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Any]:
        store = own_store(tmp_path / "sessions.db")
        yield store
        store.database.close()


def test_an_application_runs_on_it(tmp_path: Path) -> None:
    store = own_store(tmp_path / "sessions.db")
    shop = FlaskSimulation(store, {"store": store})
    browser = shop.logged_in("ada", n=1)
    assert browser.visit() == {"n": 1}
    assert len(browser.visit(lambda visit: visit.list("ada"))) == 1
    assert browser.visit(lambda visit: visit.revoke_all("ada")) == 1
    store.database.close()


def test_the_pages_tests_are_tests() -> None:
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(block, names)
    assert issubclass(names["TestMyStore"], stores.StoreContract)
    assert issubclass(names["TestMyAsyncStore"], stores.StoreContract)
    assert callable(names["in_loop"])
