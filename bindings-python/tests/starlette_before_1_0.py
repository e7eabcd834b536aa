"""Starlette before 1.0: a session is a plain dict, and every response has its cookie.

Run by `tests/matrix`, where such a Starlette is installed.
"""

from __future__ import annotations

from typing import Any

import pytest
from conftest import SECRET, Clock
from shortcrust.starlette import SessionMiddleware
from shortcrust.stores import AsyncMemoryStore
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware as Stock
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from test_starlette import Exact, client_of, cookies, setter, signed

each_front = pytest.mark.parametrize("front", [Stock, SessionMiddleware, Exact])
OWN: list[dict[str, Any]] = [{"format": "sealed"}, {"format": "starlette", "meta": "payload"}]


@each_front
def test_every_response_has_the_cookie_anew(front: Any, clock: Clock) -> None:
    client = client_of(front, login=setter(user="ada"))
    client.get("/login")
    clock.advance(days=13)
    for path in ("/show", "/page"):
        assert cookies(client.get(path)) == [
            f"session={signed({'user': 'ada'})}; path=/; Max-Age=1209600; httponly; samesite=lax"
        ]
    clock.advance(days=13)
    assert client.get("/show").json() == {"user": "ada"}


@each_front
def test_no_response_varies(front: Any, clock: Clock) -> None:
    client = client_of(front, login=setter(user="ada"))
    assert "Vary" not in client.get("/login").headers
    assert "Vary" not in client.get("/show").headers


@each_front
def test_a_nested_change_is_saved(front: Any, clock: Clock) -> None:
    client = client_of(
        front, login=setter(cart=[]), add=lambda session: session["cart"].append("tea")
    )
    client.get("/login")
    client.get("/add")
    assert client.get("/show").json() == {"cart": ["tea"]}


@each_front
def test_an_age_of_zero_has_no_max_age(front: Any, clock: Clock) -> None:
    client = client_of(front, options={"max_age": 0}, login=setter(user="ada"))
    assert cookies(client.get("/login")) == [
        f"session={signed({'user': 'ada'})}; path=/; httponly; samesite=lax"
    ]


def test_partitioned_is_ours_before_it_was_starlettes(clock: Clock) -> None:
    options = {"partitioned": True, "https_only": True}
    client = client_of(SessionMiddleware, options=options, login=setter(user="ada"))
    (cookie,) = cookies(client.get("/login"))
    assert cookie.endswith("httponly; samesite=lax; secure; partitioned")


@pytest.mark.parametrize("options", OWN, ids=str)
def test_our_own_front_writes_only_what_changed_and_varies_by_what_was_read(
    options: dict[str, Any], clock: Clock
) -> None:
    client = client_of(SessionMiddleware, options=options, login=setter(user="ada"))
    assert client.get("/login").headers["Vary"] == "Cookie"
    read, untouched = client.get("/show"), client.get("/page")
    assert (cookies(read), read.headers["Vary"]) == ([], "Cookie")
    assert (cookies(untouched), "Vary" in untouched.headers) == ([], False)


CHANGES: list[Any] = [
    lambda session: session.update(n=2),
    lambda session: session.setdefault("m", 2),
    lambda session: session.pop("n"),
    lambda session: session.popitem(),
    lambda session: session.__delitem__("n"),
    lambda session: session.__ior__({"n": 2}),
    lambda session: session.clear(),
]
LOOKS: list[Any] = [
    lambda session: session.get("n"),
    lambda session: session["n"],
    lambda session: "n" in session,
    list,
    len,
    lambda session: list(session.items()),
    lambda session: list(session.keys()),
    lambda session: list(session.values()),
]


@pytest.mark.parametrize("act", CHANGES + LOOKS)
def test_each_way_to_look_or_change_is_noted(act: Any, clock: Clock) -> None:
    def endpoint(request: Request) -> Response:
        act(request.session)
        return Response()

    def begin(request: Request) -> Response:
        request.session["n"] = 1
        return Response()

    front = Middleware(SessionMiddleware, secret_key=SECRET, store=AsyncMemoryStore())
    app = Starlette(routes=[Route("/", endpoint), Route("/begin", begin)], middleware=[front])
    client = TestClient(app)
    client.get("/begin")
    assert client.get("/").headers["Vary"] == "Cookie"
