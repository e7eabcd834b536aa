"""Scenarios one by one, by theme."""

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
LOGOUT: list[Step] = [["B", "logs out"], ["B", "closes"]]
A_DAY = 86_400


def tombstones() -> Iterator[Scenario]:
    """What is left of a session that has ended, for a minute."""
    copied: list[Step] = [["browser", "thief", "copies", "phone"]]
    out = copied + whole("A", "phone", ["logs out"])
    yield scenario(
        "a copied cookie opens nothing after the logout",
        ADA,
        out,
        {"phone": NO_COOKIE, "thief": reason("ended"), "records": 0},
    )
    yield scenario(
        "a tombstone says `ended` for a minute",
        ADA,
        [*out, ["clock", 60]],
        {"thief": reason("ended")},
    )
    yield scenario(
        "a tombstone older than a minute is as if nothing had been there",
        ADA,
        [*out, ["clock", 61]],
        {"thief": reason("not_found")},
    )
    yield scenario(
        "a request with the cookie of a session that has just ended sets none over a newer one",
        ADA,
        out + whole("B", "thief", ["sets", {"b": 1}]),
        {"B": ends(why="ended"), "thief": reason("ended"), "records": 0},
    )
    yield scenario(
        "a minute after the end the same cookie begins a session under another id",
        ADA,
        [*out, ["clock", 61], *whole("B", "thief", ["sets", {"b": 1}])],
        {"B": ends(cookie="set", why="not_found"), "thief": has(None, b=1), "records": 1},
    )
    yield scenario(
        "a login with the cookie of a session that has just ended is a session of its own",
        ADA,
        out + whole("B", "thief", ["logs in", "bob"], ["sets", {"b": 1}]),
        {"B": ends(cookie="set", why="ended"), "thief": has("bob", b=1), "records": 1},
    )
    yield scenario(
        "an id that was made up is not adopted",
        [],
        [["browser", "phone", "has", "x" * 43], *whole("A", "phone", ["sets", {"a": 1}])],
        {"A": ends(cookie="set", why="not_found"), "phone": has(None, a=1), "records": 1},
    )
    yield scenario(
        "an id that was made up is not adopted by a login",
        [],
        [["browser", "phone", "has", "x" * 43], *whole("A", "phone", ["logs in", "ada"])],
        {"A": ends(cookie="set", why="not_found"), "phone": has("ada"), "records": 1},
    )
    yield scenario(
        "a cookie that is no id is malformed, and the request has a session of its own",
        [],
        [["browser", "phone", "has", "no id"], *whole("A", "phone", ["sets", {"a": 1}])],
        {"A": ends(cookie="set", why="malformed"), "phone": has(None, a=1)},
    )
    two_logouts = [*opened("phone", "A", "B"), ["A", "logs out"], ["A", "closes"], *LOGOUT]
    yield scenario(
        "two logouts at once are one",
        ADA,
        two_logouts,
        {"A": ends(cookie="deleted"), "B": ends(cookie="deleted"), "records": 0},
    )
    yield scenario(
        "what follows a logout in the same request has a new id and nothing of what was",
        ADA,
        copied + whole("A", "phone", ["logs out"], ["sets", {"b": 1}]),
        {"phone": has(None, b=1), "thief": reason("ended"), "records": 1},
    )
    yield scenario(
        "a login after a logout in one request takes nothing along",
        ADA,
        copied + whole("A", "phone", ["logs out"], ["logs in", "bob"], ["sets", {"b": 1}]),
        {"phone": has("bob", b=1), "thief": reason("ended"), "records": 1},
    )
    yield scenario(
        "a session that is emptied ends",
        session("phone", None, a=1),
        copied + whole("A", "phone", ["sets", {"a": None}]),
        {"A": ends(cookie="deleted"), "phone": NO_COOKIE, "thief": reason("ended"), "records": 0},
    )
    yield scenario(
        "a session that a login made lives on when its data go",
        ADA,
        whole("A", "phone", ["sets", {"a": None}]),
        {"phone": has("ada"), "records": 1},
    )


def two_ids() -> Iterator[Scenario]:
    """A browser that sends two cookies of the name."""
    both = [*session("phone", "ada", a=1), ["clock", 5], *session("laptop", "ada", b=1)]
    yield scenario(
        "of two sessions that live the one that was written last counts",
        both,
        [["A", "opens", "phone", "laptop"], ["A", "sets", {"c": 1}], ["A", "closes late"]],
        {"laptop": has("ada", b=1, c=1), "phone": has("ada", a=1)},
    )
    yield scenario(
        "the order of two cookies does not matter",
        both,
        [["A", "opens", "laptop", "phone"], ["A", "sets", {"c": 1}], ["A", "closes late"]],
        {"laptop": has("ada", b=1, c=1), "phone": has("ada", a=1)},
    )
    gone = whole("B", "laptop", ["logs out"])
    kept: list[Step] = [["browser", "old", "copies", "laptop"]]
    yield scenario(
        "of one that ended and one that lives the living counts",
        both,
        [
            *kept,
            *gone,
            ["A", "opens", "old", "phone"],
            ["A", "sets", {"c": 1}],
            ["A", "closes late"],
        ],
        {"A": ends(cookie="set"), "phone": has("ada", a=1, c=1), "old": reason("ended")},
    )
    yield scenario(
        "where both have ended nothing is made and no cookie set",
        both,
        [
            *kept,
            *gone,
            ["browser", "older", "copies", "phone"],
            *whole("C", "phone", ["logs out"]),
            ["A", "opens", "old", "older"],
            ["A", "sets", {"c": 1}],
            ["A", "closes"],
        ],
        {"A": ends(why="ended"), "records": 0},
    )
    yield scenario(
        "an id that was made up beside one that lives changes nothing",
        ADA,
        [
            ["browser", "forger", "has", "x" * 43],
            ["A", "opens", "forger", "phone"],
            ["A", "sets", {"c": 1}],
            ["A", "closes late"],
        ],
        {"phone": has("ada", a=1, c=1), "records": 1},
    )
    yield scenario(
        "a logout ends the session that counts, and deletes the cookie",
        both,
        [["A", "opens", "phone", "laptop"], ["A", "logs out"], ["A", "closes late"]],
        {"A": ends(cookie="deleted"), "laptop": reason("ended"), "phone": has("ada", a=1)},
    )


def late() -> Iterator[Scenario]:
    """Responses that reach the browser in another order than they were made."""
    yield scenario(
        "a write's late response does not bring the cookie back that a logout deleted",
        ADA,
        [
            *opened("phone", "A", "B"),
            ["B", "sets", {"b": 1}],
            ["B", "closes late"],
            ["A", "logs out"],
            ["A", "closes"],
            ["B", "arrives"],
        ],
        {"phone": reason("ended"), "records": 0},
    )
    yield scenario(
        "a write that comes after a logout has no cookie to bring back",
        ADA,
        [*opened("phone", "A", "B"), ["A", "logs out"], ["A", "closes"], *write("B", b=1)],
        {"B": ends(why="ended"), "phone": NO_COOKIE, "records": 0},
    )
    yield scenario(
        "a reader's late response says nothing, so a login's cookie stays",
        session("phone", None, a=1),
        [
            *opened("phone", "A", "B"),
            ["A", "closes late"],
            ["B", "logs in", "ada"],
            ["B", "closes"],
            ["A", "arrives"],
        ],
        {"A": ends(), "phone": has("ada", a=1)},
    )
    yield scenario(
        "a write's late response after a login brings only the old id back, which has ended",
        session("phone", None, a=1),
        [
            *opened("phone", "A", "B"),
            ["A", "sets", {"x": 1}],
            ["A", "closes late"],
            ["B", "logs in", "ada"],
            ["B", "closes"],
            ["A", "arrives"],
        ],
        {"phone": reason("ended"), "records": 1},
    )
    yield scenario(
        "two first requests make a session each, and the later response counts",
        [],
        [*opened("phone", "A", "B"), *write("A", a=1), *write("B", b=1)],
        {"phone": has(None, b=1), "records": 2},
    )
    yield scenario(
        "a reader sets no cookie and asks the store once",
        ADA,
        whole("A", "phone"),
        {"A": ends(), "phone": has("ada", a=1)},
    )
    yield scenario(
        "a request without a cookie that only reads asks the store nothing",
        [],
        whole("A", "phone"),
        {"A": ends(why="no_cookie"), "phone": NO_COOKIE, "records": 0},
    )


def retries() -> Iterator[Scenario]:
    """Other requests are first, and first again, while a write is tried."""
    between: list[tuple[str, list[Step], dict[str, Any], str]] = [
        ("a logout", LOGOUT, ends(why="ended"), "no_cookie"),
        ("a revocation", [["R", "revokes", "phone"], ["R", "closes"]], ends(why="ended"), "ended"),
        (
            "a revocation of all",
            [["R", "revokes all of", "ada"], ["R", "closes"]],
            ends(why="ended"),
            "not_found",
        ),
    ]
    given = ADA + session("laptop", "eve", z=1)
    first: list[Step] = [
        *opened("phone", "A", "C"),
        *write("C", c=1),
        # Who meets A while it tries again would wait for its turn.
        ["B", "opens", "phone"],
        ["R", "opens", "laptop"],
        ["A", "sets", {"x": 1}],
    ]
    for what, steps, end, why in between:
        for at in ("load", "save"):
            moment = "reads again" if at == "load" else "writes again"
            inside: Step = ["before", "A", at, steps]
            if at == "save":
                # Its first save is the one that meets the other write.
                inside = ["before", "A", "load", [["before", "A", "save", steps]]]
            yield scenario(
                f"{what} during a retry, before it {moment}, is not undone",
                given,
                [*first, inside, ["A", "closes"]],
                {"A": end, "phone": reason(why), "records": 1},
            )
        for verb in ("logs in", "regenerates"):
            command: Step = ["A", verb, "ada"] if verb == "logs in" else ["A", verb]
            is_login = verb == "logs in"
            found = has("ada", x=1) if is_login else reason(why)
            name = "a login" if is_login else "a new id"
            # After a revocation of all the login's session is the one that lives.
            yield scenario(
                f"{what} during the retry of {name} is not undone",
                given,
                [*first[:-1], command, first[-1], ["before", "A", "load", steps], ["A", "closes"]],
                {"A": ends(cookie="set") if is_login else end, "phone": found},
            )
    yield from rotations()
    yield from many_tries()


def rotations() -> Iterator[Scenario]:
    for command, whose in (
        (["A", "logs in", "ada"], "a login"),
        (["A", "regenerates"], "a new id"),
    ):
        steps: list[Step] = [*opened("phone", "A", "B"), command, ["A", "sets", {"x": 1}]]
        user = "ada" if "login" in whose else None
        twice: Step = ["before", "A", "save", write("B", b=1)]
        again: Step = ["before", "A", "load", whole("C", "phone", ["sets", {"c": 1}])]
        yield scenario(
            f"{whose} carries along what two others have written meanwhile",
            session("phone", None, a=1),
            [*steps, twice, again, ["A", "closes"]],
            {"phone": has(user, a=1, b=1, c=1, x=1), "records": 1},
        )
        yield scenario(
            f"{whose} carries along what others took out meanwhile",
            session("phone", None, a=1, d=1),
            [*steps, ["before", "A", "save", write("B", d=None)], ["A", "closes"]],
            {"phone": has(user, a=1, x=1), "records": 1},
        )
    yield scenario(
        "a login over another user's session takes nothing along of what others have written",
        session("phone", "bob", a=1),
        [
            *opened("phone", "A", "B"),
            ["A", "logs in", "ada"],
            ["A", "sets", {"x": 1}],
            ["before", "A", "save", write("B", b=1)],
            ["A", "closes"],
        ],
        {"phone": has("ada", x=1), "records": 1},
    )


def many_tries() -> Iterator[Scenario]:
    def contested(times: int) -> list[Step]:
        """A write that others are first of, so often."""
        inside: list[Step] = []
        for at in reversed(range(times)):
            other = whole(f"B{at}", "phone", ["sets", {f"b{at}": 1}])
            inside = [["before", "A", "save", [*other, *inside]]]
        return [*opened("phone", "A"), ["A", "sets", {"x": 1}], *inside, ["A", "closes"]]

    others = {f"b{at}": 1 for at in range(16)}
    yield scenario(
        "a write that others are first of fifteen times is made at the sixteenth",
        ADA,
        contested(15),
        {"A": ends(cookie="set"), "phone": has("ada", a=1, x=1, **dict(list(others.items())[:15]))},
    )
    yield scenario(
        "a write that others are first of sixteen times is an error, and theirs are kept",
        ADA,
        contested(16),
        {"A": ends(why="conflict", raises=["conflict"]), "phone": has("ada", a=1, **others)},
    )


THEMES = (tombstones, two_ids, late, retries)
