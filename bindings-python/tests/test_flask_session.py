"""Flask-Session's configuration and rows under ``Shortcrust(app)``."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from flask import Flask, session
from flask_session import Session  # type: ignore[import-untyped]
from flask_sqlalchemy import SQLAlchemy
from itsdangerous import Signer
from redis import Redis
from servers import Redis as RedisServer
from servers import shared_url
from shortcrust import ConfigError
from shortcrust.flask import Shortcrust, logout

SECRET = "a secret of the tests, of thirty-two bytes or more"
KINDS = pytest.mark.parametrize("kind", ["redis", "sqlalchemy"])


@pytest.fixture
def options(kind: str, tmp_path: Path) -> Iterator[dict[str, Any]]:
    if kind == "sqlalchemy":
        url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
        yield {"SESSION_TYPE": kind, "SQLALCHEMY_DATABASE_URI": url}
        return
    prefix = f"{uuid4()}:"
    with Redis.from_url(shared_url(RedisServer)) as client:
        yield {"SESSION_TYPE": kind, "SESSION_REDIS": client, "SESSION_KEY_PREFIX": prefix}


def app_of(layer: Any, options: dict[str, Any]) -> Flask:
    app = Flask(__name__)
    app.config.update(options, SECRET_KEY=SECRET)
    if "SQLALCHEMY_DATABASE_URI" in options:
        app.config["SESSION_SQLALCHEMY"] = SQLAlchemy(app)
    layer(app)

    @app.get("/login")
    def login() -> str:
        session.update(user="ada", at=datetime(2026, 1, 2, tzinfo=timezone.utc), raw=b"\x00")
        return ""

    @app.get("/me")
    def me() -> str:
        return str(session.get("user"))

    @app.get("/at")
    def at() -> str:
        return repr(session["at"])

    @app.get("/sid")
    def sid() -> str:
        return str(session.sid)  # type: ignore[attr-defined]

    @app.get("/regenerate")
    def regenerate() -> str:
        app.session_interface.regenerate(session)  # type: ignore[attr-defined]
        return ""

    @app.get("/logout")
    def leave() -> str:
        logout()
        return ""

    return app


def visit(app: Flask, path: str, cookie: str | None) -> tuple[str, str | None]:
    """The text, and the cookie from now on."""
    client = app.test_client(use_cookies=False)
    response = client.get(path, headers={"Cookie": f"session={cookie}"} if cookie else {})
    assert response.status_code == 200
    line = response.headers.get("Set-Cookie", f"session={cookie};")
    return response.text, line.removeprefix("session=").partition(";")[0] or None


@KINDS
@pytest.mark.parametrize("written", ["msgpack", "json"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("signed", [False, True])
def test_a_session_of_flask_session_goes_on(
    options: dict[str, Any], written: str, signed: bool
) -> None:
    options |= {"SESSION_SERIALIZATION_FORMAT": written, "SESSION_USE_SIGNER": signed}
    _, cookie = visit(app_of(Session, options), "/login", None)
    ours = app_of(Shortcrust, options)
    assert visit(ours, "/me", cookie)[0] == "ada"
    if written == "msgpack":
        assert visit(ours, "/at", cookie)[0] == repr(datetime(2026, 1, 2, tzinfo=timezone.utc))
    sid, cookie = visit(ours, "/sid", cookie)
    assert cookie is not None
    assert sid == (cookie.partition(".")[0] if signed else cookie)
    assert visit(app_of(Session, options), "/me", cookie)[0] == "None"


@KINDS
@pytest.mark.parametrize("is_sealed", [False, True])
def test_what_was_taken_over_and_logged_out_stays_out(
    options: dict[str, Any], is_sealed: bool
) -> None:
    _, cookie = visit(app_of(Session, options), "/login", None)
    ours = app_of(Shortcrust, {**options, "SHORTCRUST_ENCRYPT_AT_REST": is_sealed})
    assert visit(ours, "/me", cookie)[0] == "ada"
    visit(ours, "/logout", cookie)
    assert visit(ours, "/me", cookie)[0] == "None"


@KINDS
def test_a_row_in_pickle_is_not_read(options: dict[str, Any]) -> None:
    ran: list[str] = []

    class Trap:
        def __reduce__(self) -> Any:
            return (ran.append, ("it ran",))

    _, cookie = visit(app_of(Session, options), "/login", None)
    plant(options, cookie, pickle.dumps(Trap()))
    assert visit(app_of(Shortcrust, options), "/me", cookie)[0] == "None"
    assert ran == []


@KINDS
@pytest.mark.parametrize("row", [b"", b"\xc1", b"[1]", msgspec.msgpack.encode({1: 2})])
def test_a_strange_row_is_an_empty_session(options: dict[str, Any], row: bytes) -> None:
    _, cookie = visit(app_of(Session, options), "/login", None)
    plant(options, cookie, row)
    assert visit(app_of(Shortcrust, options), "/me", cookie)[0] == "None"


def plant(options: dict[str, Any], cookie: str | None, row: bytes) -> None:
    """Another row in the place of Flask-Session's."""
    if "SESSION_REDIS" in options:
        options["SESSION_REDIS"].set(f"{options['SESSION_KEY_PREFIX']}{cookie}", row)
        return
    app = app_of(Session, options)
    with app.app_context():
        interface: Any = app.session_interface
        found = interface.sql_session_model.query.one()
        found.data = row
        interface.client.session.commit()


@KINDS
def test_a_row_that_has_ended_is_not_taken_over(options: dict[str, Any], kind: str) -> None:
    short = options | {"PERMANENT_SESSION_LIFETIME": timedelta(seconds=1)}
    _, cookie = visit(app_of(Session, short), "/login", None)
    if kind == "redis":
        options["SESSION_REDIS"].expire(f"{options['SESSION_KEY_PREFIX']}{cookie}", 0)
    else:
        app = app_of(Session, options)
        with app.app_context():
            interface: Any = app.session_interface
            found = interface.sql_session_model.query.one()
            found.expiry = datetime(2020, 1, 1)
            interface.client.session.commit()
    assert visit(app_of(Shortcrust, options), "/me", cookie)[0] == "None"


@KINDS
def test_regenerate_gives_another_id_and_keeps_the_data(options: dict[str, Any]) -> None:
    app = app_of(Shortcrust, options)
    _, old = visit(app, "/login", None)
    _, new = visit(app, "/regenerate", old)
    assert new not in (None, old)
    assert (visit(app, "/me", new)[0], visit(app, "/me", old)[0]) == ("ada", "None")


@KINDS
def test_an_id_that_the_client_chose_is_not_adopted(options: dict[str, Any]) -> None:
    app = app_of(Shortcrust, options)
    chosen = "A" * 43
    _, cookie = visit(app, "/login", chosen)
    assert cookie not in (None, chosen)
    assert visit(app, "/me", chosen)[0] == "None"


@KINDS
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_ids_are_as_long_as_is_said_and_signed_where_it_is_said(options: dict[str, Any]) -> None:
    options |= {"SESSION_ID_LENGTH": 48, "SESSION_USE_SIGNER": True}
    _, cookie = visit(app_of(Shortcrust, options), "/login", None)
    signer = Signer(SECRET, salt="flask-session", key_derivation="hmac")
    assert len(signer.unsign(cookie or "")) == 64


@KINDS
@pytest.mark.parametrize("length", [15, 97])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_length_that_is_refused_is_named_as_it_was_set(
    options: dict[str, Any], length: int
) -> None:
    for key in ("SESSION_ID_LENGTH", "SHORTCRUST_ID_BYTES"):
        with pytest.raises(ConfigError, match=f"^{key} must be 16 to 96 random bytes: 32 are a"):
            app_of(Shortcrust, options | {key: length})


@pytest.mark.parametrize(("permanent", "lasts"), [(True, True), (False, False)])
@pytest.mark.parametrize("kind", ["redis"])
def test_session_permanent_says_whether_the_cookie_outlives_the_browser(
    options: dict[str, Any], permanent: bool, lasts: bool
) -> None:
    app = app_of(Shortcrust, options | {"SESSION_PERMANENT": permanent})
    line = app.test_client().get("/login").headers["Set-Cookie"]
    assert ("Max-Age" in line) == lasts


def test_null_means_no_sessions() -> None:
    app = app_of(Shortcrust, {"SESSION_TYPE": "null"})
    assert visit(app, "/me", "anything")[0] == "None"
    with pytest.raises(RuntimeError, match="session is unavailable"):
        app_testing(app).get("/login")


def app_testing(app: Flask) -> Any:
    app.testing = True
    return app.test_client()


def test_another_type_is_refused_with_the_way_out() -> None:
    with pytest.raises(ConfigError, match="SHORTCRUST_STORE"):
        app_of(Shortcrust, {"SESSION_TYPE": "mongodb"})


def row_of(app: Flask, options: dict[str, Any], sid: str, data: bytes | None = None) -> bytes:
    """What Flask-Session has under an id; written first, if ``data`` is given."""
    prefix = options.get("SESSION_KEY_PREFIX", "session:")
    if "SESSION_REDIS" in options:
        if data is not None:
            options["SESSION_REDIS"].set(prefix + sid, data, ex=3600)
        return bytes(options["SESSION_REDIS"].get(prefix + sid) or b"")
    database = app.config["SESSION_SQLALCHEMY"]
    with app.app_context(), database.engine.begin() as connection:
        if data is not None:
            connection.exec_driver_sql(
                "INSERT OR REPLACE INTO sessions (session_id, data, expiry) VALUES (?, ?, ?)",
                (prefix + sid, data, datetime.now(timezone.utc).replace(tzinfo=None, year=2999)),
            )
        found = connection.exec_driver_sql(
            "SELECT data FROM sessions WHERE session_id = ?", (prefix + sid,)
        ).first()
    return bytes(found[0]) if found else b""


@KINDS
def test_no_cookie_names_a_row_that_is_no_session(options: dict[str, Any]) -> None:
    stock = app_of(Session, options)
    _, cookie = visit(stock, "/login", None)
    row_of(stock, options, "config", msgspec.msgpack.encode({"user": "root"}))
    ours = app_of(Shortcrust, options)
    for header in ("config", f"config; session={'A' * 43}", f"{'A' * 43}; session=config"):
        assert visit(ours, "/me", header)[0] == "None"
    assert row_of(stock, options, "config") != b""
    assert visit(ours, "/me", f"config; session={cookie}")[0] == "ada"


@KINDS
def test_of_two_first_requests_none_loses_the_session(options: dict[str, Any]) -> None:
    _, cookie = visit(app_of(Session, options), "/login", None)
    ours = app_of(Shortcrust, options)
    rows = ours.session_interface._rows  # type: ignore[attr-defined]
    get = rows.get

    def in_between(sid: str) -> Any:
        rows.get = get
        assert visit(ours, "/me", cookie)[0] == "ada"
        return get(sid)

    rows.get = in_between
    assert visit(ours, "/me", cookie)[0] == "ada"


@KINDS
def test_a_row_in_tagged_json_is_read_as_such(options: dict[str, Any]) -> None:
    stock = app_of(Session, options)
    visit(stock, "/login", None)
    at = '{"user":"ada","at":{" d":"Fri, 02 Jan 2026 00:00:00 GMT"}}'
    row_of(stock, options, "B" * 43, at.encode())
    found, _ = visit(app_of(Shortcrust, options), "/at", "B" * 43)
    assert found == repr(datetime(2026, 1, 2, tzinfo=timezone.utc))


@KINDS
@pytest.mark.parametrize("value", [{b"raw": 1}, float("nan"), [float("inf")]])
def test_a_row_that_json_can_not_hold_stays_where_it_is(
    options: dict[str, Any], value: object
) -> None:
    stock = app_of(Session, options)
    visit(stock, "/login", None)
    row = msgspec.msgpack.encode({"user": "ada", "value": value})
    row_of(stock, options, "C" * 43, row)
    ours = app_of(Shortcrust, options)
    for _ in range(2):
        assert visit(ours, "/me", "C" * 43)[0] == "None"
    assert row_of(stock, options, "C" * 43) == row


def test_two_apps_in_one_database_stay_apart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    base = {"SESSION_TYPE": "sqlalchemy", "SQLALCHEMY_DATABASE_URI": url}
    one, other = (app_of(Shortcrust, base | {"SESSION_KEY_PREFIX": name}) for name in ("a:", "b:"))
    _, cookie = visit(one, "/login", None)
    assert visit(one, "/me", cookie)[0] == "ada"
    assert visit(other, "/me", cookie)[0] == "None"


def test_a_migration_that_is_generated_drops_no_table_of_sessions(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    options = {"SESSION_TYPE": "sqlalchemy", "SQLALCHEMY_DATABASE_URI": url}
    visit(app_of(Session, options), "/login", None)
    database = app_of(Shortcrust, options).config["SESSION_SQLALCHEMY"]
    assert {"sessions", "shortcrust_session"} <= set(database.metadata.tables)
