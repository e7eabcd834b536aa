"""Scenarios from tables: every command in flight with every other; the store out of order."""

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
    write,
)

WORDS = {
    "write": "a write",
    "login ada": "ada's login",
    "login bob": "bob's login",
    "logout": "a logout",
    "regenerate": "a new id",
    "revoke": "the revocation of the session",
    "revoke_all": "the revocation of all of ada's",
}
MOVES = ("login ada", "login bob", "regenerate")
IN_FLIGHT = ("write", "login ada", "login bob", "logout", "regenerate")


def command(request: str, what: str, key: str) -> list[Step]:
    """What a request does before it closes."""
    verb, _, user = what.partition(" ")
    if verb == "login":
        return [[request, "logs in", user], [request, "sets", {key: 1}]]
    if verb == "logout":
        return [[request, "logs out"]]
    if verb == "regenerate":
        return [[request, "regenerates"], [request, "sets", {key: 1}]]
    if verb == "revoke":
        return [[request, "revokes", "phone"]]
    if verb == "revoke_all":
        return [[request, "revokes all of", "ada"]]
    return [[request, "sets", {key: 1}]]


def after(what: str, owner: str | None, data: dict[str, Any], key: str) -> dict[str, Any]:
    """What a command makes of a session that nobody else touches."""
    verb, _, user = what.partition(" ")
    if verb == "logout":
        return NO_COOKIE
    if verb == "login":
        # Another user's data stay behind, a nobody's come along.
        is_others = owner is not None and owner != user
        return has(user, **({} if is_others else data), **{key: 1})
    return has(owner, **data, **{key: 1})


def second(
    what: str, first: str, owner: str | None
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """How a request ends that meets what the first has done, and what its browser has by it.

    ``None`` is what it has by the first request.
    """
    verb, _, user = what.partition(" ")
    if verb == "logout":
        return ends(cookie="deleted"), NO_COOKIE
    if first == "write":
        is_new = verb in ("login", "regenerate")
        kept = {"a": 1, "x": 1}
        return ends(cookie="set"), after(what, owner, kept, "y") | {"is_new": is_new}
    if verb == "login":
        # It proves a user of its own, and takes nothing along of what has ended.
        return ends(cookie="set"), has(user, y=1)
    return ends(why="ended"), None


def overlaps() -> Iterator[Scenario]:
    """The first request has ended when the second one, that has read the same, writes."""
    for owner in (None, "ada"):
        for first in WORDS:
            if first == "revoke_all" and owner is None:
                continue
            for what in IN_FLIGHT:
                yield overlap(owner, first, what)


def overlap(owner: str | None, first: str, what: str) -> Scenario:
    whose = owner or "nobody"
    is_revoked = first.startswith("revoke")
    one = "laptop" if is_revoked else "phone"
    given = session("phone", owner, a=1)
    if is_revoked:
        # A session of its own, from which the other is ended.
        given += session("laptop", "eve", z=1)
    steps = [["A", "opens", one], ["B", "opens", "phone"]]
    steps += [*command("A", first, "x"), ["A", "closes"], *command("B", what, "y"), ["B", "closes"]]
    end, found = second(what, first, owner)
    if found is None:
        by_first = {"revoke": reason("ended"), "revoke_all": reason("not_found")}
        found = by_first.get(first) or after(first, owner, {"a": 1}, "x")
    found.pop("is_new", None)
    name = f"{whose}'s session: {WORDS[first]} comes first, {WORDS[what]} is in flight"
    return scenario(name, given, steps, {"B": end, "phone": found})


def between() -> Iterator[Scenario]:
    """The second request ends when the first has left its record, and not made the new one."""
    for owner in (None, "ada"):
        for first in MOVES:
            for what in ("write", "login bob", "logout", "regenerate"):
                steps = opened("phone", "A", "B") + command("A", first, "x")
                inside = [*command("B", what, "y"), ["B", "closes"]]
                steps += [["before", "A", "create", inside], ["A", "closes"]]
                end, _ = second(what, first, owner)
                # The first request's answer is the later one.
                outcome = {
                    "A": ends(cookie="set"),
                    "B": end,
                    "phone": after(first, owner, {"a": 1}, "x"),
                }
                name = (
                    f"{owner or 'nobody'}'s session: {WORDS[what]} in the middle of {WORDS[first]}"
                )
                yield scenario(name, session("phone", owner, a=1), steps, outcome)


PLACES = {
    # What is done, at which action the store fails; what the browser finds if it has not done it,
    # and if it has.
    "a session is made": ("create", [], [["A", "sets", {"x": 1}]], NO_COOKIE, NO_COOKIE, False),
    "a session is written": (
        "save",
        session("phone", "ada", a=1),
        [["A", "sets", {"x": 1}]],
        has("ada", a=1),
        has("ada", a=1, x=1),
        False,
    ),
    "a login leaves the old record": (
        "save",
        session("phone", None, a=1),
        command("A", "login ada", "x"),
        has(None, a=1),
        reason("ended"),
        True,
    ),
    "a login makes the new record": (
        "create",
        session("phone", None, a=1),
        command("A", "login ada", "x"),
        reason("ended"),
        reason("ended"),
        True,
    ),
    "a first login makes the record": (
        "create",
        [],
        command("A", "login ada", "x"),
        NO_COOKIE,
        NO_COOKIE,
        True,
    ),
    "rights change and the old record is left": (
        "save",
        session("phone", "ada", a=1),
        command("A", "regenerate", "x"),
        has("ada", a=1),
        reason("ended"),
        True,
    ),
    "rights change and the new record is made": (
        "create",
        session("phone", "ada", a=1),
        command("A", "regenerate", "x"),
        reason("ended"),
        reason("ended"),
        True,
    ),
    "a logout ends the record": (
        "save",
        session("phone", "ada", a=1),
        command("A", "logout", "x"),
        has("ada", a=1),
        reason("ended"),
        True,
    ),
}


def outages() -> Iterator[Scenario]:
    """The store fails, at each place and under each policy."""
    for policy in ("error", "empty"):
        config = {"outage": policy} if policy == "empty" else {}
        said = f"outage is {policy!r}"
        for place, (at, given, commands, not_done, done, is_told) in PLACES.items():
            for word, found in (("at", not_done), ("after", done)):
                steps = [["A", "opens", "phone"], ["store", f"fails {word}", at]]
                steps += [*commands, ["A", "closes"]]
                # Nobody is to believe that they have logged in or out.
                raises = ["the store's error"] if is_told or policy == "error" else []
                end = ends(why="unavailable", raises=raises)
                name = f"the store fails {word} the action by which {place}; {said}"
                yield scenario(name, given, steps, {"A": end, "phone": found}, config)
        yield from outages_of_loads(policy, config)
        yield from outages_of_revocations(policy, config)


def outages_of_loads(policy: str, config: dict[str, Any]) -> Iterator[Scenario]:
    given = session("phone", "ada", a=1)
    said = f"outage is {policy!r}"
    out: list[Step] = [["store", "fails at", "load"], ["A", "opens", "phone"]]
    is_error = policy == "error"
    steps = out if is_error else out + write("A", x=1)
    end = {"raises": ["the store's error"]} if is_error else ends(why="unavailable")
    kept = {"phone": has("ada", a=1)}
    yield scenario(
        f"the store fails when a session is read; {said}", given, steps, kept | {"A": end}, config
    )
    if not is_error:
        for word, verb in (("login", ["logs in", "bob"]), ("logout", ["logs out"])):
            steps = [*out, ["A", *verb], ["A", "closes"]]
            end = ends(why="unavailable", raises=["unavailable"])
            name = f"a {word} is an error where the session could not be read; {said}"
            yield scenario(name, given, steps, kept | {"A": end}, config)
    raises = ["the store's error"] if is_error else []
    end = ends(why="unavailable", raises=raises)
    for again in ("load", "save"):
        steps = [*opened("phone", "A", "B"), *write("B", y=1), ["A", "sets", {"x": 1}]]
        if again == "load":
            steps += [["store", "fails at", "load"], ["A", "closes"]]
        else:
            steps += [["before", "A", "load", [["store", "fails at", "save"]]], ["A", "closes"]]
        outcome = {"A": end, "phone": has("ada", a=1, y=1)}
        name = f"the store fails at the {again} of a second try; {said}"
        yield scenario(name, given, steps, outcome, config)


def outages_of_revocations(policy: str, config: dict[str, Any]) -> Iterator[Scenario]:
    given = session("phone", "ada", a=1) + session("laptop", "ada", b=1)
    said = f"outage is {policy!r}"
    cases = (
        ("at", "load", ["revokes", "phone"], "one session is revoked", has("ada", a=1)),
        ("at", "save", ["revokes", "phone"], "one session is revoked", has("ada", a=1)),
        ("after", "save", ["revokes", "phone"], "one session is revoked", reason("ended")),
        ("at", "revoke", ["revokes all of", "ada"], "all are revoked", has("ada", a=1)),
        ("after", "revoke", ["revokes all of", "ada"], "all are revoked", reason("not_found")),
    )
    for word, at, verb, what, found in cases:
        steps = [["A", "opens", "laptop"], ["store", f"fails {word}", at], ["A", *verb]]
        outcome = {"A": {"raises": ["the store's error"]}, "phone": found}
        name = f"the store fails {word} the {at} by which {what}; {said}"
        yield scenario(name, given, steps, outcome, config)


THEMES = (overlaps, between, outages)
