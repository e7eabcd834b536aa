"""Requests that overlap, one store call at a time, over every store.

The tapes are those of the core's own simulation (``core/tests/simulation``): whatever the order, no
committed write is lost, no logout or revocation undone, no id adopted, nothing opened that has
expired and no user's data under another user.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import every_store
import pytest
from shortcrust import Conflict, Unavailable, _config, _core, ambient
from shortcrust._driver import Driver
from shortcrust._request import RequestSession
from simulated_ledger import Ledger, Records
from simulated_request import Request, Steps
from simulated_tape import TABLE, Tape

ROUNDS = {"memory": 1_880, "sqlite": 40, "redis": 40, "postgres": 40, "dynamodb": 10}
START = 4_000_000_000_000


class OutageError(Exception):
    """What a client of a store raises."""


class Place:
    """A turn is a courtesy: here nobody waits for one."""

    def enter(self) -> None:
        pass

    def leave(self) -> None:
        pass


class Simulation:
    def __init__(self, seed: int, store: Any, namespace: str) -> None:
        when = TABLE["when_the_store_fails"][seed % len(TABLE["when_the_store_fails"])]
        policy = {f"SHORTCRUST_{key.upper()}": span for key, span in TABLE["policy"].items()}
        config = {
            "SHORTCRUST_STORE": store,
            "SHORTCRUST_NAMESPACE": namespace,
            "SHORTCRUST_OUTAGE": "empty" if when == "empty" else "error",
            **policy,
        }
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
        self.has_outages = when != "never"
        self.records = Records(store)
        self.ledger = Ledger(self.records)
        self.tape = Tape(seed)
        self.now = START
        self.browsers: list[str | None] = [None] * TABLE["browsers"]
        self.requests: list[Running] = []

    def run(self) -> None:
        for _ in range(TABLE["steps"]):
            what = self.tape.pick("events")
            if what == "the clock goes on":
                self.now += 1000 * self.tape.next(TABLE["longest_pause"])
            elif what == "sweep":
                self.records.sweep(self.now)
            elif what.startswith("begin") and len(self.requests) < TABLE["requests"]:
                self.begin(is_made_up=what == "begin with an id that was made up")
            elif self.requests:
                self.advance(self.tape.next(len(self.requests)))
        while self.requests:
            self.advance(0)
        self.ledger.check(self.now)

    def begin(self, *, is_made_up: bool) -> None:
        browser = self.tape.next(len(self.browsers))
        if is_made_up:
            made_up = f"{self.tape.next(1_000):043}"
            self.ledger.made_up.add(_core.record_key(self.engine, made_up))
            self.browsers[browser] = made_up
        self.requests.append(Running(self, browser))

    def advance(self, at: int) -> None:
        """Runs one request until it has called the store once."""
        if not self.requests[at].advance():
            self.requests.pop(at)


class Running:
    """A request under way, and what it is to be told when it goes on."""

    def __init__(self, simulation: Simulation, browser: int) -> None:
        self.simulation = simulation
        self.browser = browser
        self.own = RequestSession()
        self.request: Request | None = None
        self.steps = self.handle(simulation.browsers[browser])
        self.answer: Any = None
        self.error: OutageError | None = None
        self.over: set[str] = set()
        """Sessions that had ended when it asked the store for its own."""

    def advance(self) -> bool:
        """Whether it has still something to do."""
        try:
            error, self.error = self.error, None
            if error is None:
                call, *arguments = self.steps.send(self.answer)
            else:
                call, *arguments = self.steps.throw(error)
        except StopIteration:
            return False
        except (OutageError, Unavailable, Conflict):
            if self.request is not None:
                self.request.abandon()
            return False
        if call in self.simulation.records.calls:
            self.call(call, arguments)
        else:
            self.answer = call(*arguments)
        return True

    def call(self, call: Any, arguments: list[Any]) -> None:
        simulation = self.simulation
        if self.request is None:
            self.over = simulation.ledger.over
        is_out = simulation.has_outages and simulation.tape.next(TABLE["one_outage_in"]) == 0
        if is_out:
            self.error = OutageError()
            if simulation.tape.one_of(TABLE["outages"]) == "before it took effect":
                return
        self.answer = simulation.records.run(call, arguments, simulation.now, self)

    def handle(self, cookie: str | None) -> Steps:
        simulation, driver, found = self.simulation, self.simulation.driver, None
        if cookie is not None:
            self.own, found = yield from driver.open(f"session={cookie}")
        if self.own.key is not None:
            assert self.own.key not in self.over, "a session that had ended was opened"
            simulation.ledger.check_opened(self.own.key, simulation.now)
        simulation.ledger.check_owner(found or {}, self.own.user)
        request = Request(driver, simulation.tape, simulation.ledger, self.own, found or {}, self)
        self.request = request
        for _ in range(1 + simulation.tape.next(TABLE["most_commands"])):
            yield from request.command(simulation.tape.pick("commands"))
        left = request.leave()
        closed = yield from driver.close(self.own, left, request.is_changed, secure=True)
        request.saved()
        for line in closed.cookies if closed else ():
            simulation.browsers[self.browser] = line.partition(";")[0].partition("=")[2] or None


def test_the_numbers_are_the_same_in_every_language() -> None:
    numbers = TABLE["numbers"]
    tape = Tape(numbers["seed"])
    assert [tape.next(numbers["below"]) for _ in numbers["first"]] == numbers["first"]


@pytest.mark.parametrize("name", sorted(ROUNDS))
def test_whatever_the_order_nothing_committed_is_lost_and_nothing_ended_lives(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = ROUNDS[name] * (25 if os.environ.get("LONG") else 1)
    with every_store.faced(name, tmp_path) as kept:
        for seed in range(rounds):
            simulation = Simulation(seed, kept, every_store.unique("app"))
            monkeypatch.setattr(ambient, "now_ms", lambda simulation=simulation: simulation.now)
            try:
                simulation.run()
            except AssertionError as fault:
                raise AssertionError(f"seed {seed}: {fault}") from fault
