"""The interface of an app that is configured as for Flask-Session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, current_app
from flask.sessions import SecureCookieSession, SessionMixin
from flask.sessions import SessionInterface as PeerInterface

from .. import _core, ambient
from .._config import Secret
from .._driver import Driver
from .._steps import run
from ..stores import Entry
from . import flask_session
from ._http import REASON
from .exact import ExactDriver, hidden
from .interface import OwnSession, ShortcrustInterface, current_driver, own_of
from .kept_rows import KeptRows

if TYPE_CHECKING:
    from .rows import OldRows


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


class KeptSession(ServerSideSession):
    """Of a row that stays Flask-Session's."""

    def _is_changed_within(self) -> bool:
        return self._differs(hidden(dict(self)))


class FlaskSessionInterface(ShortcrustInterface):
    """What :class:`Shortcrust` makes of Flask-Session's configuration (0.8).

    Sessions are ours, in the same server, and a row of Flask-Session's is taken over when its
    browser comes by; with ``SHORTCRUST_ROWS`` they stay its rows.
    """

    session_class: type[SecureCookieSession] = ServerSideSession
    keys: tuple[str, ...] = (*ShortcrustInterface.keys, *flask_session.KEYS)

    def __init__(self, app: Flask, kind: str) -> None:
        super().__init__()
        self._store, self._rows = flask_session.store_and_rows(app, kind)
        if isinstance(self._store, KeptRows):
            self.session_class = KeptSession

    def secrets(self, app: Flask) -> list[Secret]:
        """Bare ids are not signed, so Flask-Session asks for no secret."""
        secrets = super().secrets(app)
        if secrets or not flask_session.has_bare_ids(app):
            return secrets
        return [ambient.entropy(32)]

    def config(self, app: Flask) -> Mapping[str, Any]:
        """Flask-Session's keys, and Flask's, as ours."""
        return flask_session.settings_of(app, self._store)

    def _made(self, app: Flask, secrets: list[Secret], tell: Callable[[str], None]) -> Driver:
        """What Flask-Session's rows hold, they hold exactly."""
        driver = super()._made(app, secrets, tell)
        if not isinstance(self._store, KeptRows):
            return driver
        return ExactDriver(**{field.name: getattr(driver, field.name) for field in fields(driver)})

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """To Flask-Session a session with nothing but ``_permanent`` is empty."""
        if isinstance(self._store, KeptRows) and session.keys() == {"_permanent"}:
            session.pop("_permanent")
        super().save_session(app, session, response)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        session = super().open_session(app, request)
        if request.environ.get(REASON) != "not_found" or self._rows is None:
            return session
        sids = flask_session.sids_of(app, request, self.get_cookie_name(app))
        made = [sid for sid in sids if self._takes(app, self._rows, sid)]
        if sids:
            # Also where no row was found: another first request may have taken it meanwhile.
            session = super().open_session(app, request)
        if made and session is not None and (own := own_of(session)).user is not None:
            # The store learns whose it is, so that the session can be listed and revoked.
            run(current_driver().save(own, dict(session), modified=True))
        for sid in made:
            # Ours is there: a request in between finds one of the two.
            self._rows.delete(sid)
        return session

    def _takes(self, app: Flask, rows: OldRows, sid: str) -> bool:
        row, engine = rows.get(sid), self.engine(app)
        data = None if row is None else flask_session.decoded(row.data)
        payload = None if data is None else flask_session.payload_of(data)
        if payload is None or engine is None:
            return False
        now = ambient.now_ms()
        ends = now + int(app.permanent_session_lifetime.total_seconds() * 1000)
        record = _core.new_record(engine, sid, payload, now, ends)
        if record is None:
            return False
        key, text = record
        self._store.create(key, Entry(text, None, ends))
        return True


class NullInterface(PeerInterface):
    """``SESSION_TYPE = "null"``: there are no sessions."""

    def open_session(self, app: Flask, request: Request) -> None:
        """None, of which Flask makes a session that can't be written."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """There is nothing to save."""
