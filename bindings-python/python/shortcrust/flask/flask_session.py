"""Flask-Session's (0.8) keys and rows, for :class:`shortcrust.flask.Shortcrust`.

Its rows in msgpack or JSON are read and taken over, one by one, as their browsers come by; or they
stay its rows, with ``SHORTCRUST_ROWS``. Rows in pickle, which runs whatever is in it, are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from flask.json.tag import TaggedJSONSerializer
from itsdangerous import BadSignature, Signer

from .. import _core
from .._errors import ConfigError, TooLarge
from . import settings
from .kept_rows import KeptRows
from .rows import TABLE
from .session_types import PREFIX, check, place_of, prefix_of

if TYPE_CHECKING:
    from flask import Flask, Request

    from .rows import OldRows, Rows

_SALT = "flask-session"
ROWS = "SHORTCRUST_ROWS"
KEYS = ("SESSION_ID_LENGTH", "SESSION_PERMANENT", "SESSION_USE_SIGNER", ROWS)
"""What may change after the front is put in."""
_STAYING = ("redis", "sqlalchemy")
_ID = re.compile(r"[A-Za-z0-9_-]{22,128}")
_MOST_IDS = 4


def kind_of(config: Mapping[str, Any]) -> str | None:
    """``SESSION_TYPE``, where this is Flask-Session's configuration and not ours."""
    kind = config.get("SESSION_TYPE")
    rows = config.get(ROWS)
    if rows not in (None, "flask-session"):
        raise ConfigError(f'{ROWS} must be "flask-session", or left out', "option")
    if kind is None or config.get("SHORTCRUST_STORE") is not None:
        if rows is not None:
            raise ConfigError(
                f"{ROWS} goes with SESSION_TYPE, and without SHORTCRUST_STORE", "option"
            )
        return None
    kind = str(kind).lower()
    check(kind)
    if rows is not None and kind not in _STAYING:
        raise ConfigError(
            f"{ROWS} goes with SESSION_TYPE {' or '.join(_STAYING)}, and not with {kind}: "
            "leave it out, and sessions are kept as ours",
            "option",
        )
    return kind


def settings_of(app: Flask, store: Any) -> dict[str, Any]:
    """Flask-Session's and Flask's keys in our words; the keys of ours that are set stay."""
    config = app.config
    is_signed = bool(config.get("SESSION_USE_SIGNER", False))
    found = settings.settings_of(
        app,
        STORE=store,
        FORMAT={"format": "id", "salt": _SALT} if is_signed else "id",
        ID_BYTES=config.get("SESSION_ID_LENGTH", 32),
        NAMESPACE=_namespace(config),
        IDLE=app.permanent_session_lifetime,
        ABSOLUTE=None,
        PERSISTENT=bool(config.get("SESSION_PERMANENT", True)),
    )
    found.pop(ROWS, None)
    return found


def _namespace(config: Mapping[str, Any]) -> str:
    """What keeps applications apart there keeps them apart here."""
    place = (
        str(config.get("SESSION_SQLALCHEMY_SCHEMA") or ""),
        str(config.get("SESSION_SQLALCHEMY_TABLE", TABLE)),
        prefix_of(config),
    )
    return "" if place == ("", TABLE, PREFIX) else json.dumps(place)


def has_bare_ids(app: Flask) -> bool:
    """Nothing is signed."""
    is_signed = app.config.get("SESSION_USE_SIGNER", False)
    return not is_signed and app.config.get("SHORTCRUST_FORMAT") is None


def store_and_rows(app: Flask, kind: str) -> tuple[Any, OldRows | None]:
    """The store, and the rows that are to be taken over into it, if they are."""
    stays = app.config.get(ROWS) is not None
    store, rows = place_of(app, kind, stays=stays)
    return (_kept(app, cast("Rows", rows)), None) if stays else (store, rows)


def _kept(app: Flask, rows: Rows) -> KeptRows:
    return KeptRows(
        rows,
        str(app.config.get("SESSION_SERIALIZATION_FORMAT", "msgpack")),
        lifetime=int(app.permanent_session_lifetime.total_seconds() * 1000),
        is_permanent=bool(app.config.get("SESSION_PERMANENT", True)),
    )


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
