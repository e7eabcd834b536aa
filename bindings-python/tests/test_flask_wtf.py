"""Flask-WTF's CSRF protection on top of either interface."""

from __future__ import annotations

import pytest
from conftest import SECRET
from flask import Flask
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect, generate_csrf
from shortcrust.flask import SessionInterface, Shortcrust
from wtforms import StringField


class Comment(FlaskForm):  # type: ignore[misc]
    text = StringField("text")


@pytest.fixture(params=["drop-in", "front"])
def app(request: pytest.FixtureRequest) -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    if request.param == "front":
        Shortcrust(app)
    else:
        app.session_interface = SessionInterface()
    CSRFProtect(app)

    @app.get("/token")
    def token() -> str:
        return str(generate_csrf())

    @app.post("/comment")
    def comment() -> str:
        form = Comment()
        return str(form.text.data) if form.validate_on_submit() else "refused"

    return app


def test_a_post_with_the_sessions_token_is_accepted(app: Flask) -> None:
    client = app.test_client()
    token = client.get("/token").text
    assert client.post("/comment", data={"csrf_token": token, "text": "hi"}).text == "hi"


def test_a_post_with_another_sessions_token_is_refused(app: Flask) -> None:
    client = app.test_client()
    client.get("/token")
    token = app.test_client().get("/token").text
    assert client.post("/comment", data={"csrf_token": token, "text": "hi"}).status_code == 400
