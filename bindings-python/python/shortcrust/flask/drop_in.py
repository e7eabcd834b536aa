"""The drop-in in the place of Flask's own session interface."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from flask import Flask, Request, Response, has_request_context, request
from flask.json.provider import DefaultJSONProvider
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadData, BadSignature, SignatureExpired

from .. import _checks, _config, _core, ambient
from .._cookie_header import count_of, places_elsewhere
from .._errors import TooLarge
from .._warnings import log, warn
from ._http import REASON, cookie_header, vary
from ._installed import HAS_FALLBACKS, HAS_PARTITIONED
from ._set_cookie import set_token

# Where a session keeps what came in.
_NATIVE = "_shortcrust"

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
    """Flask's own session interface (2.2 to 3.1), with its cookies, options and hooks.

    Four things differ, and ``peer_exact=True`` takes them back: a change inside a nested list or
    dict is saved; a strange cookie is an empty session and not a 500; where several cookies have
    the name, the first that opens is taken; another server's clock may be 60 seconds ahead.

    Where a hook asks for more than the native path knows (tags of your own, another JSON provider,
    a signing serializer of your own), Flask's code runs, and a strange cookie is still no 500.

    With ``app`` a weak configuration is a :class:`shortcrust.ShortcrustWarning` now; without, a
    line in the log ``shortcrust`` at the first request.
    """

    peer_exact: bool = False
    _skew = 60

    def __init__(self, app: Flask | None = None, *, peer_exact: bool = False) -> None:
        self.peer_exact = peer_exact
        if app is not None:
            self._check(app)

    def _check(self, app: Flask) -> None:
        _refuse_text(app)
        secrets = [secret for secret in (app.secret_key, *(_fallbacks(app) or ())) if secret]
        found = _weaknesses_of_secrets(secrets)
        if not self.get_cookie_secure(app):
            found += _weaknesses_of_cookie(self.get_cookie_samesite(app), self._partitioned(app))
        for weakness in found:
            warn(weakness)

    def _partitioned(self, app: Flask) -> bool:
        return HAS_PARTITIONED and self.get_cookie_partitioned(app)

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
            vary(response, False)
        if not session:
            if session.modified:
                self._delete(app, response)
                vary(response, varies)
            return
        token = self._token(engine, app, session)
        if token is not None:
            expires = self.get_expiration_time(app, session)
            set_token(response, self.get_cookie_name(app), token, expires, self._attributes(app))
            vary(response, varies)

    def _delete(self, app: Flask, response: Response) -> None:
        name, attributes = self.get_cookie_name(app), self._attributes(app)
        response.delete_cookie(name, **attributes)
        if not has_request_context() or count_of(cookie_header(request), name) <= 1:
            return
        # One of them may be from before a Domain or Path was set, and it would open again.
        asked = request.script_root + request.path
        for domain, path in places_elsewhere(attributes["domain"], attributes["path"], asked):
            response.delete_cookie(name, **{**attributes, "domain": domain, "path": path})

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
        samesite = self.get_cookie_samesite(app)
        attributes: dict[str, Any] = {
            "domain": self.get_cookie_domain(app),
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "httponly": self.get_cookie_httponly(app),
            "samesite": samesite,
        }
        if HAS_PARTITIONED:
            attributes["partitioned"] = self._partitioned(app)
        if not attributes["secure"]:
            for weakness in _weaknesses_of_cookie(samesite, self._partitioned(app)):
                log(weakness)
        return attributes

    def _engine(self, app: Flask) -> _core.Engine | None:
        """The native engine for what is configured now; ``None`` where Flask's code has to run."""
        secret, salt, digest = app.secret_key, self.salt, _DIGESTS.get(self.digest_method)
        fallbacks = tuple(_fallbacks(app) or ())
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
            request.environ[REASON] = "no_cookie"
            return self.session_class()
        max_age = int(app.permanent_session_lifetime.total_seconds())
        try:
            # Unpacked, so that what is no mapping is refused.
            session = self.session_class({**serializer.loads(token, max_age=max_age)})
        except Exception as error:  # noqa: BLE001 - a cookie must not raise, whoever signed it
            request.environ[REASON] = _peer_reason(error)
            return self.session_class()
        request.environ[REASON] = None
        return session


def _peer_reason(error: Exception) -> str:
    kinds = ((SignatureExpired, "expired"), (BadSignature, "bad_signature"), (BadData, "malformed"))
    return next((code for kind, code in kinds if isinstance(error, kind)), "not_an_object")


def _open(
    engine: _core.Engine, name: str, request: Request, session_class: type[SecureCookieSession]
) -> SecureCookieSession:
    header = cookie_header(request)
    # The name's letters are not there in most requests without a session.
    if name not in header:
        request.environ[REASON] = "no_cookie"
        return session_class()
    native, data = engine.open(header, ambient.now_ms())
    request.environ[REASON] = native.reason
    session = session_class() if data is None else session_class(data)
    vars(session)[_NATIVE] = native
    return session


def _fallbacks(app: Flask) -> Any:
    return app.config.get("SECRET_KEY_FALLBACKS") if HAS_FALLBACKS else None


def _refuse_text(app: Flask) -> None:
    """What Flask would take, so that anyone could sign: a text as a list, and an empty secret."""
    fallbacks = _fallbacks(app)
    if isinstance(fallbacks, (str, bytes)) or (fallbacks and not all(fallbacks)):
        _checks.secret_list("SECRET_KEY_FALLBACKS", fallbacks)


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
    for weakness in _weaknesses_of_secrets(secrets):
        log(weakness)
    return engine


def _weaknesses_of_secrets(secrets: Sequence[str | bytes]) -> list[str]:
    least = _core.LEAST_FLASK_SECRET
    if all(len(_encoded(secret)) >= least for secret in secrets):
        return []
    weakness = (
        f"a secret in SECRET_KEY or SECRET_KEY_FALLBACKS has under {least} bytes and can be "
        "guessed: make one with `python -c 'import secrets; print(secrets.token_hex())'`"
    )
    return [weakness]


def _encoded(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


def _weaknesses_of_cookie(samesite: str | None, partitioned: bool) -> list[str]:
    """Of one without ``Secure``."""
    found = []
    if samesite is not None and samesite.title() == "None":
        found.append(
            'SESSION_COOKIE_SAMESITE is "None" without Secure, so browsers drop the cookie: set '
            "SESSION_COOKIE_SECURE, or use Lax"
        )
    if partitioned:
        found.append(
            "SESSION_COOKIE_PARTITIONED makes the cookie Secure, whatever SESSION_COOKIE_SECURE "
            "says: set SESSION_COOKIE_SECURE too"
        )
    return found
