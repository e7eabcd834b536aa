"""What the tests of an application are given."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from conftest import SECRET
from fastapi import FastAPI, Request
from flask import Flask, jsonify, session
from shortcrust import ConfigError, Unavailable
from shortcrust.flask import SessionInterface, Shortcrust, sessions, user
from shortcrust.starlette import SessionMiddleware
from shortcrust.starlette import user as user_of
from shortcrust.stores import AsyncMemoryStore, MemoryStore
from shortcrust.testing.sessions import FailingStore, frozen_clock, logged_in_cookie
from starlette.applications import Starlette
from starlette.testclient import TestClient
from werkzeug.test import TestResponse


def flask_app(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, **config)
    app.testing = True
    Shortcrust(app)

    @app.get("/")
    def show() -> Any:
        return jsonify([user(), dict(session)])

    return app


def user_in(response: TestResponse) -> Any:
    found: Any = response.json
    return found[0]


@pytest.mark.parametrize(
    "config", [{}, {"SHORTCRUST_STORE": MemoryStore()}], ids=["cookie", "store"]
)
def test_a_flask_client_is_logged_in(config: dict[str, Any]) -> None:
    app = flask_app(**config)
    client = app.test_client()
    client.set_cookie(*logged_in_cookie(app, "ada", basket=["bread"]))
    assert client.get("/").json == ["ada", {"basket": ["bread"]}]
    if config:
        with app.app_context():
            assert len(sessions.list("ada")) == 1


def test_a_drop_in_gets_data_alone() -> None:
    app = Flask(__name__)
    app.secret_key = SECRET
    app.session_interface = SessionInterface()
    app.add_url_rule("/", "show", lambda: dict(session))
    client = app.test_client()
    client.set_cookie(*logged_in_cookie(app, None, _user_id="1"))
    assert client.get("/").json == {"_user_id": "1"}


@pytest.mark.parametrize(
    "options", [{"format": "sealed"}, {"store": AsyncMemoryStore()}], ids=["cookie", "store"]
)
def test_a_fastapi_client_is_logged_in(options: dict[str, Any]) -> None:
    app = FastAPI()
    app.add_middleware(SessionMiddleware, secret_key=SECRET, **options)

    @app.get("/")
    def show(request: Request) -> list[Any]:
        return [user_of(request), request.session]

    cookie = dict([logged_in_cookie(app, "ada", basket=["bread"])])
    assert TestClient(app, cookies=cookie).get("/").json() == ["ada", {"basket": ["bread"]}]


def test_a_cookie_is_made_within_an_event_loop_too() -> None:
    app = Starlette()
    app.add_middleware(SessionMiddleware, secret_key=SECRET, format="sealed")

    async def within() -> str:
        return logged_in_cookie(app, "ada")[0]

    assert anyio.run(within) == "session"


def test_an_application_without_our_sessions_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no SessionMiddleware"):
        logged_in_cookie(Starlette(), "ada")
    with pytest.raises(ConfigError, match="no cookie was set"):
        logged_in_cookie(flask_app(), None)


def test_a_session_ends_by_the_clock_of_the_test() -> None:
    app = flask_app()
    client = app.test_client()
    with frozen_clock() as clock:
        name, value = logged_in_cookie(app, "ada", basket=[])
        client.set_cookie(name, value)
        clock.advance(days=13)
        assert user_in(client.get("/", headers={"Cookie": f"{name}={value}"})) == "ada"
        clock.advance(days=2)
        client.delete_cookie(name)
        assert user_in(client.get("/", headers={"Cookie": f"{name}={value}"})) is None


def test_a_store_fails_on_demand() -> None:
    store = FailingStore(MemoryStore())
    app = flask_app(SHORTCRUST_STORE=store)
    client = app.test_client()
    client.set_cookie(*logged_in_cookie(app, "ada"))
    store.fails = True
    with pytest.raises(Unavailable):
        client.get("/")
    store.fails = False
    assert user_in(client.get("/")) == "ada"


def test_an_async_store_fails_on_demand() -> None:
    store = FailingStore(AsyncMemoryStore())

    async def load() -> Any:
        return await store.load(["key"])

    assert anyio.run(load) == [None]
    store.fails = True
    with pytest.raises(Unavailable):
        anyio.run(load)
