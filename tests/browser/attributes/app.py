"""A site whose cookies have the attributes that the examples' have not, each under a path."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Flask, session
from shortcrust.flask import Shortcrust
from werkzeug.middleware.dispatcher import DispatcherMiddleware

if TYPE_CHECKING:
    from typing import Any

DAYS = timedelta(days=500)
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "/host": {"NAME": "__Host-session"},
    "/long": {"NAME": "long", "IDLE": DAYS, "ABSOLUTE": DAYS},
    "/partitioned": {"NAME": "apart", "COOKIE_SAMESITE": "None", "COOKIE_PARTITIONED": True},
    "/strict": {"NAME": "strict", "COOKIE_SAMESITE": "Strict"},
}


def counter(options: dict[str, Any]) -> Flask:
    """Counts a browser's visits."""
    app = Flask(__name__)
    app.secret_key = os.environ["SECRET_KEY"]
    app.config["SHORTCRUST_COOKIE_PATH"] = "/"
    app.config.update({f"SHORTCRUST_{key}": value for key, value in options.items()})
    Shortcrust(app)

    @app.get("/")
    def visit() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return f"<!doctype html><p>{session['visits']}"

    return app


def blank(_: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<!doctype html><title>blank</title>"]


app = DispatcherMiddleware(
    blank, {path: counter(options) for path, options in CONFIGURATIONS.items()}
)
