"""A pytest plugin: our classes stand in the place of the peer's before its tests are imported."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path

import pytest
from _pytest import monkeypatch
from _pytest.compat import NOTSET

SUITES = Path(__file__).with_name("suites.json")
SUITE = os.environ["SUITE"]


def swap_itsdangerous() -> None:
    ours = importlib.import_module("shortcrust.itsdangerous")
    modules = ["", ".serializer", ".signer", ".timed", ".url_safe"]
    for module in [importlib.import_module(f"itsdangerous{name}") for name in modules]:
        for name in ours.__all__:
            if hasattr(module, name):
                setattr(module, name, getattr(ours, name))


def swap_flask() -> None:
    flask = importlib.import_module("flask")
    ours = importlib.import_module("shortcrust.flask")
    flask.Flask.session_interface = ours.SessionInterface()
    # Flask's tests ask pytest for a name that pytest 9.2 has elsewhere.
    monkeypatch.notset = NOTSET  # type: ignore[attr-defined]


def pytest_configure() -> None:
    {"flask": swap_flask, "itsdangerous": swap_itsdangerous}[SUITE]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    excluded = json.loads(SUITES.read_text())[SUITE]["excluded"]
    found = [item for item in items if item.nodeid in excluded]
    missing = set(excluded) - {item.nodeid for item in found}
    if missing:
        raise pytest.UsageError(f"excluded, and not in the suite: {sorted(missing)}")
    config.hook.pytest_deselected(items=found)
    items[:] = [item for item in items if item.nodeid not in excluded]
