"""Requests that overlap in any order: no write is lost, and what has ended stays ended."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.core.cache import cache
from django_site import OURS, Session, site
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shortcrust.django import _tracking, sessions

USER = "7"
COMMANDS = ("forget", "load", "logout", "revoke", "revoke_all", "rotate", "write")
scripts = st.lists(st.tuples(st.sampled_from(COMMANDS), st.integers(0, 2)), max_size=20)


class Simulation:
    """One user's sessions as they should be, and three requests of any browsers."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.live: dict[str, set[str]] = {}
        self.dead: set[str] = set()
        self.requests: list[Any] = [None, None, None]
        self.written = 0

    def login(self) -> None:
        store = self.engine()
        store["_auth_user_id"] = USER
        store.save()
        self.live[store.session_key] = set()

    def load(self, at: int) -> None:
        if not self.live:
            self.login()
        key = sorted(self.live)[at % len(self.live)]
        self.requests[at] = self.engine(key)
        assert self.requests[at].get("_auth_user_id") == USER

    def write(self, at: int) -> None:
        store = self.requests[at]
        name, self.written = f"k{self.written}", self.written + 1
        store[name] = 1
        if store.session_key in self.live:
            store.save()
            self.live[store.session_key].add(name)
        else:
            with pytest.raises(UpdateError):
                store.save()
            self.requests[at] = None

    def rotate(self, at: int) -> None:
        store = self.requests[at]
        old = store.session_key
        store.cycle_key()
        if old in self.live:
            self.live[store.session_key] = self.live.pop(old)
            self.dead.add(old)
            store.save()
        else:
            with pytest.raises(UpdateError):
                store.save()
            self.requests[at] = None

    def logout(self, at: int) -> None:
        key = self.requests[at].session_key
        self.requests[at].flush()
        self.requests[at] = None
        self.end(key)

    def revoke(self, at: int) -> None:
        key = self.requests[at].session_key
        assert sessions.revoke(_tracking.handle_of(key), USER) == (key in self.live)
        self.end(key)

    def revoke_all(self, at: int) -> None:
        assert sessions.revoke_all(USER) == len(self.live)
        for key in list(self.live):
            self.end(key)

    def forget(self, at: int) -> None:
        """Another process goes on."""
        _tracking.forget_known()

    def end(self, key: str) -> None:
        self.live.pop(key, None)
        self.dead.add(key)

    def check(self) -> None:
        for key, names in self.live.items():
            found = dict(self.engine(key).items())
            assert found.pop("_auth_user_id") == USER
            assert found.keys() == names
        for key in self.dead:
            assert dict(self.engine(key).items()) == {}
        handles = {info.handle for info in sessions.list(USER)}
        assert handles == {_tracking.handle_of(key) for key in self.live}


@pytest.mark.parametrize("name", ["db", "cached_db", "cache"])
def test_in_any_order_no_write_is_lost_and_no_end_undone(name: str) -> None:
    engine = importlib.import_module(OURS + name).SessionStore

    @settings(
        max_examples=2_000 if os.environ.get("LONG") else 30,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(scripts)
    def run(script: list[tuple[str, int]]) -> None:
        Session.objects.all().delete()
        cache.clear()
        _tracking.sessions().delete()
        _tracking.epochs().delete()
        _tracking.forget_known()
        simulation = Simulation(engine)
        for command, at in script:
            if simulation.requests[at] is None and command not in ("forget", "revoke_all"):
                simulation.load(at)
            getattr(simulation, command)(at)
        simulation.check()

    with site(OURS + name):
        run()
