"""What is commanded when the response, with its cookies, has gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import SECRET
from flask import Flask, session, stream_with_context
from shortcrust import ShortcrustError, Unsupported
from shortcrust import flask as flask_front
from shortcrust import starlette as starlette_front
from shortcrust.stores import AsyncMemoryStore, MemoryStore
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient


def client_of(task: Any, **options: Any) -> TestClient:
    async def enter(request: Request) -> JSONResponse:
        starlette_front.login(request, "ada")
        request.session["cart"] = [1]
        return JSONResponse({})

    async def show(request: Request) -> JSONResponse:
        return JSONResponse([dict(request.session), starlette_front.user(request)])

    async def late(request: Request) -> JSONResponse:
        return JSONResponse({}, background=BackgroundTask(task, request))

    routes = [Route("/enter", enter), Route("/show", show), Route("/late", late)]
    return TestClient(
        starlette_front.SessionMiddleware(Starlette(routes=routes), SECRET, **options)
    )


def test_a_session_that_begins_in_a_background_task_is_refused() -> None:
    async def task(request: Request) -> None:
        request.session["late"] = 1
        with pytest.raises(ShortcrustError, match="before a background task"):
            await starlette_front.save(request)

    store = AsyncMemoryStore()
    client_of(task, store=store).get("/late")
    assert store._kept == {}


def test_a_login_in_a_background_task_is_refused_and_ends_nothing() -> None:
    async def task(request: Request) -> None:
        starlette_front.login(request, "bob")
        with pytest.raises(ShortcrustError, match="before a background task"):
            await starlette_front.save(request)

    client = client_of(task, store=AsyncMemoryStore())
    client.get("/enter")
    client.get("/late")
    assert client.get("/show").json() == [{"cart": [1]}, "ada"]


def test_a_background_task_revokes_all_sessions_but_this() -> None:
    async def task(request: Request) -> None:
        await starlette_front.sessions.revoke_all(request, "ada", except_current=True)

    client = client_of(task, store=AsyncMemoryStore())
    other = TestClient(client.app)
    for browser in (client, other):
        browser.get("/enter")
    client.get("/late")
    assert client.get("/show").json() == [{"cart": [1]}, "ada"]
    assert other.get("/show").json() == [{}, None]


def test_of_sessions_in_cookies_none_can_be_excepted_in_a_background_task() -> None:
    async def task(request: Request) -> None:
        with pytest.raises(Unsupported, match="revoke them before"):
            await starlette_front.sessions.revoke_all(request, "ada", except_current=True)

    client = client_of(task, revocations=AsyncMemoryStore())
    client.get("/enter")
    client.get("/late")
    assert client.get("/show").json() == [{"cart": [1]}, "ada"]


def test_a_body_that_is_streamed_revokes_all_sessions_but_this() -> None:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, SHORTCRUST_STORE=MemoryStore())
    flask_front.Shortcrust(app)

    @app.get("/enter")
    def enter() -> str:
        flask_front.login("ada")
        return ""

    @app.get("/late")
    def late() -> Any:
        def body() -> Iterator[str]:
            flask_front.sessions.revoke_all("ada", except_current=True)
            yield ""

        session.get("x")
        return stream_with_context(body())

    app.add_url_rule("/show", "show", lambda: str(flask_front.user()))
    client, other = app.test_client(), app.test_client()
    for browser in (client, other):
        browser.get("/enter")
    assert client.get("/late").text == ""
    assert [client.get("/show").text, other.get("/show").text] == ["ada", "None"]


@pytest.mark.parametrize("store", [None, MemoryStore()], ids=["cookie", "store"])
def test_a_session_that_a_test_client_empties_is_nobodys(store: MemoryStore | None) -> None:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, SHORTCRUST_STORE=store)
    flask_front.Shortcrust(app)

    @app.get("/enter")
    def enter() -> str:
        flask_front.login("ada")
        session["a"] = 1
        return ""

    app.add_url_rule("/show", "show", lambda: str(flask_front.user()))
    client = app.test_client()
    client.get("/enter")
    assert client.get("/show").text == "ada"
    with client.session_transaction() as found:
        found.clear()
        found["b"] = 2
    assert client.get("/show").text == "None"
