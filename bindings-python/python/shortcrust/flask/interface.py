"""What keeps an app's sessions once :class:`shortcrust.flask.Shortcrust` has them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Literal, cast

from flask import Flask, Request, Response, current_app
from flask import request as current_request
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSession, SessionMixin
from flask.sessions import SessionInterface as PeerInterface

from .. import _config, _core, ambient
from .._driver import Driver, Visit, run
from .._errors import ConfigError
from .._queues import Queues
from .._warnings import log
from ._http import REASON, cookie_header, forbid_caching, vary

# Where a session keeps its request's visit.
VISIT = "_shortcrust_visit"


class ShortcrustInterface(PeerInterface):
    """What :class:`Shortcrust` makes the app's ``session_interface``."""

    session_class = SecureCookieSession

    _STORES = ("SHORTCRUST_STORE", "SHORTCRUST_REVOCATIONS")
    # A store is told by its identity, and not copied.
    _KEYS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", *_config.PLAIN_KEYS)

    def __init__(self) -> None:
        self._built: tuple[list[Any], list[Any], Driver | None] = ([], [], None)

    def engine(self, app: Flask) -> _core.Engine | None:
        """The engine for what is configured now; ``None`` while there is no secret."""
        driver = self.driver(app)
        return None if driver is None else driver.engine

    def driver(self, app: Flask, tell: Callable[[str], None] = log) -> Driver | None:
        """The engine and its store; a configuration that is new and weak is told."""
        config = self.config(app)
        settings = [config.get(key) for key in self._KEYS]
        stores = [config.get(key) for key in self._STORES]
        if (settings, stores) != self._built[:2]:
            self._built = (deepcopy(settings), stores, _own_driver(app, config, tell))
        return self._built[2]

    def config(self, app: Flask) -> Mapping[str, Any]:
        """Where the keys of ours are."""
        return app.config

    def get_cookie_name(self, app: Flask) -> str:
        """``SHORTCRUST_NAME``."""
        return str(self.config(app).get("SHORTCRUST_NAME", _config.DEFAULTS["NAME"]))

    def is_null_session(self, obj: object) -> bool:
        """Also where the store failed before there was a session."""
        return obj is None or super().is_null_session(obj)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        driver = self.driver(app)
        if driver is None:
            return None
        header = cookie_header(request)
        if self.get_cookie_name(app) not in header:
            request.environ[REASON] = "no_cookie"
            return self.session_class()
        visit, data = run(driver.open(header))
        request.environ[REASON] = visit.reason
        session = self.session_class() if data is None else self.session_class(data)
        vars(session)[VISIT] = visit
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        varies = bool(session.accessed)
        if varies:
            response.vary.add("Cookie")
        driver = self.driver(app)
        if driver is None or (VISIT not in vars(session) and not session.modified):
            return
        visit = visit_of(session)
        secure = current_request.is_secure
        try:
            closed = run(driver.close(visit, dict(session), session.modified, secure))
        finally:
            _note(visit)
        if closed is None:
            return
        for cookie in closed.cookies:
            response.headers.add("Set-Cookie", cookie)
        vary(response, varies)
        forbid_caching(response, closed.cache_control)

    def save(self, session: SessionMixin) -> None:
        """Writes the session to the store now; the cookie comes with the response."""
        driver = self.driver(current_app)
        if driver is None:
            return
        visit = visit_of(session)
        try:
            run(driver.save(visit, dict(session), session.modified))
        finally:
            _note(visit)
        # What was emptied still has to take its cookie along.
        session.modified = session.modified and not session

    def regenerate(
        self,
        session: SessionMixin,
        why: Literal["login", "logout", "privilege"] = "privilege",
        user: str | None = None,
    ) -> None:
        """Gives the session a new id when it is saved.

        With ``login`` (of ``user``) and ``logout`` the session also begins anew; with ``privilege``
        it does not. Raises ``Unavailable`` where the store failed in this request.
        """
        driver = self._built[2]
        if driver is not None:
            driver.regenerate(visit_of(session), why, user)
            session.modified = True


def current_interface() -> ShortcrustInterface:
    """The current app's; ``ConfigError`` where another one keeps its sessions."""
    interface = current_app.session_interface
    if not isinstance(interface, ShortcrustInterface):
        raise ConfigError("this app's sessions are not shortcrust's: call Shortcrust(app) first")
    return interface


def current_driver() -> Driver:
    """The current app's; ``ConfigError`` while there is no secret."""
    driver = current_interface().driver(current_app)
    if driver is None:
        raise ConfigError("there is no secret: set SECRET_KEY or SHORTCRUST_SECRETS", "secret")
    return driver


def visit_of(session: SessionMixin) -> Visit:
    """Of the session's request; made now if no cookie came."""
    attributes = vars(session)
    return cast(Visit, attributes.setdefault(VISIT, Visit()))


def _note(visit: Visit) -> None:
    if visit.failure is not None:
        current_request.environ[REASON] = visit.failure


def _own_driver(
    app: Flask, config: Mapping[str, Any], tell: Callable[[str], None]
) -> Driver | None:
    secrets = _own_secrets(app)
    if not secrets:
        return None
    store, keeping = _config.keeping(config, is_async=False)
    engine = _config.build_engine(config, secrets)
    for weakness in (*engine.warnings, *_config.past_readers(config, ambient.now_ms())):
        tell(weakness)
    is_plain = _config.is_plain(config.get("SHORTCRUST_FORMAT"))
    return Driver(
        engine,
        # Only for values that the native path does not know.
        fallback=json.dumps if is_plain else TaggedJSONSerializer().dumps,
        ensure_ascii=False,
        sleep=time.sleep,
        queue=Queues().place,
        store=store,
        keeping=keeping,
        outage=config.get("SHORTCRUST_OUTAGE", "error"),
        user_key=config.get("SHORTCRUST_USER_KEY"),
    )


def _own_secrets(app: Flask) -> list[_config.Secret]:
    own = app.config.get("SHORTCRUST_SECRETS")
    if own is not None:
        return _config.secret_list("SHORTCRUST_SECRETS", own)
    if not app.secret_key:
        return []
    fallbacks = app.config.get("SECRET_KEY_FALLBACKS") or ()
    return [app.secret_key, *reversed(_config.secret_list("SECRET_KEY_FALLBACKS", fallbacks))]
