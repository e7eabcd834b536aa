"""At most one native call before the handler and one behind it, and none for nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import SECRET
from flask import Flask, session
from shortcrust import _config, _core
from shortcrust._core import Engine
from shortcrust.flask import SessionInterface, Shortcrust
from test_drop_in import serve, setter, show
from werkzeug.test import Client


class Counting:
    """Stands before the native engine and notes what is called."""

    calls: list[str]

    def __init__(self, options: Any) -> None:
        self._engine = Engine(options)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            Counting.calls.append(name)
            return found(*args, **kwargs)

        return call


@pytest.fixture(params=["drop-in", "front"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Client:
    Counting.calls = []
    monkeypatch.setattr(_config, "Engine", Counting)
    monkeypatch.setattr(_core, "Engine", Counting)
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    if request.param == "front":
        Shortcrust(app)
    else:
        app.session_interface = SessionInterface()
    serve(
        app,
        page=lambda: "hello",
        show=show,
        login=setter(user="ada", basket=[]),
        add=lambda: session["basket"].append("pear"),
        logout=lambda: session.clear(),
    )
    return app.test_client()


def calls(visit: Callable[[], object]) -> list[str]:
    Counting.calls.clear()
    visit()
    return Counting.calls


def test_a_request_without_the_cookie_that_leaves_the_session_alone_calls_nothing(
    client: Client,
) -> None:
    assert calls(lambda: client.get("/page", headers={"Cookie": "theme=dark"})) == []
    assert calls(lambda: client.get("/show")) == []


def test_a_login_calls_once(client: Client) -> None:
    assert len(calls(lambda: client.get("/login"))) == 1


@pytest.mark.parametrize("path", ["/page", "/show", "/add", "/login", "/logout"])
def test_a_request_with_the_cookie_calls_at_most_once_before_and_once_behind(
    client: Client, path: str
) -> None:
    client.get("/login")
    before, *behind = calls(lambda: client.get(path))
    assert before == "open"
    assert len(behind) <= 1
