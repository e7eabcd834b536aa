"""Scenarios about whose a session is, and which of a user's end."""

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


def users() -> Iterator[Scenario]:
    """The application keeps its user in the session by itself."""
    for key in ("_user_id", "_auth_user_id", "user_id", "userId", "uid", "username"):
        yield scenario(
            f"a user who appears under {key} has logged in, under a new id",
            session("phone", None, a=1),
            COPIED + whole("A", "phone", ["sets", {key: "7"}]),
            {"phone": has("7", a=1, **{key: "7"}), "thief": reason("ended"), "records": 1},
        )
    seven = session("phone", None, a=1, user_id=7)
    yield scenario(
        "another user under the user's key takes nothing along but what this request wrote",
        seven,
        COPIED + whole("A", "phone", ["sets", {"user_id": 8, "x": 1}]),
        {"phone": has("8", user_id=8, x=1), "thief": reason("ended"), "records": 1},
    )
    yield scenario(
        "a user who is taken out of the session leaves the data behind",
        seven,
        COPIED + whole("A", "phone", ["sets", {"user_id": None, "x": 1}]),
        {"phone": has(None, x=1), "thief": reason("ended"), "records": 1},
    )
    yield scenario(
        "a write in flight is not merged over a change of user",
        seven,
        [*opened("phone", "A", "B"), *write("A", user_id=8), *write("B", iban=1)],
        {"B": ends(why="ended"), "phone": has("8", user_id=8), "records": 1},
    )
    yield scenario(
        "a login by hand in flight takes nothing along of a session that another login has left",
        session("phone", None, a=1),
        [*opened("phone", "A", "B"), *write("A", user_id=7), *write("B", user_id=7, y=1)],
        {"phone": has("7", user_id=7, y=1), "records": 2},
    )
    yield scenario(
        "the user's name beside what a login told is more about the same user",
        ADA,
        COPIED + whole("A", "phone", ["sets", {"username": "Ada"}]),
        {"phone": has("ada", a=1, username="Ada"), "thief": has("ada", a=1, username="Ada")},
    )
    yield scenario(
        "another user's id beside what a login told is another login",
        ADA,
        COPIED + whole("A", "phone", ["sets", {"user_id": "bob"}]),
        {"phone": has("bob", user_id="bob"), "thief": reason("ended"), "records": 1},
    )
    yield scenario(
        "an object under `user` is known by its id",
        session("phone", None, a=1),
        whole("A", "phone", ["sets", {"user": {"id": 3, "name": "Ada"}}]),
        {"phone": has("3", a=1, user={"id": 3, "name": "Ada"})},
    )
    owner = {"user_key": "account.owner"}
    yield scenario(
        "a user under the configured key has logged in",
        session("phone", None, a=1),
        COPIED + whole("A", "phone", ["sets", {"account": {"owner": "ada"}}]),
        {"phone": has("ada", a=1, account={"owner": "ada"}), "thief": reason("ended")},
        owner,
    )
    yield scenario(
        "where a user key is configured, `user_id` is a value as any other",
        session("phone", None, a=1),
        COPIED + whole("A", "phone", ["sets", {"user_id": 7}]),
        {"phone": has(None, a=1, user_id=7), "thief": has(None, a=1, user_id=7)},
        owner,
    )
    yield scenario(
        "a revocation of all finds the sessions whose user stands in the data",
        seven + session("laptop", "eve", z=1),
        whole("A", "laptop", ["revokes all of", "7"]),
        {"phone": reason("not_found"), "laptop": has("eve", z=1), "records": 1},
    )
    for user in ("ada", "bob"):
        steps = whole("A", "phone", ["sets", {"x": 1}], ["logs in", user], ["sets", {"y": 1}])
        kept = {"a": 1} if user == "ada" else {}
        yield scenario(
            f"{user}'s login over ada's session keeps what this request wrote before",
            ADA,
            steps,
            {"phone": has(user, **kept, x=1, y=1), "records": 1},
        )


def namespaces() -> Iterator[Scenario]:
    """Applications that share a store."""
    one = {"namespace": "one"}
    others: list[tuple[str, dict[str, Any]]] = [
        ("namespace", {"namespace": "two"}),
        ("name", {"namespace": "one", "name": "other"}),
        ("audience", {"namespace": "one", "audience": "else"}),
    ]
    for what, config in others:
        yield scenario(
            f"a cookie opens nothing under another {what}",
            ADA,
            [["config", config], *whole("A", "phone")],
            {"A": ends(why="not_found"), "phone": reason("not_found"), "records": 1},
            one,
        )
        yield scenario(
            f"a revocation of all ends nothing under another {what}",
            ADA,
            [["config", config], *whole("A", "laptop", ["revokes all of", "ada"]), ["config", one]],
            {"phone": has("ada", a=1), "records": 1},
            one,
        )
    yield scenario(
        "a session that is made with the cookie of another namespace has an id of its own",
        ADA,
        [["config", {"namespace": "two"}], *whole("A", "phone", ["sets", {"x": 1}])],
        {"A": ends(cookie="set", why="not_found"), "phone": has(None, x=1), "records": 2},
        one,
    )


def revoking() -> Iterator[Scenario]:
    """Sessions in a store that others end."""
    both = ADA + session("laptop", "ada", b=1) + session("desk", "bob", c=1)
    others: Step = ["revokes all but its own of", "ada"]
    yield scenario(
        "all but its own: the others end, and this session goes on under a new id",
        both,
        COPIED + whole("A", "phone", others),
        {
            "phone": has("ada", a=1),
            "thief": reason("ended"),
            "laptop": reason("not_found"),
            "desk": has("bob", c=1),
            "records": 2,
        },
    )
    yield scenario(
        "all but its own, of another user: all of theirs end",
        both,
        whole("A", "desk", others),
        {"phone": reason("not_found"), "laptop": reason("not_found"), "desk": has("bob", c=1)},
    )
    yield scenario(
        "a write in flight does not outlive the new id that a revocation of the others gives",
        both,
        [*opened("phone", "A", "B"), ["A", *others], ["A", "closes"], *write("B", y=1)],
        {"B": ends(why="ended"), "phone": has("ada", a=1), "records": 2},
    )
    yield scenario(
        "a session that was revoked in flight ends the others and does not go on",
        both,
        [
            *opened("phone", "A"),
            *whole("B", "laptop", ["revokes", "phone"]),
            ["A", *others],
            ["A", "closes"],
        ],
        {"A": ends(why="ended"), "phone": reason("ended"), "laptop": reason("not_found")},
    )
    yield scenario(
        "of two sessions that end the others at the same time none outlives the other's",
        both,
        [
            *opened("phone", "A"),
            *opened("laptop", "B"),
            ["before", "A", "revoke", [["B", *others], ["B", "closes"]]],
            ["A", *others],
            ["A", "closes"],
        ],
        {"phone": reason("not_found"), "laptop": reason("not_found"), "records": 1},
    )
    yield scenario(
        "a revocation of the others that fails ends nothing",
        both,
        [["A", "opens", "phone"], ["store", "fails at", "save"], ["A", *others]],
        {
            "A": {"raises": ["the store's error"]},
            "phone": has("ada", a=1),
            "laptop": has("ada", b=1),
        },
    )
    yield scenario(
        "all of the user's: this request's session ends too, and its cookie goes",
        both,
        whole("A", "phone", ["revokes all of", "ada"]),
        {"A": ends(cookie="deleted"), "phone": NO_COOKIE, "laptop": reason("not_found")},
    )
    yield scenario(
        "its own by its handle: the session ends and its cookie goes",
        both,
        COPIED + whole("A", "phone", ["revokes", "phone"]),
        {"A": ends(cookie="deleted"), "phone": NO_COOKIE, "thief": reason("ended")},
    )
    yield scenario(
        "a handle of a session that has ended ends nothing more",
        both,
        [
            *COPIED,
            *whole("A", "phone", ["logs out"]),
            *whole("B", "desk", ["revokes", "thief"]),
        ],
        {"thief": reason("ended"), "desk": has("bob", c=1)},
    )
    yield scenario(
        "a write between the two actions of a revocation does not save the session",
        both,
        [
            ["A", "opens", "desk"],
            ["before", "A", "save", whole("B", "phone", ["sets", {"y": 1}])],
            ["A", "revokes", "phone"],
        ],
        {"phone": reason("ended"), "records": 2},
    )
    yield scenario(
        "what is written after a revocation in the same request is lost",
        both,
        whole("A", "phone", ["revokes", "phone"], ["sets", {"x": 1}]),
        {"A": ends(cookie="deleted"), "phone": NO_COOKIE},
    )


THEMES = (users, namespaces, revoking)
