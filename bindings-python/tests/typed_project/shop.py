"""What a user with ``mypy --strict`` writes."""

from __future__ import annotations

import shortcrust
from flask import Flask, request, session
from shortcrust.flask import SessionInterface, Shortcrust, ShortcrustInterface, reason
from shortcrust.itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer
from shortcrust.starlette import SessionMiddleware, regenerate
from starlette.applications import Starlette
from starlette.datastructures import Secret
from starlette.middleware import Middleware
from starlette.requests import Request

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


asgi = Starlette(middleware=[Middleware(SessionMiddleware, secret_key=Secret("key"), max_age=60)])
asgi.add_middleware(
    SessionMiddleware,
    secret_key=["new", "old"],
    format={"format": "sealed", "audience": "shop"},
    readers=[{"format": "starlette", "until": "never"}],
    policy={"idle": 60},
)


def login(request: Request) -> str:
    regenerate(request, "login", user="ada")
    why: str | None = shortcrust.reason(request)
    return why or "welcome"


def link(path: str) -> str:
    token: str = URLSafeTimedSerializer("key", salt="link").dumps(path)
    signed: bytes = TimestampSigner("key").sign(token)
    try:
        value, _ = TimestampSigner("key").unsign(signed, max_age=60, return_timestamp=True)
    except BadSignature as error:
        return str(error.payload)
    return value.decode()
