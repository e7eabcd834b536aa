"""Flask-Session's (0.8) keys and rows, for :class:`shortcrust.flask.Shortcrust`.

Its rows in msgpack or JSON are read and taken over, one by one, as their browsers come by. Rows in
pickle, which runs whatever is in it, are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from flask.json.tag import TaggedJSONSerializer
from itsdangerous import BadSignature, Signer

from .. import _core
from .._errors import ConfigError, TooLarge
from . import settings

if TYPE_CHECKING:
    from flask import Flask, Request

_SALT = "flask-session"
_PREFIX = "session:"
_TABLE = "sessions"
KEYS = ("SESSION_ID_LENGTH", "SESSION_PERMANENT", "SESSION_USE_SIGNER")
"""What may change after the front is put in."""
_TYPES = ("null", "redis", "sqlalchemy")
_ID = re.compile(r"[A-Za-z0-9_-]{22,128}")
_MOST_IDS = 4


class Rows(Protocol):
    """What Flask-Session kept."""

    def get(self, sid: str) -> bytes | None:
        """The row of an id, if it has not ended."""

    def delete(self, sid: str) -> None:
        """Removes it."""


def kind_of(config: Mapping[str, Any]) -> str | None:
    """``SESSION_TYPE``, where this is Flask-Session's configuration and not ours."""
    kind = config.get("SESSION_TYPE")
    if kind is None or config.get("SHORTCRUST_STORE") is not None:
        return None
    kind = str(kind).lower()
    if kind not in _TYPES:
        raise ConfigError(
            f"SESSION_TYPE must be one of {', '.join(_TYPES)}; for others set SHORTCRUST_STORE"
        )
    return kind


def settings_of(app: Flask, store: Any) -> dict[str, Any]:
    """Flask-Session's and Flask's keys in our words; the keys of ours that are set stay."""
    config = app.config
    is_signed = bool(config.get("SESSION_USE_SIGNER", False))
    return settings.settings_of(
        app,
        STORE=store,
        FORMAT={"format": "id", "salt": _SALT} if is_signed else "id",
        ID_BYTES=config.get("SESSION_ID_LENGTH", 32),
        NAMESPACE=_namespace(config),
        IDLE=app.permanent_session_lifetime,
        ABSOLUTE=None,
        PERSISTENT=bool(config.get("SESSION_PERMANENT", True)),
    )


def _namespace(config: Mapping[str, Any]) -> str:
    """What keeps applications apart there keeps them apart here."""
    place = (
        str(config.get("SESSION_SQLALCHEMY_SCHEMA") or ""),
        str(config.get("SESSION_SQLALCHEMY_TABLE", _TABLE)),
        str(config.get("SESSION_KEY_PREFIX", _PREFIX)),
    )
    return "" if place == ("", _TABLE, _PREFIX) else json.dumps(place)


def has_bare_ids(app: Flask) -> bool:
    """Nothing is signed."""
    is_signed = app.config.get("SESSION_USE_SIGNER", False)
    return not is_signed and app.config.get("SHORTCRUST_FORMAT") is None


def store_and_rows(app: Flask, kind: str) -> tuple[Any, Rows | None]:
    """Our store in the place of Flask-Session's, and its rows."""
    stores = import_module("shortcrust.stores")
    prefix = str(app.config.get("SESSION_KEY_PREFIX", _PREFIX))
    if kind == "redis":
        client = app.config.get("SESSION_REDIS") or import_module("redis").Redis()
        return stores.RedisStore(client), _RedisRows(client, prefix)
    client = app.config.get("SESSION_SQLALCHEMY")
    if client is None:
        raise ConfigError("SESSION_SQLALCHEMY must be your Flask-SQLAlchemy object")
    with app.app_context():
        bind = app.config.get("SESSION_SQLALCHEMY_BIND_KEY")
        engine = client.engines[bind] if bind else client.engine
        metadata = client.metadatas[bind]
    store = stores.SQLAlchemyStore(engine)
    store.create_tables()
    # Else a migration that is generated would drop them.
    store.table(metadata)
    return store, _sql_rows(engine, app.config, prefix, metadata)


def sids_of(app: Flask, request: Request, name: str) -> list[str]:
    """The ids that a request brings: of the shape of an id, and signed by us where that is asked.

    Nothing else may name a row: whoever sends a cookie chooses what is in it.
    """
    values = request.cookies.getlist(name)[:_MOST_IDS]
    if app.config.get("SESSION_USE_SIGNER", False):
        keys = [*(app.config.get("SECRET_KEY_FALLBACKS") or ()), app.secret_key]
        signer = Signer(cast(Any, keys), salt=_SALT, key_derivation="hmac")
        values = [_unsigned(signer, value) for value in values]
    return [value for value in values if _ID.fullmatch(value)]


def _unsigned(signer: Signer, value: str) -> str:
    try:
        return signer.unsign(value).decode()
    except (BadSignature, UnicodeDecodeError):
        return ""


def decoded(row: bytes) -> dict[str, Any] | None:
    """A row's data; ``None`` for what is neither msgpack nor JSON, or no object."""
    msgspec = import_module("msgspec")
    # JSON may have been written by a serializer of the application's own, with Flask's tags.
    for decode in (msgspec.msgpack.decode, _tagged):
        try:
            data = decode(row)
        except (msgspec.DecodeError, ValueError, TypeError, LookupError, RecursionError):
            continue
        if isinstance(data, dict) and all(isinstance(key, str) for key in data):
            return data
    return None


def _tagged(row: bytes) -> Any:
    return TaggedJSONSerializer().loads(row.decode())


def payload_of(data: dict[str, Any]) -> str | None:
    """As Flask's tagged JSON; ``None`` for what that can't hold, which stays where it is."""
    try:
        return _core.dump_tagged(data) or TaggedJSONSerializer().dumps(data)
    except (TooLarge, TypeError, ValueError, RecursionError):
        return None


class _RedisRows:
    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def get(self, sid: str) -> bytes | None:
        row: bytes | None = self._client.get(self._prefix + sid)
        return row

    def delete(self, sid: str) -> None:
        self._client.delete(self._prefix + sid)


class _SQLRows:
    def __init__(self, engine: Any, prefix: str, table: Any) -> None:
        self._engine = engine
        self._prefix = prefix
        self._table = table

    def get(self, sid: str) -> bytes | None:
        columns = self._table.c
        query = self._table.select().where(columns.session_id == self._prefix + sid)
        with self._engine.connect() as connection:
            found = connection.execute(query).first()
        # Flask-Session writes UTC without saying so.
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        return bytes(found.data) if found and found.expiry and found.expiry > now else None

    def delete(self, sid: str) -> None:
        with self._engine.begin() as connection:
            where = self._table.c.session_id == self._prefix + sid
            connection.execute(self._table.delete().where(where))


def _sql_rows(engine: Any, config: Mapping[str, Any], prefix: str, metadata: Any) -> Rows | None:
    """``None`` where Flask-Session never made its table."""
    sql = import_module("sqlalchemy")
    name = str(config.get("SESSION_SQLALCHEMY_TABLE", _TABLE))
    schema = config.get("SESSION_SQLALCHEMY_SCHEMA")
    if not sql.inspect(engine).has_table(name, schema=schema):
        return None
    table = sql.Table(name, metadata, schema=schema, autoload_with=engine, extend_existing=True)
    return _SQLRows(engine, prefix, table)
