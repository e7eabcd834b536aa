"""Requests that overlap, one store call at a time, over every store.

The tapes are those of the core's own simulation (``core/tests/simulation.rs``): whatever the order,
no committed write is lost, no logout or revocation undone and no user's data under another user.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import every_store
import pytest
from shortcrust import _config, _core, ambient
from shortcrust._driver import Driver, RequestSession

ROUNDS = {"memory": 2_000, "sqlite": 40, "redis": 40, "postgres": 40}
USERS = ("ada", "bob")
Steps = Generator[tuple[Any, ...], Any, None]


class Tape:
    """Numbers that are the same in every language: xorshift32."""

    def __init__(self, seed: int) -> None:
        self.state = (seed * 2_654_435_761 | 1) & 0xFFFFFFFF

    def next(self, below: int) -> int:
        self.state ^= self.state << 13 & 0xFFFFFFFF
        self.state ^= self.state >> 17
        self.state ^= self.state << 5 & 0xFFFFFFFF
        return (self.state >> 8) % below


class Place:
    """A turn is a courtesy: here nobody waits for one."""

    def enter(self) -> None:
        pass

    def leave(self) -> None:
        pass


class World:
    def __init__(self, seed: int, store: Any, namespace: str) -> None:
        config = {"SHORTCRUST_STORE": store, "SHORTCRUST_NAMESPACE": namespace}
        self.engine = _config.build_engine(config, [b"a secret of thirty-two bytes or more"])
        self.driver = Driver(
            self.engine,
            fallback=str,
            ensure_ascii=False,
            sleep=lambda seconds: None,
            queue=lambda key: Place(),
            store=store,
            has_records=True,
        )
        self.store = store
        self.tape = Tape(seed)
        self.browsers: list[str | None] = [None, None, None]
        self.requests: list[list[Any]] = []
        self.written = 0
        self.writes: dict[str, tuple[str, str | None]] = {}
        self.moves: list[tuple[str, str]] = []
        self.ended: set[str] = set()
        self.keys: set[str] = set()

    def run(self) -> None:
        for _ in range(120):
            what = self.tape.next(16)
            if what < 5 and len(self.requests) < 4:
                steps = self.request(self.tape.next(3))
                self.requests.append([steps, None])
            elif self.requests:
                self.advance(self.tape.next(len(self.requests)))
        while self.requests:
            self.advance(0)

    def advance(self, at: int) -> None:
        """Runs one request until it has called the store once."""
        request = self.requests[at]
        try:
            call, *arguments = request[0].send(request[1])
        except StopIteration:
            self.requests.pop(at)
            return
        if call == self.store.revoke:
            index, keep = arguments
            self.ended.update({key for key, _ in self.store.list(index)} - {keep})
        request[1] = call(*arguments)

    def request(self, browser: int) -> Steps:
        cookie, driver = self.browsers[browser], self.driver
        own, found = RequestSession(), None
        if cookie is not None:
            own, found = yield from driver.open(f"session={cookie}")
        request = Request(self, own, found or {})
        for _ in range(1 + self.tape.next(3)):
            yield from request.command(self.tape.next(12))
        closed = yield from driver.close(own, request.leave(), request.is_changed, secure=True)
        request.saved()
        for line in closed.cookies if closed else ():
            self.browsers[browser] = line.partition(";")[0].partition("=")[2] or None

    def check(self, seed: int) -> None:
        rows = {key: self.store.load([key])[0] for key in self.keys}
        live = {key: row.text for key, row in rows.items() if row and _core.record_times(row.text)}
        assert not self.ended & set(live), f"seed {seed}: a logout was undone"
        for written, (key, _) in self.writes.items():
            places = self.reachable(key)
            is_there = any(f'"{written}"' in live.get(place, "") for place in places)
            assert is_there or places & self.ended, f"seed {seed}: the write {written} was lost"
        for text in live.values():
            owner = next((user for user in USERS if f'"u":"{user}"' in text), None)
            for written, (_, user) in self.writes.items():
                if f'"{written}"' in text:
                    assert user in (None, owner), f"seed {seed}: {written} is under {owner}"

    def reachable(self, key: str) -> set[str]:
        places = {key}
        while more := {to for source, to in self.moves if source in places} - places:
            places |= more
        return places


class Request:
    """One request's handler, and what it does to the ledger of the world."""

    def __init__(self, world: World, own: RequestSession, data: dict[str, Any]) -> None:
        self.world = world
        self.own = own
        self.data = data
        self.is_changed = False
        self.is_told = False
        self.source = own.key
        self.mine: set[str] = set()
        self.ends: list[str] = []

    def command(self, what: int) -> Steps:
        world, driver, own = self.world, self.world.driver, self.own
        if what < 5:
            world.written += 1
            key = f"k{world.written}"
            self.data[key] = ""
            self.mine.add(key)
            self.is_changed = True
        elif what == 5:
            shown = driver.login(own, USERS[world.tape.next(2)], self.data)
            if shown is not None:
                self.data = shown
                self.end()
            self.data.pop("user_id", None)
            self.is_changed = self.is_told = True
        elif what == 6:
            driver.logout(own)
            self.empty()
        elif what == 7:
            driver.regenerate(own)
            self.is_changed = True
        elif what == 8:
            yield from driver.save(own, self.leave(), self.is_changed)
            self.saved()
        elif what == 9:
            user = USERS[world.tape.next(2)]
            is_own = own.user == user
            yield from driver.revoke_all(user, own, self.data, except_current=False)
            if is_own:
                self.empty()
        elif what == 10:
            user = USERS[world.tape.next(2)]
            # What a login told counts more than what is done by hand beside it.
            if not self.is_told:
                self.data["user_id"] = user
                self.is_changed = True

    def end(self) -> None:
        if self.source is not None:
            self.ends.append(self.source)
        self.source = None

    def empty(self) -> None:
        self.end()
        self.data.clear()
        self.mine.clear()
        self.is_changed = self.is_told = True

    def leave(self) -> dict[str, Any]:
        by_hand = None if self.is_told else self.data.get("user_id")
        if by_hand is not None and self.own.user not in (None, by_hand):
            # Another's data stay behind, but for what this request wrote.
            self.end()
        return self.data

    def saved(self) -> None:
        world = self.world
        if self.own.failure is not None:
            # Another request ended it: what this one goes on with is a session of its own.
            self.source = None
            return
        world.ended.update(self.ends)
        self.ends.clear()
        self.is_told = False
        source, self.source = self.source, self.own.key
        if self.source is None:
            world.ended.update([source] if source else [])
            return
        world.keys.add(self.source)
        if source not in (None, self.source):
            world.moves.append((str(source), self.source))
        for written in self.mine & set(self.data):
            world.writes[written] = (self.source, self.own.user)
        self.mine.clear()


@pytest.mark.parametrize("name", sorted(ROUNDS))
def test_whatever_the_order_nothing_committed_is_lost_and_nothing_ended_lives(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ambient, "now_ms", lambda: 1_800_000_000_000)
    rounds = ROUNDS[name] * (25 if os.environ.get("LONG") else 1)
    with every_store.faced(name, tmp_path) as face:
        for seed in range(rounds):
            world = World(seed, face.store, every_store.unique("app"))
            world.run()
            world.check(seed)
