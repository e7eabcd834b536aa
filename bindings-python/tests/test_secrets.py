"""Secrets that change while the server runs."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from conftest import SECRET
from flask import Flask, session
from shortcrust import ConfigError, secrets_from_env, secrets_from_file
from shortcrust.flask import Shortcrust
from shortcrust.starlette import SessionMiddleware
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from test_drop_in import cookies

KEYS = [f"secret number {number}, which has more than 32 bytes" for number in range(4)]


def write(file: Path, *secrets: str) -> None:
    """As a whole, as an operator should."""
    other = file.with_suffix(".new")
    other.write_text("\n".join(secrets) + "\n", "utf-8")
    other.replace(file)


def flask_app(secrets: object, **config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(SHORTCRUST_SECRETS=secrets, **config)
    app.testing = True
    Shortcrust(app)

    @app.get("/in/<user>")
    def log_in(user: str) -> str:
        session["user"] = user
        return ""

    @app.get("/")
    def show() -> dict[str, Any]:
        return dict(session)

    return app


def starlette_client(secret_key: Any, **options: Any) -> TestClient:
    def log_in(request: Request) -> Response:
        request.session["user"] = "ada"
        return Response()

    def show(request: Request) -> JSONResponse:
        return JSONResponse(dict(request.session))

    app = Starlette(routes=[Route("/in", log_in), Route("/", show)])
    return TestClient(SessionMiddleware(app, secret_key, **options))


def test_the_environment_gives_secrets_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_SECRETS", f"{SECRET}\n\nhex:6f6c64\r\nbase64:b2xk")
    assert secrets_from_env("SESSION_SECRETS") == [SECRET, b"old", b"old"]


def test_a_secret_that_is_said_to_be_hex_and_is_not_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SESSION_SECRETS", "hex:no")
    with pytest.raises(ConfigError, match="begins with hex:"):
        secrets_from_env("SESSION_SECRETS")


def test_a_variable_without_a_secret_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_SECRETS", "")
    with pytest.raises(ConfigError, match="SESSION_SECRETS has no secret"):
        secrets_from_env("SESSION_SECRETS")


def test_a_file_without_a_secret_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("\n\n", "utf-8")
    with pytest.raises(ConfigError, match="one a line"):
        flask_app(secrets_from_file(tmp_path / "secrets"))


def test_a_file_of_bytes_is_refused_without_showing_one(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_bytes(b"\xff" * 32)
    with pytest.raises(ConfigError, match="is not UTF-8") as caught:
        flask_app(secrets_from_file(tmp_path / "secrets"))
    assert "0xff" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_secret_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="listed twice"):
        flask_app([KEYS[0], KEYS[1], KEYS[0]], SHORTCRUST_FORMAT="flask", SHORTCRUST_ABSOLUTE=None)


def test_a_file_that_is_replaced_changes_the_secrets_of_a_running_app(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    write(file, KEYS[0])
    app = flask_app(secrets_from_file(file))
    client = app.test_client()
    client.get("/in/ada")
    write(file, KEYS[1], KEYS[0])
    resealed = client.get("/")
    assert resealed.json == {"user": "ada"}
    assert len(cookies(resealed)) == 1, "a token of the old secret is sealed again when it is read"
    write(file, KEYS[1])
    assert client.get("/").json == {"user": "ada"}
    write(file, KEYS[2])
    assert client.get("/").json == {}


@pytest.mark.parametrize("options", [{}, {"format": "sealed"}], ids=["drop-in", "own front"])
def test_a_callable_changes_the_secrets_of_a_running_middleware(options: dict[str, Any]) -> None:
    secrets = [KEYS[0]]
    client = starlette_client(lambda: secrets, **options)
    client.get("/in")
    secrets.insert(0, KEYS[1])
    assert client.get("/").json() == {"user": "ada"}
    client.get("/in")
    del secrets[1]
    assert client.get("/").json() == {"user": "ada"}
    secrets[:] = [KEYS[2]]
    assert client.get("/").json() == {}


def _raise() -> list[str]:
    raise OSError(f"a message with {SECRET}")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (_raise, "OSError"),
        (lambda: ["short"], "a secret has 5 bytes"),
        (list, "is an empty list"),
        (lambda: KEYS[1], "must be a list of secrets"),
        (lambda: None, "must be a list of secrets"),
    ],
    ids=["raises", "short", "empty", "a string", "none"],
)
def test_secrets_that_can_not_be_used_leave_the_last_in_use(
    given: Callable[[], Any], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    source: list[Callable[[], Any]] = [lambda: [KEYS[0]]]
    client = flask_app(lambda: source[0]()).test_client()
    client.get("/in/ada")
    source[0] = given
    with caplog.at_level(logging.WARNING, "shortcrust"):
        assert [client.get("/").json for _ in range(3)] == [{"user": "ada"}] * 3
    assert len(caplog.messages) == 1, "it is told once, and not at each request"
    assert why in caplog.text
    assert SECRET not in caplog.text
    source[0] = lambda: [KEYS[1], KEYS[0]]
    assert client.get("/").json == {"user": "ada"}
    source[0] = lambda: [KEYS[1]]
    assert client.get("/").json == {"user": "ada"}, "sealed again by the new one"


def test_two_rotations_under_traffic_log_nobody_out(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    write(file, KEYS[0])
    app = flask_app(secrets_from_file(file))
    clients = [app.test_client() for _ in range(8)]
    visits = [0] * len(clients)
    lost: list[int] = []
    is_over = threading.Event()

    def visit(number: int) -> None:
        client, user = clients[number], f"user {number}"
        client.get(f"/in/{user}")
        while not is_over.is_set():
            if client.get("/").json != {"user": user}:
                lost.append(number)
            visits[number] += 1

    pool = ThreadPoolExecutor(len(clients))
    running = [pool.submit(visit, number) for number in range(len(clients))]
    for secrets in (KEYS[:1], KEYS[1::-1], KEYS[1:2], KEYS[2:0:-1], KEYS[2:3]):
        write(file, *secrets)
        # Each browser comes by before the old one goes.
        aims = [made + (500 if os.environ.get("LONG") else 20) for made in visits]
        while any(made < aim for made, aim in zip(visits, aims, strict=True)):
            done, _ = wait(running, 0.001, FIRST_COMPLETED)
            assert not done, "a visit failed"
    is_over.set()
    for visitor in running:
        visitor.result(30)
    assert lost == []
    only_new = flask_app(KEYS[2:3])
    for client in clients:
        cookie, other = client.get_cookie("session"), only_new.test_client()
        assert cookie is not None
        other.set_cookie("session", cookie.value)
        assert "user" in (other.get("/").json or {}), "nothing is sealed with an old one any more"
