"""Flask with its sessions in a store, ours or Flask-Session's."""

from __future__ import annotations

import os
import random
import time
from typing import Any

from flask import Flask, Response, jsonify, request, session
from flask_session import Session  # type: ignore[import-untyped]
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from shortcrust.flask import Shortcrust, logout
from shortcrust.flask.kept_rows import KeptRows
from werkzeug.serving import run_simple

from stores import conflicts, count_conflicts, store_of

app = Flask(__name__)
app.secret_key = os.environ["SECRET"]


@app.get("/begin")
def begin() -> str:
    session["begun"] = True
    return ""


@app.get("/add")
def add() -> str:
    session.get("begun")
    time.sleep(random.uniform(0.02, 0.08))
    session[request.args["key"]] = 1
    return ""


@app.get("/all")
def everything() -> Response:
    return jsonify([key for key in session if key != "begun" and not key.startswith("_")])


@app.get("/logout")
def leave() -> str:
    if os.environ["LAYER"] == "Flask-Session":
        session.clear()
    else:
        logout()
    return ""


@app.get("/conflicts")
def count() -> str:
    return str(len(conflicts))


def install() -> None:
    if os.environ["LAYER"] == "shortcrust":
        app.config["SHORTCRUST_STORE"] = store_of(os.environ["STORE"])
        Shortcrust(app)
        return
    if os.environ["STORE"] == "postgres":
        url = os.environ["POSTGRES_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
        app.config["SQLALCHEMY_DATABASE_URI"] = url
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 20}
        options: dict[str, Any] = {"SESSION_TYPE": "sqlalchemy"}
        options["SESSION_SQLALCHEMY"] = SQLAlchemy(app)
    else:
        options = {"SESSION_TYPE": "redis"}
        options["SESSION_REDIS"] = Redis.from_url(os.environ["REDIS_URL"])
    app.config.update(options)
    if os.environ["LAYER"] == "Flask-Session":
        Session(app)
        return
    app.config["SHORTCRUST_ROWS"] = "flask-session"
    count_conflicts(KeptRows)
    Shortcrust(app)


if __name__ == "__main__":
    install()
    run_simple("127.0.0.1", int(os.environ["PORT"]), app, threaded=True)
