"""What keeps an app's sessions once :class:`shortcrust.flask.Shortcrust` has them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, cast

from flask import Flask, Request, Response, current_app, has_request_context
from flask import request as current_request
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSession, SessionMixin
from flask.sessions import SessionInterface as PeerInterface

from .. import _config, _core, _readers, _store_config, ambient
from .._driver import Driver
from .._errors import ConfigError, Unsupported
from .._events import Telling
from .._queues import Queues
from .._request import REASON_HEADER, RequestSession
from .._secrets import Rekeyed
from .._steps import run
from .._warnings import log
from . import settings
from ._http import REASON, cookie_header, forbid_caching, vary

# Where a session keeps what its request brought.
OWN = "_shortcrust_session"


# Set when the session is saved with its response.
_ANSWERED = "_shortcrust_answered"
# What a session that is emptied calls.
_ON_CLEAR = "_shortcrust_on_clear"


class OwnSession(SecureCookieSession):
    """As Flask's; ``modified`` sees nested changes, and emptied it is nobody's any more."""

    was_modified: bool = False
    """Whether the top level was changed, or ``modified`` set."""

    def _is_modified(self) -> bool:
        return self.was_modified or self._is_changed_within()

    def _set_modified(self, value: bool) -> None:
        self.was_modified = value

    # In Flask an attribute, which extensions read and views set.
    modified: bool = property(_is_modified, _set_modified)  # type: ignore[assignment]

    def _is_changed_within(self) -> bool:
        return self._differs(dict(self))

    def _differs(self, now: dict[str, Any]) -> bool:
        """From what came in."""
        own = vars(self).get(OWN)
        incoming = None if own is None or own.native is None else own.native.data()
        if incoming is None:
            return False
        # To Python 1 is True and 1.0.
        return bool(incoming != now or _core.dump_tagged(incoming) != _core.dump_tagged(now))

    def clear(self) -> None:
        super().clear()
        on_clear = vars(self).get(_ON_CLEAR)
        if on_clear is not None:
            on_clear(vars(self).get(OWN))


class ShortcrustInterface(PeerInterface):
    """What :class:`Shortcrust` makes the app's ``session_interface``."""

    session_class: type[SecureCookieSession] = OwnSession

    # What makes another engine when it changes.
    keys: tuple[str, ...] = (*settings.FLASKS_KEYS, *_config.PLAIN_KEYS)

    def __init__(self) -> None:
        self._built: tuple[list[Any], list[Any], Callable[[], Driver | None]] = ([], [], _none)

    def engine(self, app: Flask) -> _core.Engine | None:
        """The engine for what is configured now; ``None`` while there is no secret."""
        driver = self.driver(app)
        return None if driver is None else driver.engine

    def driver(self, app: Flask, tell: Callable[[str], None] = log) -> Driver | None:
        """The engine and its store; a configuration that is new and weak is told."""
        live = list(map(app.config.get, (*_config.LIVE_KEYS, settings.SECRETS)))
        plain = [None if callable(value) else value for value in map(app.config.get, self.keys)]
        if (plain, live) != self._built[:2]:
            self._built = (deepcopy(plain), live, self._built_now(app, tell))
        return self._built[2]()

    def _built_now(self, app: Flask, tell: Callable[[str], None]) -> Callable[[], Driver | None]:
        source = app.config.get(settings.SECRETS)
        if callable(source):
            # What is made inside a request may not warn.
            tells = iter((tell,))
            return Rekeyed(
                settings.SECRETS,
                source,
                lambda given: self._made(app, settings.checked_secrets(given), next(tells, log)),
            ).current
        secrets = self.secrets(app)
        driver = self._made(app, secrets, tell) if secrets else None
        return lambda: driver

    def _made(
        self, app: Flask, secrets: list[_config.Secret], tell: Callable[[str], None]
    ) -> Driver:
        try:
            return _own_driver(app, self.config(app), secrets, tell)
        except ConfigError as error:
            raise settings.in_flasks_words(error, app.config) from None

    def secrets(self, app: Flask) -> list[_config.Secret]:
        """Newest first; empty where there are no sessions, since none is set."""
        return settings.secrets_of(app)

    def config(self, app: Flask) -> Mapping[str, Any]:
        """What is set, by the names of our keys."""
        return settings.settings_of(app)

    def get_cookie_name(self, app: Flask) -> str:
        """``SHORTCRUST_NAME``, or ``SESSION_COOKIE_NAME``."""
        return settings.name_of(app)

    def is_null_session(self, obj: object) -> bool:
        """Also where the store failed before there was a session."""
        return obj is None or super().is_null_session(obj)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        driver = self.driver(app)
        if driver is None:
            return None
        name, own, data = self.get_cookie_name(app), None, None
        header = cookie_header(request)
        # The name's letters are not there in most requests without a session.
        if name in header or any(old in header for old in driver.old_cookies):
            own, data = run(driver.open(header))
        request.environ[REASON] = "no_cookie" if own is None else own.reason
        session = self.session_class() if data is None else self.session_class(data)
        if own is not None:
            vars(session)[OWN] = own
        # With a bound method, a copy of the session would have a copy of the driver.
        vars(session)[_ON_CLEAR] = lambda own: driver.cleared(own)  # noqa: PLW0108
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        varies = bool(session.accessed)
        if varies:
            vary(response, False)
        driver, modified = self.driver(app), _was_modified(session)
        if driver is None:
            return
        _tell_developer(app, response)
        vars(session)[_ANSWERED] = True
        if OWN not in vars(session) and not modified:
            return
        closed = _close(driver, session, modified, _is_secure(app))
        own_of(session).is_answered = True
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
        own, modified = own_of(session), _was_modified(session)
        if _ANSWERED in vars(session) and own.key is None and (session or own.user):
            raise Unsupported(
                "the response has been made, so that no cookie can bring this new session back: "
                "put something into the session before, or save it before"
            )
        try:
            run(driver.save(own, dict(session), modified))
        finally:
            _note(own)
        # What was emptied still has to take its cookie along.
        session.modified = modified and not session

    def regenerate(self, session: SessionMixin) -> None:
        """Gives the session a new id when it is saved.

        Raises ``Unavailable`` where the store failed in this request.
        """
        driver = self._built[2]()
        if driver is not None:
            driver.regenerate(own_of(session))
            session.modified = True


def _none() -> None:
    """There is no driver before the first request."""


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


def own_of(session: SessionMixin) -> RequestSession:
    """Of the session's request; made now if no cookie came."""
    attributes = vars(session)
    return cast(RequestSession, attributes.setdefault(OWN, RequestSession()))


def _close(
    driver: Driver, session: SessionMixin, modified: bool, secure: bool
) -> _core.Closed | None:
    own, data = own_of(session), dict(session)
    try:
        if not (driver.has_records and _is_event()):
            return run(driver.close(own, data, modified, secure))
        if not run(driver.close_unanswered(own, data, modified)):
            log(
                "the session of an event was not saved: a new one, or one with a new id, needs a "
                "cookie, which a response sets; begin it, or log in, in a request"
            )
        return None
    finally:
        _note(own)


def _is_event() -> bool:
    """Flask-SocketIO saves after each event, with a response that is sent to nobody."""
    return has_request_context() and all(
        hasattr(current_request, mark) for mark in ("sid", "namespace")
    )


def _was_modified(session: SessionMixin) -> bool:
    """The driver looks for nested changes itself."""
    return session.was_modified if isinstance(session, OwnSession) else session.modified


def _is_secure(app: Flask) -> bool:
    """Some extensions save a session where there is no request."""
    if has_request_context():
        return current_request.is_secure
    return bool(app.config["PREFERRED_URL_SCHEME"] == "https")


def _tell_developer(app: Flask, response: Response) -> None:
    """Why there is no session, where somebody develops."""
    if app.debug and has_request_context() and (why := current_request.environ.get(REASON)):
        response.headers[REASON_HEADER] = why


def _note(own: RequestSession) -> None:
    if own.failure is not None and has_request_context():
        current_request.environ[REASON] = own.failure


def _label_of(config: Mapping[str, Any]) -> Callable[[Any], object] | None:
    label = _store_config.label_of(config)
    if label is None:
        return None
    # Some extensions save a session where there is no request.
    return lambda _: label(current_request) if has_request_context() else None


def _own_driver(
    app: Flask,
    config: Mapping[str, Any],
    secrets: list[_config.Secret],
    tell: Callable[[str], None],
) -> Driver:
    store, purpose = _store_config.store_of(config, is_async=False)
    engine = _config.build_engine(config, secrets, settings.KEYS, settings.places_of(app))
    old_rows = _readers.old_rows(config, is_async=False)
    for weakness in (*engine.warnings, *_readers.past_readers(config, ambient.now_ms())):
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
        has_records=purpose == "sessions",
        label_of=_label_of(config),
        telling=Telling(_store_config.listener_of(config), store),
        old_rows=old_rows,
        old_cookies=_readers.old_cookies(config),
    )
