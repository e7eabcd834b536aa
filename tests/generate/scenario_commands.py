"""Scenarios of the commands that a front adds to a login: save, destroy, touch, reload, a label."""

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
DESTROY: list[Step] = [["A", "destroys"], ["A", "closes"]]
LOGOUT: list[Step] = [["B", "logs out"], ["B", "closes"]]
LOGIN: list[Step] = [["B", "logs in", "bob"], *write("B", y=1)]
IDLE = {"policy": {"idle": 1_000}}


def cookie_due() -> Iterator[Scenario]:
    """A save in the middle, and the cookie that is due for it in the head."""
    yield scenario(
        "a session that was saved in the middle has its cookie in the head",
        [],
        whole("A", "phone", ["sets", {"a": 1}], ["saves"]),
        {"A": ends(cookie="set", why="no_cookie"), "phone": has(None, a=1), "records": 1},
    )
    yield scenario(
        "a session that was saved twice is made once",
        [],
        whole("A", "phone", ["sets", {"a": 1}], ["saves"], ["sets", {"b": 1}], ["saves"]),
        {"A": ends(cookie="set", why="no_cookie"), "phone": has(None, a=1, b=1), "records": 1},
    )
    yield scenario(
        "a login that was saved in the middle has its cookie in the head",
        session("phone", None, a=1),
        whole("A", "phone", ["logs in", "ada"], ["saves"]),
        {"A": ends(cookie="set"), "phone": has("ada", a=1), "records": 1},
    )
    yield scenario(
        "a logout after a save in the middle ends what was saved, and no cookie is due",
        [],
        whole("A", "phone", ["sets", {"a": 1}], ["saves"], ["logs out"]),
        {"A": {"cookie": "none"}, "phone": NO_COOKIE, "records": 0},
    )
    yield scenario(
        "a logout that was saved in the middle deletes the cookie in the head",
        ADA,
        whole("A", "phone", ["logs out"], ["saves"]),
        {"A": ends(cookie="deleted"), "phone": NO_COOKIE, "records": 0},
    )
    yield scenario(
        "two logins in one request, each saved, leave one session",
        [],
        whole("A", "phone", ["logs in", "ada"], ["saves"], ["logs in", "bob"], ["saves"]),
        {"A": ends(cookie="set", why="no_cookie"), "phone": has("bob"), "records": 1},
    )
    yield scenario(
        "a login twice in one request draws one id",
        session("phone", None, a=1),
        whole("A", "phone", ["logs in", "ada"], ["logs in", "ada"]),
        {"phone": has("ada", a=1), "records": 1},
    )
    yield scenario(
        "a new id after a login in one request loses nothing",
        session("phone", None, a=1),
        whole("A", "phone", ["logs in", "ada"], ["regenerates"], ["sets", {"x": 1}]),
        {"phone": has("ada", a=1, x=1), "records": 1},
    )
    yield scenario(
        "a save in the middle that meets a logout ends the request's session too",
        ADA,
        [
            *opened("phone", "A", "B"),
            *LOGOUT,
            ["A", "sets", {"x": 1}],
            ["A", "saves"],
            ["A", "closes"],
        ],
        {"A": ends(why="ended"), "phone": NO_COOKIE, "records": 0},
    )


def destroys() -> Iterator[Scenario]:
    """The end of a session, told to the store at once."""
    gone = {"A": ends(cookie="deleted"), "phone": NO_COOKIE, "records": 0}
    yield scenario(
        "a session that was destroyed leaves no record, and no copy of its cookie opens",
        ADA,
        COPIED + whole("A", "phone", ["destroys"]),
        gone | {"thief": reason("ended")},
    )
    yield scenario(
        "what is set after the end is not kept",
        ADA,
        whole("A", "phone", ["destroys"], ["sets", {"b": 1}]),
        gone,
    )
    yield scenario(
        "a session that was destroyed twice ends once",
        ADA,
        whole("A", "phone", ["destroys"], ["destroys"]),
        gone,
    )
    yield scenario(
        "a session that was saved and destroyed in one request has no cookie",
        [],
        whole("A", "phone", ["sets", {"a": 1}], ["saves"], ["destroys"]),
        {"A": {"cookie": "none"}, "phone": NO_COOKIE, "records": 0},
    )
    yield scenario(
        "a login after the end is a session of its own",
        ADA,
        COPIED + whole("A", "phone", ["destroys"], ["logs in", "bob"], ["sets", {"b": 1}]),
        {"phone": has("bob", b=1), "thief": reason("ended"), "records": 1},
    )
    others: list[tuple[str, list[Step], dict[str, Any], dict[str, Any]]] = [
        ("a write", write("B", y=1), ends(why="ended"), NO_COOKIE),
        ("a login", LOGIN, ends(cookie="set"), has("bob", y=1)),
        ("a new id", [["B", "regenerates"], *write("B", y=1)], ends(why="ended"), NO_COOKIE),
        ("a logout", LOGOUT, ends(cookie="deleted"), NO_COOKIE),
        ("a second end", [["B", "destroys"], ["B", "closes"]], ends(cookie="deleted"), NO_COOKIE),
    ]
    for what, steps, end, found in others:
        yield scenario(
            f"{what} in flight does not undo the end of the session",
            ADA,
            [*COPIED, *opened("phone", "A", "B"), *DESTROY, *steps],
            {"B": end, "phone": found, "thief": reason("ended")},
        )
        yield scenario(
            f"the end of a session that meets {what} deletes the cookie",
            ADA,
            [*COPIED, *opened("phone", "A", "B"), *steps, *DESTROY],
            {"A": ends(cookie="deleted"), "phone": NO_COOKIE, "thief": reason("ended")},
        )
    yield scenario(
        "the end of a session that a write is first of is tried again",
        ADA,
        [*opened("phone", "A", "B"), ["before", "A", "save", write("B", b=1)], *DESTROY],
        gone,
    )
    yield scenario(
        "the end of a session of which the store does not hear is an error, and the session lives",
        ADA,
        [["store", "fails at", "save"], *whole("A", "phone", ["destroys"])],
        {
            "A": ends(why="unavailable", raises=["the store's error"]),
            "phone": has("ada", a=1),
            "records": 1,
        },
    )
    yield scenario(
        "a copy of a session in its cookie is ended with it",
        ADA,
        COPIED + whole("A", "phone", ["destroys"]),
        {"A": ends(cookie="deleted"), "phone": NO_COOKIE, "thief": reason("revoked")},
        REVOCABLE,
    )


def touches() -> Iterator[Scenario]:
    """The idle time begins anew though nothing changed."""
    for steps, words, found in (
        ([["touches"]], "a touch begins the idle time anew", has("ada", a=1)),
        (
            [],
            "a reader begins the idle time anew only when a part of it is over",
            reason("expired"),
        ),
    ):
        yield scenario(
            words,
            ADA,
            [["clock", 100], *whole("A", "phone", *steps), ["clock", 950]],
            {"A": {"raises": []}, "phone": found},
            IDLE,
        )
    yield scenario(
        "a touch does not move the absolute end",
        ADA,
        [["clock", 50], *whole("A", "phone", ["touches"]), ["clock", 60]],
        {"phone": reason("expired")},
        {"policy": {"absolute": 100}},
    )
    touch: list[Step] = [["A", "touches"], ["A", "closes"]]
    both = opened("phone", "A", "B")
    yield scenario(
        "a touch after a write in flight keeps what was written",
        ADA,
        [*both, *write("B", b=1), *touch],
        {"phone": has("ada", a=1, b=1), "records": 1},
    )
    yield scenario(
        "a write after a touch in flight is kept",
        ADA,
        [*both, *touch, *write("B", b=1)],
        {"phone": has("ada", a=1, b=1), "records": 1},
    )
    yield scenario(
        "a touch in flight does not undo a logout",
        ADA,
        [*COPIED, *both, *LOGOUT, *touch],
        {"A": ends(why="ended"), "phone": NO_COOKIE, "thief": reason("ended"), "records": 0},
    )
    yield scenario(
        "a touch where there is no session makes none",
        [],
        whole("A", "phone", ["touches"]),
        {"A": ends(why="no_cookie"), "phone": NO_COOKIE, "records": 0},
    )
    yield scenario(
        "a touch after a logout in the same request brings nothing back",
        ADA,
        whole("A", "phone", ["logs out"], ["touches"]),
        {"A": ends(cookie="deleted"), "phone": NO_COOKIE, "records": 0},
    )
    yield scenario(
        "a touch and a change are one write",
        ADA,
        whole("A", "phone", ["touches"], ["sets", {"b": 1}]),
        {"phone": has("ada", a=1, b=1), "records": 1},
    )
    yield scenario(
        "a touch of a session in its cookie seals it again",
        ADA,
        whole("A", "phone", ["touches"]),
        {"A": ends(cookie="set"), "phone": has("ada", a=1)},
        REVOCABLE,
    )


def reloads() -> Iterator[Scenario]:
    """The session as it is in the store now, in place of what the handler has."""
    both = opened("phone", "A", "B")
    yield scenario(
        "a session that is read again has what others wrote meanwhile",
        ADA,
        [*both, *write("B", b=1), ["A", "reloads"], *write("A", x=1)],
        {"phone": has("ada", a=1, b=1, x=1), "records": 1},
    )
    yield scenario(
        "what the handler changed before it reads again is not written",
        ADA,
        whole("A", "phone", ["sets", {"x": 1}], ["reloads"]),
        {"A": ends(), "phone": has("ada", a=1)},
    )
    yield scenario(
        "what was saved before the session is read again is there",
        ADA,
        whole("A", "phone", ["sets", {"x": 1}], ["saves"], ["reloads"], ["sets", {"y": 1}]),
        {"phone": has("ada", a=1, x=1, y=1), "records": 1},
    )
    yield scenario(
        "what others wrote can be taken out by who has read again",
        ADA,
        [*both, *write("B", b=1), ["A", "reloads"], *write("A", b=None)],
        {"phone": has("ada", a=1)},
    )
    endings: list[tuple[str, list[Step]]] = [
        ("that another request ended", LOGOUT),
        ("that another request left for a login", LOGIN),
        ("that was revoked", [["B", "revokes", "phone"], ["B", "closes"]]),
    ]
    for what, steps in endings:
        yield scenario(
            f"a session {what} can't be read again, and stays ended",
            ADA,
            [*COPIED, *both, *steps, ["A", "reloads"], *write("A", x=1)],
            {"A": ends(why="ended", raises=["not_found"]), "thief": reason("ended")},
        )
    yield scenario(
        "where no session came in there is none to be read again",
        [],
        whole("A", "phone", ["reloads"]),
        {"A": ends(why="no_cookie", raises=["not_found"]), "records": 0},
    )


def labels() -> Iterator[Scenario]:
    """What a user knows a session by."""
    given: list[Step] = [
        ["before all", "opens", "phone"],
        ["before all", "logs in", "ada", "Firefox"],
        ["before all", "closes"],
    ]
    keeping: list[tuple[str, list[Step]]] = [
        ("a write", [["sets", {"a": 1}]]),
        ("a touch", [["touches"]]),
        ("a new id", [["regenerates"]]),
        ("the revocation of all others", [["revokes all but its own of", "ada"]]),
    ]
    for what, commands in keeping:
        yield scenario(
            f"{what} keeps the session's label",
            given,
            whole("A", "phone", *commands),
            {"phone": {"user": "ada"}, "labels": ["Firefox"]},
        )
    for what, command, labels in (
        ("a login without a label", ["logs in", "ada"], []),
        ("a login with another label", ["logs in", "ada", "Safari"], ["Safari"]),
        ("a logout", ["logs out"], []),
        ("the end of the session", ["destroys"], []),
    ):
        yield scenario(
            f"{what} forgets the label that was",
            given,
            whole("A", "phone", command),
            {"labels": labels},
        )
    yield scenario(
        "a label lives through a write that another request is first of",
        given,
        [*opened("phone", "A", "B"), *write("B", b=1), *write("A", x=1)],
        {"phone": has("ada", b=1, x=1), "labels": ["Firefox"]},
    )
    yield scenario(
        "a label of more than 200 bytes is cut at a character",
        [],
        whole("A", "phone", ["logs in", "ada", "é" * 101]),
        {"labels": ["é" * 100]},
    )


THEMES = (cookie_due, destroys, touches, reloads, labels)
