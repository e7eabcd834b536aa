"""Runs among Flask's tests: what they test is ours."""

from __future__ import annotations

import flask
import itsdangerous
import pytest
import shortcrust.flask


def test_sentinel_the_interface_under_test_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    app = flask.Flask(__name__)
    app.config["SECRET_KEY"] = "a secret for the tests only, of thirty-two bytes or more"
    client = app.test_client()
    assert type(app.session_interface) is shortcrust.flask.SessionInterface
    assert app.session_interface is flask.Flask.session_interface
    monkeypatch.delattr(itsdangerous.TimestampSigner, "sign")
    monkeypatch.delattr(itsdangerous.TimestampSigner, "unsign")

    @app.get("/")
    def count() -> str:
        flask.session["n"] = flask.session.get("n", 0) + 1
        return str(flask.session["n"])

    assert [client.get("/").text for _ in range(3)] == ["1", "2", "3"]
