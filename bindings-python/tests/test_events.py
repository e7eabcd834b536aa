"""What a front tells of its sessions."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from conftest import SECRET
from flask import Flask, session
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from shortcrust import ConfigError, Event
from shortcrust.flask import Shortcrust, login, logout, sessions
from shortcrust.opentelemetry import session_metrics
from shortcrust.starlette import SessionMiddleware
from shortcrust.stores import AsyncMemoryStore, MemoryStore
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

OLD = "the secret of before, which has more than 32 bytes"


def flask_app(told: list[Event] | None = None, **config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, **config)
    if told is not None:
        app.config["SHORTCRUST_ON_EVENT"] = told.append
    app.testing = True
    Shortcrust(app)

    @app.get("/set/<value>")
    def change(value: str) -> str:
        session["value"] = value
        return ""

    @app.get("/")
    def show() -> dict[str, Any]:
        return dict(session)

    @app.get("/in")
    def log_in() -> str:
        login("ada")
        return ""

    @app.get("/out")
    def log_out() -> str:
        logout()
        return ""

    @app.get("/everywhere")
    def everywhere() -> str:
        sessions.revoke_all("ada")
        return ""

    return app


def names(told: list[Event]) -> list[str]:
    found = [event.name for event in told]
    told.clear()
    return found


def test_a_session_in_its_cookie_is_told_of() -> None:
    told: list[Event] = []
    client = flask_app(told).test_client()
    client.get("/")
    assert names(told) == []
    client.get("/set/1")
    assert names(told) == ["created"]
    client.get("/")
    (event,) = told
    assert (event.name, event.format, event.key, event.store) == ("accepted", "sealed", 0, None)
    assert 0 < event.duration < 60
    names(told)
    client.get("/out")
    assert names(told) == ["accepted", "ended"]
    client.set_cookie("session", "strange")
    client.get("/")
    assert [(event.name, event.reason) for event in told] == [("refused", "malformed")]


def test_a_cookie_of_an_old_secret_is_accepted_by_its_position_and_converted() -> None:
    told: list[Event] = []
    client = flask_app(SHORTCRUST_SECRETS=[OLD]).test_client()
    client.get("/set/1")
    cookie = client.get_cookie("session")
    assert cookie is not None
    other = flask_app(told, SHORTCRUST_SECRETS=[SECRET, OLD]).test_client()
    other.set_cookie("session", cookie.value)
    other.get("/")
    assert [(event.name, event.key) for event in told] == [("accepted", 1), ("converted", None)]


def test_a_session_in_a_store_is_told_of_with_its_store() -> None:
    told: list[Event] = []
    app = flask_app(told, SHORTCRUST_STORE=MemoryStore())
    client, other = app.test_client(), app.test_client()
    client.get("/in")
    other.get("/in")
    assert names(told) == ["created", "created"]
    client.get("/everywhere")
    assert [
        (event.name, event.count, event.store) for event in told if event.name == "revoked"
    ] == [("revoked", 2, "MemoryStore")]
    names(told)
    other.get("/")
    assert [(event.name, event.reason) for event in told] == [("refused", "not_found")]


class Broken(MemoryStore):
    def load(self, keys: Any) -> Any:
        raise OSError("down")


def test_a_store_that_fails_is_told_of() -> None:
    told: list[Event] = []
    store = MemoryStore()
    client = flask_app(told, SHORTCRUST_STORE=store, SHORTCRUST_OUTAGE="empty").test_client()
    client.get("/set/1")
    names(told)
    store.__class__ = Broken
    client.get("/")
    assert [(event.name, event.reason) for event in told] == [("failed", "unavailable")]


def test_starlettes_front_tells_the_same() -> None:
    def visit(request: Request) -> Response:
        if "value" not in request.session:
            request.session["value"] = 1
        return Response()

    told: list[Event] = []
    app = Starlette(routes=[Route("/", visit)])
    middleware = SessionMiddleware(app, SECRET, store=AsyncMemoryStore(), on_event=told.append)
    client = TestClient(middleware)
    client.get("/")
    client.get("/")
    assert [(event.name, event.format, event.store) for event in told] == [
        ("created", None, "AsyncMemoryStore"),
        ("accepted", "id", "AsyncMemoryStore"),
    ]


def test_the_log_has_events_and_neither_tokens_nor_data(caplog: pytest.LogCaptureFixture) -> None:
    client = flask_app(SHORTCRUST_STORE=MemoryStore()).test_client()
    with caplog.at_level(logging.DEBUG, "shortcrust.events"):
        client.get("/set/treasure")
        client.get("/")
    assert [record.getMessage().split()[0] for record in caplog.records] == ["created", "accepted"]
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert cookie.value not in caplog.text
    assert "treasure" not in caplog.text


def test_a_callback_that_fails_fails_no_request(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Event) -> None:
        raise RuntimeError("no metrics today")

    client = flask_app(SHORTCRUST_ON_EVENT=fail).test_client()
    assert [client.get(path).status_code for path in ("/set/1", "/", "/")] == [200] * 3
    assert caplog.text.count("the callback for events raises RuntimeError") == 1, "it is told once"


def test_a_listener_that_can_not_be_called_is_refused() -> None:
    with pytest.raises(ConfigError, match="SHORTCRUST_ON_EVENT must be a callable"):
        flask_app(SHORTCRUST_ON_EVENT="log")


@pytest.mark.parametrize("debug", [True, False])
def test_where_somebody_develops_a_header_says_why_there_is_no_session(debug: bool) -> None:
    app = flask_app()
    app.debug = debug
    client = app.test_client()
    said = [client.get(path).headers.get("Shortcrust-Reason") for path in ("/set/1", "/")]
    client.set_cookie("session", "strange")
    said.append(client.get("/").headers.get("Shortcrust-Reason"))
    assert said == (["no_cookie", None, "malformed"] if debug else [None] * 3)


@pytest.mark.parametrize("debug", [True, False])
def test_starlettes_front_says_so_too(debug: bool) -> None:
    app = Starlette(
        debug=debug, routes=[Route("/", lambda request: Response(str(request.session)))]
    )
    app.add_middleware(SessionMiddleware, secret_key=SECRET, format="sealed")
    said = TestClient(app).get("/", headers={"Cookie": "session=strange"}).headers
    assert said.get("Shortcrust-Reason") == ("malformed" if debug else None)


def test_opentelemetry_has_the_numbers() -> None:
    reader = InMemoryMetricReader()
    listener = session_metrics(MeterProvider([reader]))
    app = flask_app(SHORTCRUST_STORE=MemoryStore(), SHORTCRUST_ON_EVENT=listener)
    client = app.test_client()
    for path in ("/in", "/", "/everywhere"):
        client.get(path)
    data = reader.get_metrics_data()
    assert data is not None
    metrics: dict[str, Any] = {
        metric.name: metric.data.data_points
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    counted = [
        (point.attributes["shortcrust.event"], point.attributes.get("shortcrust.key"), point.value)
        for point in metrics["shortcrust.session.events"]
    ]
    assert counted[:3] == [("created", None, 1), ("accepted", 0, 2), ("revoked", None, 1)]
    assert metrics["shortcrust.session.duration"][1].count == 2
