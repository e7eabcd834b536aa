"""Flask: the drop-in :class:`SessionInterface`, and :class:`Shortcrust`, our own front.

Put the drop-in in, and nobody is logged out::

    app.session_interface = SessionInterface()

Or let our own front keep the session, encrypted by default::

    Shortcrust(app)

With ``SHORTCRUST_STORE`` the sessions lie in a store, and can be listed and revoked::

    app.config["SHORTCRUST_STORE"] = SQLiteStore("sessions.db")
"""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from typing import Any, Literal, cast

from flask import Flask, Request, Response, current_app, has_request_context
from flask import request as current_request
from flask import session as current_session
from flask.json.provider import DefaultJSONProvider
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask.sessions import SessionInterface as _PeerInterface
from itsdangerous import BadData, BadSignature, SignatureExpired

from . import _config, _core, _flask_session, ambient, reason
from ._driver import Driver, SessionInfo, Visit, run, user_text
from ._errors import ConfigError, TooLarge
from ._queues import Queues
from .stores import Entry

__all__ = [
    "FlaskSessionInterface",
    "ServerSideSession",
    "SessionInfo",
    "SessionInterface",
    "Sessions",
    "Shortcrust",
    "ShortcrustInterface",
    "login",
    "logout",
    "reason",
    "regenerate",
    "save",
    "sessions",
    "user",
]

_REASON = "shortcrust.reason"
# Where a session keeps what came in.
_NATIVE = "_shortcrust"
_VISIT = "_shortcrust_visit"

_STOCK = SecureCookieSessionInterface
_STOCK_DEFAULT = DefaultJSONProvider.default
_STOCK_TAGS = len(TaggedJSONSerializer.default_tags)
_DIGESTS = {
    _STOCK.digest_method: "sha1",
    hashlib.sha1: "sha1",
    hashlib.sha256: "sha256",
    hashlib.sha384: "sha384",
    hashlib.sha512: "sha512",
}
_MAX_SECRETS = 8


class SessionInterface(SecureCookieSessionInterface):
    """Flask's own session interface (3.1), with its cookies, options and hooks.

    Four things differ, and ``peer_exact=True`` takes them back: a change inside a nested list or
    dict is saved; a strange cookie is an empty session and not a 500; where several cookies have
    the name, the first that opens is taken; another server's clock may be 60 seconds ahead.

    Where a hook asks for more than the native path knows (tags of your own, another JSON provider,
    a signing serializer of your own), Flask's code runs, and a strange cookie is still no 500.
    """

    peer_exact: bool = False
    _skew = 60

    def __init__(self, *, peer_exact: bool = False) -> None:
        self.peer_exact = peer_exact

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        _refuse_text(app)
        if self.peer_exact:
            return super().open_session(app, request)
        engine = self._engine(app)
        if engine is None:
            return self._open_as_peer(app, request)
        return _open(engine, self.get_cookie_name(app), request, self.session_class)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        engine = self._engine(app)
        if engine is None:
            super().save_session(app, session, response)
            return
        # Werkzeug reads the header each time, so it is asked once.
        varies = bool(session.accessed)
        if varies:
            response.vary.add("Cookie")
        if not session:
            if session.modified:
                response.delete_cookie(self.get_cookie_name(app), **self._attributes(app))
                _vary(response, varies)
            return
        token = self._token(engine, app, session)
        if token is not None:
            response.set_cookie(
                self.get_cookie_name(app),
                token,
                expires=self.get_expiration_time(app, session),
                **self._attributes(app),
            )
            _vary(response, varies)

    def _token(self, engine: _core.Engine, app: Flask, session: SessionMixin) -> str | None:
        native = vars(session).get(_NATIVE)
        force = bool(self.should_set_cookie(app, session))
        if native is None and not force:
            return None
        token = self._seal(engine, app, session, native, force)
        if token is None or force:
            return token
        session.modified = True
        return token if self.should_set_cookie(app, session) else None

    def _seal(
        self,
        engine: _core.Engine,
        app: Flask,
        session: SessionMixin,
        native: _core.Session | None,
        force: bool,
    ) -> str | None:
        data, provider = dict(session), cast(DefaultJSONProvider, app.json)
        try:
            return engine.seal(
                native,
                data,
                session.modified,
                force,
                ambient.now_ms(),
                ambient.entropy,
                self.serializer.dumps,
                bool(provider.sort_keys),
                bool(provider.ensure_ascii),
            )
        except TooLarge:
            serializer = self.get_signing_serializer(app)
            token = None if serializer is None else str(serializer.dumps(data))
            if token is None or len(token) > _core.MAX_TOKEN:
                # Flask sets the cookie, Werkzeug warns, and the browser drops it.
                return token
            # It would come back, and not be read.
            raise

    def _attributes(self, app: Flask) -> dict[str, Any]:
        attributes = {
            "domain": self.get_cookie_domain(app),
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "httponly": self.get_cookie_httponly(app),
            "samesite": self.get_cookie_samesite(app),
            "partitioned": self.get_cookie_partitioned(app),
        }
        if not attributes["secure"]:
            _warn_of_insecure(attributes["samesite"], attributes["partitioned"])
        return attributes

    def _engine(self, app: Flask) -> _core.Engine | None:
        """The native engine for what is configured now; ``None`` where Flask's code has to run."""
        secret, salt, digest = app.secret_key, self.salt, _DIGESTS.get(self.digest_method)
        fallbacks = tuple(app.config["SECRET_KEY_FALLBACKS"] or ())
        lifetime = int(app.permanent_session_lifetime.total_seconds())
        if (
            not secret
            or digest is None
            or lifetime < 0
            or self.peer_exact
            or not isinstance(salt, (str, bytes))
            or self.key_derivation not in _config.KEY_DERIVATIONS
            or len(fallbacks) >= _MAX_SECRETS
            or not self._serializes_as_flask(app)
        ):
            return None
        secrets = (secret, *reversed(fallbacks))
        name, derivation = self.get_cookie_name(app), self.key_derivation
        try:
            return _drop_in_engine(name, secrets, salt, digest, derivation, lifetime, self._skew)
        except TypeError:
            # A secret that is neither text nor bytes: Flask may know what to do with it.
            return None

    def _serializes_as_flask(self, app: Flask) -> bool:
        serializer, provider = self.serializer, app.json
        signer = getattr(self.get_signing_serializer, "__func__", None)
        return (
            type(serializer) is TaggedJSONSerializer
            and len(serializer.order) == _STOCK_TAGS
            and type(provider) is DefaultJSONProvider
            and provider.default is _STOCK_DEFAULT
            and signer is _STOCK.get_signing_serializer
        )

    def _open_as_peer(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """As Flask's ``open_session``, but whatever is in the cookie."""
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            return None
        token = request.cookies.get(self.get_cookie_name(app))
        if not token:
            request.environ[_REASON] = "no_cookie"
            return self.session_class()
        max_age = int(app.permanent_session_lifetime.total_seconds())
        try:
            # Unpacked, so that what is no mapping is refused.
            session = self.session_class({**serializer.loads(token, max_age=max_age)})
        except Exception as error:  # noqa: BLE001 - a cookie must not raise, whoever signed it
            request.environ[_REASON] = _peer_reason(error)
            return self.session_class()
        request.environ[_REASON] = None
        return session


def _peer_reason(error: Exception) -> str:
    kinds = ((SignatureExpired, "expired"), (BadSignature, "bad_signature"), (BadData, "malformed"))
    return next((code for kind, code in kinds if isinstance(error, kind)), "not_an_object")


def _open(
    engine: _core.Engine, name: str, request: Request, session_class: type[SecureCookieSession]
) -> SecureCookieSession:
    header = _cookie_header(request)
    # The name's letters are not there in most requests without a session.
    if name not in header:
        request.environ[_REASON] = "no_cookie"
        return session_class()
    native, data = engine.open(header, ambient.now_ms())
    request.environ[_REASON] = native.reason
    session = session_class() if data is None else session_class(data)
    vars(session)[_NATIVE] = native
    return session


def _vary(response: Response, already: bool) -> None:
    if not already:
        response.vary.add("Cookie")


def _cookie_header(request: Request) -> str:
    """PEP 3333 hands over bytes as Latin-1; browsers send UTF-8."""
    header: str = request.environ.get("HTTP_COOKIE", "")
    if header.isascii():
        return header
    return header.encode("latin-1", "replace").decode("utf-8", "replace")


def _refuse_text(app: Flask) -> None:
    fallbacks = app.config["SECRET_KEY_FALLBACKS"]
    if isinstance(fallbacks, (str, bytes)):
        _config.secret_list("SECRET_KEY_FALLBACKS", fallbacks)


@lru_cache(maxsize=32)
def _drop_in_engine(
    name: str,
    secrets: tuple[str | bytes, ...],
    salt: str | bytes,
    digest: str,
    key_derivation: str,
    lifetime: int,
    skew: int,
) -> _core.Engine:
    engine = _core.Engine(
        {
            "name": name,
            "secrets": list(secrets),
            "format": {
                "format": "flask",
                "salt": salt,
                "digest": digest,
                "key_derivation": key_derivation,
            },
            "policy": {
                "idle": lifetime,
                "absolute": None,
                "renew_after": None,
                "skew": skew,
                "persistent": False,
            },
            "duplicates": "first",
            "drop_in": True,
        }
    )
    if any(len(_encoded(secret)) < _core.LEAST_FLASK_SECRET for secret in secrets):
        warnings.warn(
            f"a secret in SECRET_KEY or SECRET_KEY_FALLBACKS has under {_core.LEAST_FLASK_SECRET} "
            "bytes and can be guessed: make one with "
            "`python -c 'import secrets; print(secrets.token_hex())'`",
            stacklevel=2,
        )
    return engine


def _encoded(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


@lru_cache(maxsize=8)
def _warn_of_insecure(samesite: str | None, partitioned: bool) -> None:
    if samesite is not None and samesite.title() == "None":
        warnings.warn(
            "SESSION_COOKIE_SAMESITE is None without Secure, so browsers drop the cookie: set "
            "SESSION_COOKIE_SECURE, or use Lax",
            stacklevel=2,
        )
    if partitioned:
        warnings.warn(
            "SESSION_COOKIE_PARTITIONED makes the cookie Secure, whatever SESSION_COOKIE_SECURE "
            "says: set SESSION_COOKIE_SECURE too",
            stacklevel=2,
        )


class Shortcrust:
    """Our own front, configured by ``app.config["SHORTCRUST_..."]``; everything has a default.

    The configuration is checked here if a secret is there already, else at the first request.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Gives the app's sessions to this front."""
        kind = _flask_session.kind_of(app.config)
        if kind == "null":
            app.session_interface = _NullInterface()
            return
        interface = ShortcrustInterface() if kind is None else FlaskSessionInterface(app, kind)
        interface.driver(app)
        app.session_interface = interface


class ShortcrustInterface(_PeerInterface):
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

    def driver(self, app: Flask) -> Driver | None:
        """The engine and its store."""
        config = self.config(app)
        settings = [config.get(key) for key in self._KEYS]
        stores = [config.get(key) for key in self._STORES]
        if (settings, stores) != self._built[:2]:
            self._built = (deepcopy(settings), stores, _own_driver(app, config))
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
        header = _cookie_header(request)
        if self.get_cookie_name(app) not in header:
            request.environ[_REASON] = "no_cookie"
            return self.session_class()
        visit, data = run(driver.open(header))
        request.environ[_REASON] = visit.reason
        session = self.session_class() if data is None else self.session_class(data)
        vars(session)[_VISIT] = visit
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        varies = bool(session.accessed)
        if varies:
            response.vary.add("Cookie")
        driver = self.driver(app)
        if driver is None or (_VISIT not in vars(session) and not session.modified):
            return
        visit = _visit(session)
        secure = current_request.is_secure
        try:
            closed = run(driver.close(visit, dict(session), session.modified, secure))
        finally:
            _note(visit)
        if closed is None:
            return
        for cookie in closed.cookies:
            response.headers.add("Set-Cookie", cookie)
        _vary(response, varies)
        _forbid_caching(response, closed.cache_control)

    def save(self, session: SessionMixin) -> None:
        """Writes the session to the store now; the cookie comes with the response."""
        driver = self.driver(current_app)
        if driver is None:
            return
        visit = _visit(session)
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
            driver.regenerate(_visit(session), why, user)
            session.modified = True


class ServerSideSession(SecureCookieSession):
    """As Flask-Session's: it has an id, and is permanent as ``SESSION_PERMANENT`` says."""

    @property
    def sid(self) -> str | None:
        """The session's id, which its cookie has, or will have."""
        driver = _driver()
        return driver.session_id(_visit(self))

    def _is_permanent(self) -> bool:
        default = current_app.config.get("SESSION_PERMANENT", True)
        return bool(self.get("_permanent", default))

    def _set_permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)

    permanent = property(_is_permanent, _set_permanent)


class FlaskSessionInterface(ShortcrustInterface):
    """What :class:`Shortcrust` makes of Flask-Session's configuration (0.8).

    Sessions are ours, in the same server; a row of Flask-Session's is taken over when its browser
    comes by.
    """

    session_class = ServerSideSession

    def __init__(self, app: Flask, kind: str) -> None:
        super().__init__()
        self._store, self._rows = _flask_session.store_and_rows(app, kind)

    def config(self, app: Flask) -> Mapping[str, Any]:
        """Flask-Session's keys, and Flask's, as ours."""
        return _flask_session.settings_of(app, self._store)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        session = super().open_session(app, request)
        if request.environ.get(_REASON) == "not_found" and self._has_taken_over(app, request):
            return super().open_session(app, request)
        return session

    def _has_taken_over(self, app: Flask, request: Request) -> bool:
        sid = _flask_session.sid_of(app, request, self.get_cookie_name(app))
        row = None if self._rows is None or sid is None else self._rows.get(sid)
        data = None if row is None else _flask_session.decoded(row)
        if self._rows is None or sid is None or data is None:
            return False
        payload = _core.dump_tagged(data) or TaggedJSONSerializer().dumps(data)
        lifetime = int(app.permanent_session_lifetime.total_seconds() * 1000)
        now = ambient.now_ms()
        key, text = _core.new_record(sid, payload, now, now + lifetime)
        # Ours first: a request in between must find one of the two.
        self._store.create(key, Entry(text, None, now + lifetime))
        self._rows.delete(sid)
        return True


class _NullInterface(_PeerInterface):
    """``SESSION_TYPE = "null"``: there are no sessions."""

    def open_session(self, app: Flask, request: Request) -> None:
        """None, of which Flask makes a session that can't be written."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """There is nothing to save."""


def login(user_id: str | int) -> None:
    """The session is this user's from now on: a new id, a new beginning, the same data.

    What is in the session by then stays in it; an empty session is not kept, not even a user's.
    Call it after the password was checked, beside what your login extension does. Raises
    ``Unavailable`` where the store failed in this request.
    """
    _interface().regenerate(current_session, "login", user_text(user_id))


def logout() -> None:
    """Ends the session. What is put into it afterwards begins another one, of nobody's."""
    _interface().regenerate(current_session, "logout")
    current_session.clear()


def user() -> str | None:
    """Whose session it is: what ``login`` was told, or what is under ``SHORTCRUST_USER_KEY``."""
    visit = _current_visit()
    return None if visit is None else visit.user


def regenerate() -> None:
    """A new id for the same session, for when the user's rights change."""
    _interface().regenerate(current_session)


def save() -> None:
    """Writes the session to the store now, and not only when the response is made.

    Raises ``Conflict`` where other requests were first 16 times.
    """
    _interface().save(current_session)


class Sessions:
    """A user's sessions, in the store of the current app; ``sessions`` is the one instance.

    Needs an app context, and for the current session a request. Each method may raise the error
    of the store's client, and ``Unsupported`` where a store can't do it.
    """

    def list(self, user: str | int) -> Sequence[SessionInfo]:
        """The user's sessions that have not ended, the last used first. Not for cookies."""
        return run(_driver().listed(user_text(user), _current_visit()))

    def revoke(self, handle: str) -> None:
        """Ends the session that ``list`` shows with this handle. Not for cookies.

        A handle is no permission: look it up among the sessions of the user who asks.
        """
        run(_driver().revoke(handle, _current_visit()))

    def revoke_all(self, user: str | int, *, except_current: bool = False) -> int | None:
        """Ends the user's sessions, and says how many; ``None`` for cookies, which nobody counts.

        Without ``except_current`` that of this request ends too, if it is the user's.
        """
        visit = _current_visit()
        return run(_driver().revoke_all(user_text(user), visit, except_current=except_current))


sessions: Sessions = Sessions()


def _interface() -> ShortcrustInterface:
    interface = current_app.session_interface
    if not isinstance(interface, ShortcrustInterface):
        raise ConfigError("this app's sessions are not shortcrust's: call Shortcrust(app) first")
    return interface


def _driver() -> Driver:
    driver = _interface().driver(current_app)
    if driver is None:
        raise ConfigError("there is no secret: set SECRET_KEY or SHORTCRUST_SECRETS", "secret")
    return driver


def _visit(session: SessionMixin) -> Visit:
    """Of the session's request; made now if no cookie came."""
    attributes = vars(session)
    return cast(Visit, attributes.setdefault(_VISIT, Visit()))


def _current_visit() -> Visit | None:
    return vars(current_session).get(_VISIT) if has_request_context() else None


def _note(visit: Visit) -> None:
    if visit.failure is not None:
        current_request.environ[_REASON] = visit.failure


def _own_driver(app: Flask, config: Mapping[str, Any]) -> Driver | None:
    secrets = _own_secrets(app)
    if not secrets:
        return None
    store, keeping = _config.keeping(config, is_async=False)
    engine = _config.build_engine(config, secrets)
    for warning in engine.warnings:
        warnings.warn(warning, stacklevel=2)
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


def _forbid_caching(response: Response, value: str | None) -> None:
    # RFC 9111, section 7.3: a Set-Cookie alone does not stop a cache.
    control = response.cache_control
    if value is not None and not ("no-store" in control or "private" in control):
        response.headers["Cache-Control"] = value
