"""The interface of an app that is configured as for Flask-Session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Request, Response, current_app
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSession, SessionMixin
from flask.sessions import SessionInterface as PeerInterface

from .. import _core, ambient
from .._config import Secret
from ..stores import Entry
from . import flask_session
from ._http import REASON
from .interface import OwnSession, ShortcrustInterface, current_driver, own_of


class ServerSideSession(OwnSession):
    """As Flask-Session's: it has an id, and is permanent as ``SESSION_PERMANENT`` says."""

    @property
    def sid(self) -> str | None:
        """The session's id, which its cookie has, or will have."""
        driver = current_driver()
        return driver.session_id(own_of(self))

    def _is_permanent(self) -> bool:
        default = current_app.config.get("SESSION_PERMANENT", True)
        return bool(self.get("_permanent", default))

    def _set_permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)

    permanent: bool = property(_is_permanent, _set_permanent)  # type: ignore[assignment]


class FlaskSessionInterface(ShortcrustInterface):
    """What :class:`Shortcrust` makes of Flask-Session's configuration (0.8).

    Sessions are ours, in the same server; a row of Flask-Session's is taken over when its browser
    comes by.
    """

    session_class: type[SecureCookieSession] = ServerSideSession
    keys: tuple[str, ...] = (*ShortcrustInterface.keys, *flask_session.KEYS)

    def __init__(self, app: Flask, kind: str) -> None:
        super().__init__()
        self._store, self._rows = flask_session.store_and_rows(app, kind)

    def secrets(self, app: Flask) -> list[Secret]:
        """Bare ids are not signed, so Flask-Session asks for no secret."""
        secrets = super().secrets(app)
        if secrets or not flask_session.has_bare_ids(app):
            return secrets
        return [ambient.entropy(32)]

    def config(self, app: Flask) -> Mapping[str, Any]:
        """Flask-Session's keys, and Flask's, as ours."""
        return flask_session.settings_of(app, self._store)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        session = super().open_session(app, request)
        if request.environ.get(REASON) == "not_found" and self._has_taken_over(app, request):
            return super().open_session(app, request)
        return session

    def _has_taken_over(self, app: Flask, request: Request) -> bool:
        sid = flask_session.sid_of(app, request, self.get_cookie_name(app))
        row = None if self._rows is None or sid is None else self._rows.get(sid)
        data = None if row is None else flask_session.decoded(row)
        if self._rows is None or sid is None or data is None:
            return False
        payload = _core.dump_tagged(data) or TaggedJSONSerializer().dumps(data)
        lifetime = int(app.permanent_session_lifetime.total_seconds() * 1000)
        now = ambient.now_ms()
        engine = self.engine(app)
        if engine is None:
            return False
        key, text = _core.new_record(engine, sid, payload, now, now + lifetime)
        # Ours first: a request in between must find one of the two.
        self._store.create(key, Entry(text, None, now + lifetime))
        self._rows.delete(sid)
        return True


class NullInterface(PeerInterface):
    """``SESSION_TYPE = "null"``: there are no sessions."""

    def open_session(self, app: Flask, request: Request) -> None:
        """None, of which Flask makes a session that can't be written."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """There is nothing to save."""
