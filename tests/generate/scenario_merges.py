"""Scenarios of what several requests make of one session: its keys, numbers and lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenario_parts import Scenario, Step, ends, has, opened, scenario, session, whole, write

ADA = session("phone", "ada", a=1)


def three(key: str, values: tuple[Any, Any, Any]) -> list[Step]:
    """Requests that came together, one written after the other."""
    writes = [write(request, **{key: it}) for request, it in zip("ABC", values, strict=True)]
    return [*opened("phone", "A", "B", "C"), *(step for steps in writes for step in steps)]


def merges() -> Iterator[Scenario]:
    """Two writes of one session, key by key."""
    cases: list[tuple[str, Any, Any, Any, Any]] = [
        ("what both wrote under other keys is there", {}, {"x": 1}, {"y": 2}, {"x": 1, "y": 2}),
        ("of two values under one key the later counts", {"k": 0}, {"k": 1}, {"k": 2}, {"k": 2}),
        ("a deletion beats a change", {"k": 0}, {"k": 1}, {"k": None}, {}),
        ("a change does not undo a deletion", {"k": 0}, {"k": None}, {"k": 1}, {}),
        (
            "objects are merged in their depth",
            {"o": {"p": {"q": 1}}},
            {"o": {"p": {"q": 1, "r": 2}}},
            {"o": {"p": {"q": 1}, "s": 3}},
            {"o": {"p": {"q": 1, "r": 2}, "s": 3}},
        ),
        (
            "what both put behind a list is there, the later behind",
            {"l": ["milk"]},
            {"l": ["milk", "bread"]},
            {"l": ["milk", "eggs"]},
            {"l": ["milk", "bread", "eggs"]},
        ),
        (
            "a message that was shown is not shown again when another comes",
            {"m": ["saved"]},
            {"m": []},
            {"m": ["saved", "sent"]},
            {"m": ["sent"]},
        ),
        (
            "a number that no rule names is not added up",
            {"n": 1},
            {"n": 2},
            {"n": 2},
            {"n": 2},
        ),
    ]
    for words, base, mine, theirs, merged in cases:
        yield scenario(
            f"merge: {words}",
            session("phone", "ada", a=1, **base),
            [*opened("phone", "A", "B"), *write("A", **mine), *write("B", **theirs)],
            {"phone": has("ada", a=1, **merged), "records": 1},
        )
    yield scenario(
        "merge: a second save builds upon what the first was merged with",
        ADA,
        [
            *opened("phone", "A", "B"),
            *write("B", b=1),
            ["A", "sets", {"x": 1}],
            ["A", "saves"],
            ["A", "sets", {"x": 2}],
            ["A", "closes"],
        ],
        {"phone": has("ada", a=1, b=1, x=2)},
    )
    yield scenario(
        "merge: a reader in flight writes nothing over a writer",
        ADA,
        [*opened("phone", "A", "B"), *write("B", b=1), ["A", "closes"]],
        {"A": ends(), "phone": has("ada", a=1, b=1)},
    )


def added_numbers() -> Iterator[Scenario]:
    """``merge: {n: add}``."""
    added = {"merge": {"n": "add", "s.v": "add"}}
    cases: list[tuple[str, Any, Any, Any, Any]] = [
        ("both differences are added", {"n": 1}, {"n": 2}, {"n": 4}, {"n": 5}),
        ("what one takes away is added too", {"n": 5}, {"n": 3}, {"n": 6}, {"n": 4}),
        ("floats are added", {"n": 0.5}, {"n": 1.5}, {"n": 0.75}, {"n": 1.75}),
        ("a number that is not there counts as 0", {}, {"n": 2}, {"n": 3}, {"n": 5}),
        ("a number that was deleted stays deleted", {"n": 1}, {"n": None}, {"n": 2}, {}),
        ("where one is no number the later counts", {"n": 1}, {"n": "many"}, {"n": 2}, {"n": 2}),
        ("a number that no rule names is not added", {"m": 1}, {"m": 2}, {"m": 3}, {"m": 3}),
        (
            "a number is found by its path",
            {"s": {"v": 1, "w": 1}},
            {"s": {"v": 2, "w": 2}},
            {"s": {"v": 3, "w": 3}},
            {"s": {"v": 4, "w": 3}},
        ),
    ]
    for words, base, first, second, merged in cases:
        yield scenario(
            f"add: {words}",
            session("phone", "ada", a=1, **base),
            [*opened("phone", "A", "B"), *write("A", **first), *write("B", **second)],
            {"phone": has("ada", a=1, **merged), "records": 1},
            added,
        )
    yield scenario(
        "add: the differences of three requests are added",
        session("phone", "ada", n=1),
        three("n", (2, 3, 4)),
        {"phone": has("ada", n=7)},
        added,
    )
    yield scenario(
        "add: a save in the middle counts once",
        session("phone", "ada", n=1),
        [
            *opened("phone", "A", "B"),
            *write("B", n=3),
            ["A", "sets", {"n": 2}],
            ["A", "saves"],
            ["A", "closes"],
        ],
        {"phone": has("ada", n=4)},
        added,
    )
    first_of: list[Step] = [["before", "A", "save", whole("B", "phone", ["sets", {"n": 3}])]]
    yield scenario(
        "add: a write that is tried again counts once",
        session("phone", "ada", n=1),
        [
            *opened("phone", "A", "C"),
            *write("C", n=2),
            ["A", "sets", {"n": 2}],
            ["before", "A", "load", first_of],
            ["A", "closes"],
        ],
        {"phone": has("ada", n=4)},
        added,
    )
    yield scenario(
        "add: a login carries the sum along",
        session("phone", None, n=1),
        [
            *opened("phone", "A", "B"),
            *write("B", n=3),
            ["A", "logs in", "ada"],
            *write("A", n=2),
        ],
        {"phone": has("ada", n=4)},
        added,
    )


def appended_lists() -> Iterator[Scenario]:
    """A list that one side only appended to."""
    cases: list[tuple[str, Any, Any, Any, Any]] = [
        ("into an empty list", {"l": []}, {"l": [1]}, {"l": [2]}, {"l": [1, 2]}),
        ("the same thing twice", {"l": [1]}, {"l": [1, 2]}, {"l": [1, 2]}, {"l": [1, 2, 2]}),
        ("behind what the other changed", {"l": [1]}, {"l": [1, 2]}, {"l": [9]}, {"l": [9, 2]}),
        ("behind what the other emptied", {"l": [1]}, {"l": []}, {"l": [1, 2]}, {"l": [2]}),
        (
            "what is new to a list that was taken",
            {"l": [1]},
            {"l": None},
            {"l": [1, 2]},
            {"l": [2]},
        ),
        (
            "in the depth of an object",
            {"o": {"l": [1]}},
            {"o": {"l": [1, 2]}},
            {"o": {"l": [1, 3]}},
            {"o": {"l": [1, 2, 3]}},
        ),
    ]
    for words, base, first, second, merged in cases:
        yield scenario(
            f"append: {words}",
            session("phone", "ada", a=1, **base),
            [*opened("phone", "A", "B"), *write("A", **first), *write("B", **second)],
            {"phone": has("ada", a=1, **merged), "records": 1},
        )
    yield scenario(
        "append: of two lists that were both changed otherwise the later counts",
        session("phone", "ada", l=[1]),
        [*opened("phone", "A", "B"), *write("A", l=[8]), *write("B", l=[9])],
        {"phone": has("ada", l=[9])},
    )
    yield scenario(
        "append: what three requests appended is there in the order in which they wrote",
        session("phone", "ada", l=[0]),
        three("l", ([0, 1], [0, 2], [0, 3])),
        {"phone": has("ada", l=[0, 1, 2, 3])},
    )
    yield scenario(
        "append: a save in the middle appends once",
        session("phone", "ada", l=[0]),
        [
            *opened("phone", "A", "B"),
            *write("B", l=[0, 1]),
            ["A", "sets", {"l": [0, 2]}],
            ["A", "saves"],
            ["A", "closes"],
        ],
        {"phone": has("ada", l=[0, 1, 2])},
    )


THEMES = (merges, added_numbers, appended_lists)
