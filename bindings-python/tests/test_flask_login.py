"""Flask-Login on top of either interface."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import SECRET
from flask import Flask
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_required,
    login_user,
    logout_user,
)
from shortcrust.flask import SessionInterface, Shortcrust
from test_drop_in import cookies


class User(UserMixin):  # type: ignore[misc]
    def __init__(self, name: str) -> None:
        self.id = name


@pytest.fixture(params=["drop-in", "front"])
def app(request: pytest.FixtureRequest) -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    if request.param == "front":
        Shortcrust(app)
    else:
        app.session_interface = SessionInterface()
    manager = LoginManager(app)
    manager.session_protection = "strong"
    manager.user_loader(User)

    @app.get("/login")
    def login() -> str:
        login_user(User("ada"))
        return ""

    @app.get("/me")
    @login_required  # type: ignore[untyped-decorator]
    def me() -> Any:
        return current_user.id

    @app.get("/logout")
    def logout() -> str:
        logout_user()
        return ""

    return app


def test_a_user_stays_logged_in_until_the_logout(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/me").status_code == 401
    client.get("/login")
    assert client.get("/me").text == "ada"
    client.get("/logout")
    assert client.get("/me").status_code == 401


def test_strong_protection_ends_a_session_at_another_browser(app: Flask) -> None:
    client = app.test_client()
    client.get("/login")
    response = client.get("/me", headers={"User-Agent": "another"})
    assert response.status_code == 401
    assert any(cookie.startswith("session=;") for cookie in cookies(response))
    assert client.get("/me").status_code == 401
