"""Sessions in their cookies, and a store that knows which are over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenario_parts import (
    NO_COOKIE,
    REVOCABLE,
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
ALL: Step = ["revokes all of", "ada"]
OTHERS: Step = ["revokes all but its own of", "ada"]


def one(
    name: str, steps: list[Step], outcome: dict[str, Any], more: dict[str, Any] | None = None
) -> Scenario:
    return scenario(f"in cookies: {name}", ADA, steps, outcome, REVOCABLE | (more or {}))


def revocations() -> Iterator[Scenario]:
    """One session, or all of a user's."""
    both = opened("phone", "A", "B")
    out: list[Step] = [["A", "logs out"], ["A", "closes"]]
    yield one("a reader asks the store once and sets no cookie", whole("A", "phone"), {"A": ends()})
    yield one(
        "a copied cookie opens nothing after the logout",
        COPIED + whole("A", "phone", ["logs out"]),
        {"phone": NO_COOKIE, "thief": reason("revoked")},
    )
    yield one(
        "a write in flight seals nothing that opens after the logout",
        [*both, *out, *write("B", y=1)],
        {"phone": reason("revoked")},
    )
    yield one(
        "a login in flight takes nothing along of what a logout ended",
        [*both, *out, ["B", "logs in", "ada"], *write("B", y=1)],
        {"B": ends(cookie="set"), "phone": has("ada", y=1)},
    )
    yield one(
        "a new id in flight does not outlive the logout",
        [*both, *out, ["B", "regenerates"], *write("B", y=1)],
        {"B": ends(why="ended"), "phone": NO_COOKIE},
    )
    yield one(
        "a logout in flight reaches the session that a login has left",
        [
            *COPIED,
            *both,
            ["A", "logs in", "bob"],
            *write("A", x=1),
            ["B", "logs out"],
            ["B", "closes"],
        ],
        {"B": ends(cookie="deleted"), "phone": NO_COOKIE, "thief": reason("revoked")},
    )
    yield one(
        "the old cookie opens nothing after a new id",
        COPIED + whole("A", "phone", ["regenerates"], ["sets", {"x": 1}]),
        {"phone": has("ada", a=1, x=1), "thief": reason("revoked")},
    )
    yield one(
        "of two new ids at once the second ends",
        [*both, ["A", "regenerates"], *write("A", x=1), ["B", "regenerates"], *write("B", y=1)],
        {"B": ends(why="ended"), "phone": has("ada", a=1, x=1)},
    )
    yield one(
        "a revocation of all ends copies and the own cookie",
        COPIED + whole("A", "phone", ALL),
        {"phone": NO_COOKIE, "thief": reason("revoked")},
    )
    yield one(
        "a revocation of all but the own ends a copy of the own too",
        COPIED + whole("A", "phone", OTHERS),
        {"phone": has("ada", a=1), "thief": reason("revoked")},
    )
    yield one(
        "a login in the second of a revocation lives",
        whole("A", "laptop", ALL) + whole("B", "laptop", ["logs in", "ada"], ["sets", {"y": 1}]),
        {"laptop": has("ada", y=1), "phone": reason("revoked")},
    )
    yield one(
        "a write in flight does not save a session from a revocation of all",
        [*both, ["A", *ALL], ["A", "closes"], *write("B", y=1)],
        {"phone": reason("revoked")},
    )
    for policy in ("error", "empty"):
        more = {"outage": policy} if policy == "empty" else {}
        is_error = policy == "error"
        down: Step = ["store", "fails at", "load"]
        end = {"raises": ["the store's error"]} if is_error else ends(why="unavailable")
        steps = (
            [down, ["A", "opens", "phone"]]
            if is_error
            else [down, *whole("A", "phone", ["sets", {"x": 1}])]
        )
        yield one(
            f"nobody is let in where the store can't be asked; outage is {policy!r}",
            steps,
            {"A": end, "phone": has("ada", a=1)},
            more,
        )
        yield one(
            f"a logout that can't be remembered is an error; outage is {policy!r}",
            [*COPIED, ["A", "opens", "phone"], ["store", "fails at", "create"], *out],
            {"A": {"raises": ["the store's error"], "cookie": "none"}, "thief": has("ada", a=1)},
            more,
        )
        yield one(
            f"a revocation of all that can't be remembered is an error; outage is {policy!r}",
            [["A", "opens", "phone"], ["store", "fails at", "create"], ["A", *ALL]],
            {"A": {"raises": ["the store's error"]}, "phone": has("ada", a=1)},
            more,
        )


def rising_marks() -> Iterator[Scenario]:
    """Several revocations of one user, at one time or by clocks that differ."""
    late = whole("B", "laptop", ["logs in", "ada"], ["sets", {"b": 1}])
    yield one(
        "a second revocation at the same time ends what the first excepted",
        whole("A", "phone", OTHERS) + whole("B", "laptop", ALL),
        {"phone": reason("revoked")},
    )
    yield one(
        "a login between two revocations at the same time ends with the second",
        whole("A", "desk", ALL) + late + whole("C", "desk", ALL),
        {"phone": reason("revoked"), "laptop": reason("revoked")},
    )
    yield one(
        "a login behind two revocations at the same time lives",
        whole("A", "desk", ALL) + whole("C", "desk", ALL) + late,
        {"phone": reason("revoked"), "laptop": has("ada", b=1)},
    )
    behind = [["clock", -300], *whole("C", "desk", ALL), ["clock", 300]]
    yield one(
        "a revocation by a clock that is behind undoes none",
        [*COPIED, *whole("A", "desk", ALL), *behind],
        {"phone": reason("revoked"), "thief": reason("revoked")},
    )
    yield one(
        "a revocation by a clock that is behind ends a login behind the one before",
        [*whole("A", "desk", ALL), *late, *behind],
        {"laptop": reason("revoked")},
    )
    yield one(
        "a session that is kept by a clock that is behind lives",
        [
            *whole("A", "desk", ALL),
            ["clock", -300],
            *whole("B", "laptop", ["logs in", "ada"], ["sets", {"b": 1}]),
            *whole("C", "laptop", OTHERS),
            ["clock", 300],
        ],
        {"phone": reason("revoked"), "laptop": has("ada", b=1)},
    )
    for action in ("create", "save"):
        first = [] if action == "create" else whole("E", "desk", ALL)
        yield one(
            f"a revocation that meets another at its {action} is one behind it",
            [
                *first,
                *late,
                *opened("desk", "A"),
                ["before", "A", action, whole("C", "laptop", OTHERS)],
                ["A", *ALL],
                ["A", "closes"],
            ],
            {"A": ends(why="no_cookie"), "phone": reason("revoked"), "laptop": reason("revoked")},
        )
    both = [*session("laptop", "ada", b=1), *opened("phone", "A"), *opened("laptop", "B")]
    b_ends: list[Step] = [["B", *OTHERS], ["B", "closes"]]
    yield one(
        "of two sessions that end the others at the same time none outlives the other's",
        [*both, ["before", "A", "put", b_ends], ["A", *OTHERS], ["A", "closes"]],
        {"B": ends(why="ended"), "phone": reason("revoked"), "laptop": reason("revoked")},
    )
    yield one(
        "a new id in flight does not outlive a later revocation",
        [
            *whole("A", "desk", ALL),
            *late,
            *opened("laptop", "D"),
            *whole("C", "desk", ALL),
            ["D", "regenerates"],
            ["D", "closes"],
        ],
        {"laptop": reason("revoked")},
    )
    yield one(
        "a login in flight takes nothing along of what a revocation ended",
        [
            *opened("phone", "A"),
            *whole("C", "desk", ALL),
            ["A", "logs in", "ada"],
            *write("A", y=1),
        ],
        {"phone": has("ada", y=1)},
    )
    for action in ("load", "save"):
        yield one(
            f"a mark that can't be raised is an error: the store fails at {action}",
            [
                *whole("E", "desk", ALL),
                *late,
                *opened("laptop", "A"),
                ["store", "fails at", action],
                ["A", *ALL],
            ],
            {"A": {"raises": ["the store's error"]}, "laptop": has("ada", b=1)},
        )


THEMES = (revocations, rising_marks)
