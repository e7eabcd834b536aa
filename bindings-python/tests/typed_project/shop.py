"""What a user with ``mypy --strict`` writes."""

from __future__ import annotations

import shortcrust
from flask import Flask, request, session
from shortcrust.flask import (
    SessionInfo,
    SessionInterface,
    Shortcrust,
    ShortcrustInterface,
    logout,
    reason,
    sessions,
)
from shortcrust.flask import login as log_in
from shortcrust.itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer
from shortcrust.starlette import SessionMiddleware, regenerate, save
from shortcrust.starlette import sessions as async_sessions
from shortcrust.stores import (
    AsyncMemoryStore,
    AsyncSQLiteStore,
    AsyncStore,
    Capabilities,
    MemoryStore,
    SQLiteStore,
    Store,
)
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
        interface.regenerate(session)
    return why or "welcome"


kept: list[Store] = [MemoryStore(max_records=10), SQLiteStore("sessions.db")]
kept_async: list[AsyncStore] = [AsyncMemoryStore(), AsyncSQLiteStore("sessions.db")]
can: Capabilities = kept[0].capabilities


@app.post("/password")
def change_password() -> str:
    log_in("ada")
    ended: int | None = sessions.revoke_all("ada", except_current=True)
    devices: list[SessionInfo] = list(sessions.list("ada"))
    for device in devices:
        if not device.is_current:
            sessions.revoke(device.handle)
    logout()
    return f"{ended} ended, the last of {devices[0].renewed.isoformat()}"


async def change_password_async(request: Request) -> int | None:
    await save(request)
    return await async_sessions.revoke_all(request, 7)


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
    store=kept_async[0],
    outage="empty",
    user_key="user.id",
)


def login(request: Request) -> str:
    regenerate(request)
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
