"""What is said about stores is checked when the front is built; what only one front has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import SECRET
from flask import Flask, session
from shortcrust import ConfigError, ShortcrustError, Unsupported
from shortcrust import flask as flask_front
from shortcrust import starlette as starlette_front
from shortcrust.stores import AsyncMemoryStore, MemoryStore
from simulated_fronts import FRONTS, simulation
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket


def flask_app(**options: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=SECRET, **{f"SHORTCRUST_{k.upper()}": v for k, v in options.items()}
    )
    flask_front.Shortcrust(app)
    return app


def starlette_app(**options: Any) -> Any:
    return starlette_front.SessionMiddleware(Starlette(), SECRET, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"store": "redis://"},
            "SHORTCRUST_STORE must be a store, and is a text; for the URL of a Redis server",
        ),
        ({"store": AsyncMemoryStore()}, "takes a sync store, such as MemoryStore"),
        ({"store": MemoryStore(), "format": "sealed"}, "carries no id: with a store use `id`"),
        ({"format": "id"}, "SHORTCRUST_FORMAT: format id needs a store: set SHORTCRUST_STORE"),
        ({"format": "express"}, "format express needs a store"),
        (
            {"readers": [{"format": "id", "until": "never"}]},
            "SHORTCRUST_READERS: format id needs a store",
        ),
        ({"store": MemoryStore(), "outage": "ignore"}, "SHORTCRUST_OUTAGE must be one of"),
        ({"store": MemoryStore(), "user_key": 1}, "SHORTCRUST_USER_KEY must be str"),
    ],
)
def test_flask_says_what_is_wrong(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        flask_app(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"store": MemoryStore()}, "store: this framework takes an async store, such as AsyncMem"),
        ({"revocations": MemoryStore()}, "revocations: this framework takes an async store"),
        (
            {"store": AsyncMemoryStore(), "revocations": AsyncMemoryStore()},
            "revocations is for sessions in cookies: remove it, or store",
        ),
        ({"format": "id"}, "format: format id needs a store: set store"),
        ({"store": AsyncMemoryStore(), "peer_exact": True}, "peer_exact goes with Starlette's"),
    ],
)
def test_starlette_says_what_is_wrong(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        starlette_app(**options)


def test_a_front_without_a_store_says_so(tmp_path: Path) -> None:
    app = flask_app()
    with app.test_request_context():
        for call in (
            flask_front.save,
            lambda: flask_front.sessions.list("ada"),
            lambda: flask_front.sessions.revoke_all("ada"),
        ):
            with pytest.raises(Unsupported):
                call()
    plain = Flask(__name__)
    with plain.test_request_context(), pytest.raises(ConfigError, match="call Shortcrust"):
        flask_front.login("ada")


def test_sessions_are_listed_and_revoked_from_a_command_line() -> None:
    store = MemoryStore()
    app = flask_app(store=store)
    app.add_url_rule("/", view_func=enter)
    app.test_client().get("/")
    with app.app_context():
        (info,) = flask_front.sessions.list("7")
        assert info.is_current is False
        assert flask_front.sessions.revoke_all(7) == 1
        assert flask_front.sessions.list(7) == []


def enter() -> str:
    flask_front.login(7)
    session["a"] = 1
    return ""


def test_a_store_is_not_copied_and_another_one_is_noticed() -> None:
    one, two = MemoryStore(), MemoryStore()
    app = flask_app(store=one)
    interface = app.session_interface
    assert isinstance(interface, flask_front.ShortcrustInterface)
    driver = interface.driver(app)
    assert driver is not None and driver.store is one
    assert interface.driver(app) is driver
    app.config["SHORTCRUST_STORE"] = two
    changed = interface.driver(app)
    assert changed is not None and changed.store is two


@pytest.mark.parametrize("front", FRONTS)
def test_login_and_logout_work_without_a_store_too(front: str, tmp_path: Path) -> None:
    with simulation(front, "memory", tmp_path, mode=None, format="sealed") as shop:
        browser = shop.logged_in("ada", a=1)
        assert browser.visit(lambda visit: visit.user()) == "ada"
        browser.visit(lambda visit: visit.logout())
        assert browser.cookie is None


def test_starlettes_drop_in_forgets_no_login_in_silence_and_has_no_store() -> None:
    async def endpoint(request: Request) -> PlainTextResponse:
        request.session["a"] = 1
        with pytest.raises(ConfigError, match="carries no user"):
            starlette_front.login(request, "ada")
        with pytest.raises(Unsupported, match="give SessionMiddleware a `store`"):
            await starlette_front.save(request)
        starlette_front.logout(request)
        return PlainTextResponse(str(request.session))

    app = starlette_front.SessionMiddleware(Starlette(routes=[Route("/", endpoint)]), SECRET)
    assert TestClient(app).get("/").text == "{}"


# Websockets


def socket_client(store: Any, handler: Any) -> TestClient:
    async def show(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(dict(request.session)))

    async def write(request: Request) -> PlainTextResponse:
        request.session["cart"] = ["tea"]
        return PlainTextResponse("")

    async def endpoint(socket: WebSocket) -> None:
        try:
            await handler(socket)
        finally:
            await socket.close()

    routes = [Route("/show", show), Route("/write", write), WebSocketRoute("/", endpoint)]
    app = starlette_front.SessionMiddleware(Starlette(routes=routes), SECRET, store=store)
    return TestClient(app)


def test_a_websocket_saves_when_it_says_so() -> None:
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        socket.session["cart"].append("milk")
        await starlette_front.save(socket)
        socket.session["lost"] = 1

    with socket_client(AsyncMemoryStore(), handler) as client:
        client.get("/write")
        with client.websocket_connect("/"):
            pass
        assert client.get("/show").text == "{'cart': ['tea', 'milk']}"


def test_a_session_that_begins_in_a_websocket_is_saved_before_it_is_accepted() -> None:
    async def handler(socket: WebSocket) -> None:
        socket.session["early"] = 1
        await starlette_front.save(socket)
        await socket.accept()
        socket.session["late"] = 1
        await starlette_front.save(socket)

    with socket_client(AsyncMemoryStore(), handler) as client:
        with client.websocket_connect("/") as socket:
            headers: dict[bytes, bytes] = dict(socket.extra_headers or [])
        cookie = headers[b"set-cookie"].decode().split(";")[0]
        assert client.get("/show", headers={"Cookie": cookie}).text == "{'early': 1, 'late': 1}"


def test_a_session_that_begins_after_the_accept_is_refused() -> None:
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        socket.session["late"] = 1
        with pytest.raises(ShortcrustError, match=r"must be saved before accept\(\)"):
            await starlette_front.save(socket)

    store = AsyncMemoryStore()
    with socket_client(store, handler) as client, client.websocket_connect("/"):
        pass
    assert store._kept == {}


def test_a_login_after_the_accept_is_refused() -> None:
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        starlette_front.login(socket, "ada")
        with pytest.raises(ShortcrustError, match=r"must be saved before accept\(\)"):
            await starlette_front.save(socket)

    with socket_client(AsyncMemoryStore(), handler) as client:
        client.get("/write")
        with client.websocket_connect("/"):
            pass
        assert client.get("/show").text == "{'cart': ['tea']}"
