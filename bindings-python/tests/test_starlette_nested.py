"""A mounted application brings a session middleware of its own, as sqladmin and NiceGUI do."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from conftest import SECRET, Clock
from shortcrust import reason
from shortcrust.starlette import SessionMiddleware, login, user
from shortcrust.stores import AsyncMemoryStore
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware as Stock
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from test_starlette import cookies

INNER_SECRET = "the secret of another application that is long enough"
OURS = ("drop-in", "own", "store")


def middleware(kind: str, cookie: str, secret: str) -> Middleware:
    if kind == "stock":
        return Middleware(Stock, secret_key=secret, session_cookie=cookie)
    every: dict[str, dict[str, Any]] = {
        "drop-in": {},
        "own": {"format": "sealed"},
        "store": {"store": AsyncMemoryStore()},
    }
    options = every[kind]
    return Middleware(SessionMiddleware, secret_key=secret, session_cookie=cookie, **options)


async def put(request: Request) -> Response:
    request.session[request.query_params["key"]] = 1
    return Response()


async def clear(request: Request) -> Response:
    request.session.clear()
    return Response()


async def show(request: Request) -> Response:
    return JSONResponse(sorted(request.session))


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    socket.session["said"] = 1
    await socket.send_json(sorted(socket.session))
    await socket.close()


def routes() -> list[Any]:
    return [
        Route("/put", put),
        Route("/clear", clear),
        Route("/show", show),
        WebSocketRoute("/talk", talk),
    ]


def browser_of(outer: str, inner: str) -> TestClient:
    mounted = Starlette(routes=routes(), middleware=[middleware(inner, "inner", INNER_SECRET)])
    return TestClient(
        Starlette(
            routes=[*routes(), Mount("/admin", mounted)],
            middleware=[middleware(outer, "outer", SECRET)],
        )
    )


each_pair = pytest.mark.parametrize(
    ("outer", "inner"),
    [pair for pair in itertools.product((*OURS, "stock"), repeat=2) if pair != ("stock", "stock")],
    ids="-".join,
)


@each_pair
@pytest.mark.parametrize("path", ["show", "put?key=role", "clear"])
def test_a_mounted_application_leaves_the_outer_session_alone(
    path: str, outer: str, inner: str, clock: Clock
) -> None:
    browser = browser_of(outer, inner)
    browser.get("/put?key=cart")
    browser.get(f"/admin/{path}")
    assert browser.get("/show").json() == ["cart"]


@each_pair
def test_each_application_keeps_what_is_its_own(outer: str, inner: str, clock: Clock) -> None:
    browser = browser_of(outer, inner)
    browser.get("/admin/put?key=role")
    browser.get("/put?key=cart")
    assert browser.get("/admin/show").json() == ["role"]
    assert browser.get("/show").json() == ["cart"]
    browser.get("/clear")
    assert browser.get("/admin/show").json() == ["role"]
    assert browser.get("/show").json() == []


@each_pair
def test_a_mounted_websocket_leaves_the_outer_session_alone(
    outer: str, inner: str, clock: Clock
) -> None:
    browser = browser_of(outer, inner)
    browser.get("/put?key=cart")
    with browser.websocket_connect("/admin/talk") as socket:
        assert socket.receive_json() == ["said"]
    assert browser.get("/show").json() == ["cart"]


@pytest.mark.parametrize("kind", OURS)
def test_a_middleware_that_was_added_twice_keeps_a_login_and_a_logout(
    kind: str, clock: Clock
) -> None:
    twice = middleware(kind, "session", SECRET)
    browser = TestClient(Starlette(routes=routes(), middleware=[twice, twice]))
    browser.get("/put?key=cart")
    assert browser.get("/show").json() == ["cart"]
    browser.get("/put?key=user")
    assert browser.get("/show").json() == ["cart", "user"]
    clock.advance(days=7)
    browser.get("/clear")
    assert browser.get("/show").json() == []


@pytest.mark.parametrize("kind", OURS)
def test_an_inner_application_that_is_done_leaves_the_outer_session_in_the_scope(
    kind: str, clock: Clock
) -> None:
    seen: list[Any] = []

    class Between:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self.app(scope, receive, send)
            if scope["type"] == "http":
                seen.append((sorted(scope["session"]), reason(HTTPConnection(scope))))

    inner = middleware("drop-in", "inner", INNER_SECRET)
    app = Starlette(
        routes=routes(), middleware=[middleware(kind, "outer", SECRET), Middleware(Between), inner]
    )
    TestClient(app).get("/put?key=role")
    assert seen == [([], "no_cookie")]


def test_what_an_outer_middleware_adds_on_the_way_out_is_saved(clock: Clock) -> None:
    class Counter:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            async def counted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    scope["session"]["visits"] = scope["session"].get("visits", 0) + 1
                await send(message)

            await self.app(scope, receive, counted if scope["type"] == "http" else send)

    outer, inner = middleware("own", "outer", SECRET), middleware("own", "inner", INNER_SECRET)
    mounted = Starlette(routes=routes(), middleware=[inner])
    app = Starlette(
        routes=[*routes(), Mount("/admin", mounted)], middleware=[outer, Middleware(Counter)]
    )
    browser = TestClient(app)
    browser.get("/admin/put?key=role")
    assert browser.get("/show").json() == ["visits"]
    assert browser.get("/admin/show").json() == ["role"]


def test_a_login_inside_a_mounted_application_with_starlettes_own_is_the_outer_sessions(
    clock: Clock,
) -> None:
    async def enter(request: Request) -> Response:
        login(request, "ada")
        return Response()

    async def whose(request: Request) -> Response:
        return JSONResponse(user(request))

    mounted = Starlette(
        routes=[Route("/enter", enter)], middleware=[middleware("stock", "inner", INNER_SECRET)]
    )
    app = Starlette(
        routes=[Route("/put", put), Route("/whose", whose), Mount("/admin", mounted)],
        middleware=[middleware("store", "outer", SECRET)],
    )
    browser = TestClient(app)
    browser.get("/put?key=cart")
    assert [c.partition("=")[0] for c in cookies(browser.get("/admin/enter"))] == ["outer"]
    assert browser.get("/whose").json() == "ada"


@pytest.mark.parametrize("kind", OURS)
def test_what_replaces_the_session_in_the_scope_is_not_saved(kind: str, clock: Clock) -> None:
    async def replace(request: Request) -> Response:
        request.scope["session"] = {"role": "admin"}
        return Response()

    app = Starlette(
        routes=[Route("/replace", replace), *routes()],
        middleware=[middleware(kind, "session", SECRET)],
    )
    browser = TestClient(app)
    browser.get("/put?key=cart")
    browser.get("/replace")
    assert browser.get("/show").json() == ["cart"]
