"""What a user with ``mypy --strict`` writes."""

from __future__ import annotations

import shortcrust
from flask import Flask, request, session
from shortcrust.flask import SessionInterface, Shortcrust, ShortcrustInterface, reason

app = Flask(__name__)
app.session_interface = SessionInterface()
app.session_interface = SessionInterface(peer_exact=True)
Shortcrust(app)
Shortcrust().init_app(app)


class Renamed(SessionInterface):
    salt = "another"

    def get_cookie_name(self, app: Flask) -> str:
        return "renamed"


@app.get("/")
def index() -> str:
    why: str | None = reason(request)
    if shortcrust.reason(request) == "expired":
        return "log in again"
    interface = app.session_interface
    if isinstance(interface, ShortcrustInterface):
        interface.regenerate(session, "login", user="ada")
    return why or "welcome"


def code(error: shortcrust.ShortcrustError) -> str:
    return error.code


def explain(error: shortcrust.ConfigError) -> ValueError:
    return error


version: str = shortcrust.__version__
