"""What scenarios are put together from."""

from __future__ import annotations

from typing import Any

Step = list[Any]
Scenario = dict[str, Any]

REVOCABLE = {"keeps": "revocations"}


def session(browser: str, user: str | None = None, **data: Any) -> list[Step]:
    """A request before the scenario begins, that gives a browser a session."""
    came: list[Step] = [["before all", "opens", browser]]
    if user is not None:
        came.append(["before all", "logs in", user])
    return [*came, ["before all", "sets", data], ["before all", "closes"]]


def opened(browser: str, *requests: str) -> list[Step]:
    return [[request, "opens", browser] for request in requests]


def write(request: str, **data: Any) -> list[Step]:
    """A request that has come writes, and ends."""
    return [[request, "sets", data], [request, "closes"]]


def whole(request: str, browser: str, *commands: Step) -> list[Step]:
    """A whole request: ``commands`` without its name."""
    steps = [[request, *command] for command in commands]
    return [[request, "opens", browser], *steps, [request, "closes"]]


def has(user: str | None, /, **data: Any) -> dict[str, Any]:
    return {"user": user, "data": data}


def reason(code: str) -> dict[str, str]:
    return {"reason": code}


NO_COOKIE = reason("no_cookie")


def ends(
    *, cookie: str = "none", why: str | None = None, raises: list[str] | None = None
) -> dict[str, Any]:
    return {"cookie": cookie, "reason": why, "raises": raises or []}


def scenario(
    name: str,
    given: list[Step],
    steps: list[Step],
    outcome: dict[str, Any],
    config: dict[str, Any] | None = None,
) -> Scenario:
    return {
        "name": name,
        "config": config or {},
        "given": given,
        "steps": steps,
        "outcome": outcome,
    }
