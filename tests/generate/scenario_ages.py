"""Scenarios about a session's age: renewal, expiry, and cookies that another library made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenario_parts import (
    NO_COOKIE,
    Scenario,
    Step,
    ends,
    has,
    opened,
    reason,
    scenario,
    session,
    whole,
    write,
)

ADA = session("phone", "ada", a=1)
COPIED: list[Step] = [["browser", "thief", "copies", "phone"]]
A_DAY = 86_400
DUE = 302_400
"""Seconds after which a reader renews: a quarter of the idle time."""
SWEEPS_AT = 24
"""Of which random byte the key asks for a sweep; opening and logging in have used two."""


def ages() -> Iterator[Scenario]:
    both = opened("phone", "A", "B")
    yield scenario(
        "a reader renews nothing before it is due",
        ADA,
        [["clock", DUE - 1], *whole("A", "phone")],
        {"A": ends(), "phone": has("ada", a=1)},
    )
    yield scenario(
        "a reader renews the record and the cookie when it is due",
        ADA,
        [["clock", DUE], *whole("A", "phone"), ["clock", 14 * A_DAY - 1]],
        {"A": ends(cookie="set"), "phone": has("ada", a=1)},
    )
    yield scenario(
        "a renewal in flight keeps what another request wrote",
        ADA,
        [["clock", DUE], *both, *write("B", b=1), ["A", "closes"]],
        {"phone": has("ada", a=1, b=1), "records": 1},
    )
    yield scenario(
        "of two renewals at once each succeeds",
        ADA,
        [["clock", DUE], *both, ["B", "closes"], ["A", "closes"]],
        {"phone": has("ada", a=1), "records": 1},
    )
    yield scenario(
        "a renewal in flight does not undo a logout",
        ADA,
        [["clock", DUE], *both, ["B", "logs out"], ["B", "closes"], ["A", "closes"]],
        {"A": ends(why="ended"), "phone": NO_COOKIE, "records": 0},
    )
    for policy in ("error", "empty"):
        raises = ["the store's error"] if policy == "error" else []
        yield scenario(
            f"a renewal that fails loses no session; outage is {policy!r}",
            ADA,
            [
                ["clock", DUE],
                ["A", "opens", "phone"],
                ["store", "fails at", "save"],
                ["A", "closes"],
            ],
            {"A": ends(why="unavailable", raises=raises), "phone": has("ada", a=1)},
            {"outage": "empty"} if policy == "empty" else {},
        )
    over: Step = ["clock", 14 * A_DAY + 120]
    yield scenario(
        "a session that was idle for too long opens no more",
        ADA,
        [over],
        {"phone": reason("expired")},
    )
    yield scenario(
        "what is written with the cookie of a session that has expired has an id of its own",
        ADA,
        [*COPIED, over, *whole("A", "phone", ["sets", {"x": 1}])],
        {
            "A": ends(cookie="set", why="expired"),
            "phone": has(None, x=1),
            "thief": reason("expired"),
        },
    )
    renewed = [step for _ in range(6) for step in (["clock", 13 * A_DAY], *whole("A", "phone"))]
    yield scenario(
        "a session that is renewed again and again lives until its absolute end",
        ADA,
        [*renewed, ["clock", 11 * A_DAY]],
        {"phone": has("ada", a=1)},
    )
    yield scenario(
        "no renewal takes a session beyond its absolute end",
        ADA,
        [*renewed, ["clock", 12 * A_DAY + 120]],
        {"phone": reason("expired")},
    )
    yield scenario(
        "a new id begins no new lifetime",
        ADA,
        [*renewed[:-1], ["A", "regenerates"], ["A", "closes"], ["clock", 12 * A_DAY + 120]],
        {"phone": reason("expired")},
    )
    yield scenario(
        "a login begins a new lifetime",
        ADA,
        [*renewed[:-1], ["A", "logs in", "ada"], ["A", "closes"], ["clock", 12 * A_DAY + 120]],
        {"phone": has("ada", a=1)},
    )
    idle = {"policy": {"idle": None, "absolute": None}}
    yield scenario(
        "without a policy a session lives for ever",
        ADA,
        [["clock", 4_000 * A_DAY], *whole("A", "phone")],
        {"A": ends(), "phone": has("ada", a=1)},
        idle,
    )
    yield from sweeps()


def sweeps() -> Iterator[Scenario]:
    """Of 64 new records one is followed by a sweep: which one, their keys say."""
    rolls = [["idler", "opens", "nowhere"] for _ in range(SWEEPS_AT - 3)]
    yield scenario(
        "a new record whose key says so is followed by a sweep of what has ended",
        session("phone", "ada", a=1),
        [*rolls, ["clock", 15 * A_DAY], *whole("A", "laptop", ["sets", {"x": 1}])],
        {"phone": reason("not_found"), "laptop": has(None, x=1), "records": 1},
    )
    yield scenario(
        "a sweep that fails is no matter of the request's",
        session("phone", "ada", a=1),
        [*rolls, ["store", "fails at", "sweep"], *whole("A", "laptop", ["sets", {"x": 1}])],
        {"A": ends(cookie="set", why="no_cookie"), "laptop": has(None, x=1)},
    )


def conversions() -> Iterator[Scenario]:
    """Cookies that another library made are read, and their sessions move into the store."""
    flask: dict[str, Any] = {"keeps": "nothing", "format": "flask", "policy": {"absolute": None}}
    ours: Step = ["config", {"reader": "flask"}]
    old = session("phone", None, a=1, user_id=7)

    def one(name: str, steps: list[Step], outcome: dict[str, Any]) -> Scenario:
        return scenario(f"an old cookie: {name}", old, [*COPIED, ours, *steps], outcome, flask)

    seven = {"a": 1, "user_id": 7}
    both = opened("phone", "A", "B")
    yield one(
        "the first reader moves it into the store",
        whole("A", "phone"),
        {"A": ends(cookie="set"), "phone": has("7", **seven), "records": 1},
    )
    yield one(
        "two first readers at once make one record",
        [*both, ["A", "closes"], ["B", "closes"]],
        {"phone": has("7", **seven), "thief": has("7", **seven), "records": 1},
    )
    yield one(
        "two first writers at once are merged",
        [*both, *write("A", x=1), *write("B", y=1)],
        {"phone": has("7", **seven, x=1, y=1), "records": 1},
    )
    yield one(
        "a copy of it opens the same session, and no second one",
        whole("A", "phone", ["sets", {"x": 1}]) + whole("B", "thief", ["sets", {"y": 1}]),
        {"phone": has("7", **seven, x=1, y=1), "records": 1},
    )
    yield one(
        "once its session has ended it opens nothing",
        whole("A", "phone") + whole("B", "phone", ["logs out"]),
        {"phone": NO_COOKIE, "thief": reason("ended"), "records": 0},
    )
    yield one(
        "a day after its session has ended it opens nothing",
        [*whole("A", "phone"), *whole("B", "phone", ["logs out"]), ["clock", A_DAY]],
        {"thief": reason("ended"), "records": 0},
    )
    yield one(
        "a first request that logs out leaves nothing that opens",
        whole("A", "phone", ["logs out"]),
        {"phone": NO_COOKIE, "thief": reason("ended"), "records": 0},
    )
    yield one(
        "a first request that logs in leaves nothing behind that opens",
        whole("A", "phone", ["logs in", "bob"], ["sets", {"x": 1}]),
        {"phone": has("bob", x=1), "thief": reason("ended"), "records": 1},
    )
    yield one(
        "a first reader in flight does not undo a logout",
        [*both, ["A", "logs out"], ["A", "closes"], ["B", "closes"]],
        {"B": ends(why="ended"), "phone": NO_COOKIE, "records": 0},
    )
    yield one(
        "a revocation of all ends one that no request has brought yet",
        whole("A", "laptop", ["revokes all of", "7"]),
        {"phone": reason("revoked"), "records": 0},
    )
    yield one(
        "a revocation by a clock that is behind undoes none",
        [
            *whole("A", "laptop", ["revokes all of", "7"]),
            ["clock", -300],
            *whole("B", "laptop", ["revokes all of", "7"]),
            ["clock", 300],
        ],
        {"phone": reason("revoked"), "records": 0},
    )
    yield one(
        "a revocation of all ends one that has moved",
        whole("A", "phone") + whole("B", "laptop", ["revokes all of", "7"]),
        {"phone": reason("not_found"), "thief": reason("revoked"), "records": 0},
    )
    yield one(
        "where the store fails when it is to move, it stays as it is",
        [["A", "opens", "phone"], ["store", "fails at", "create"], ["A", "closes"]],
        {"A": {"cookie": "none"}, "phone": has("7", **seven)},
    )


THEMES = (ages, conversions)
