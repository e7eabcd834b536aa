"""A blog in the shape of Flask's tutorial: a factory, blueprints, logins and flashed messages."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, g
from shortcrust.flask import Shortcrust

from . import auth, blog

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS user (
    id INTEGER PRIMARY KEY, username TEXT UNIQUE NOT NULL, password TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS post (
    id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES user (id), title TEXT NOT NULL
);
"""


def create_app(instance: Path, session_part: str = "") -> Flask:
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY="a secret for tests only, of thirty-two bytes")
    if session_part:
        names: dict[str, Any] = {"app": app, "os": os, "Any": Any, "Request": Request}
        exec(compile(session_part, "the example", "exec"), names | {"Shortcrust": Shortcrust})

    @app.before_request
    def open_database() -> None:
        g.db = sqlite3.connect(instance / "flaskr.sqlite")
        g.db.executescript(SCHEMA)

    @app.teardown_request
    def close_database(_: object) -> None:
        g.db.close()

    app.register_blueprint(auth.bp)
    app.register_blueprint(blog.bp)
    return app
