"""Starlette and FastAPI: :class:`SessionMiddleware`, the drop-in and our own front in one.

Starlette's arguments alone make it a drop-in, and nobody is logged out::

    app.add_middleware(SessionMiddleware, secret_key=SECRET)

With ``format``, ``readers``, ``policy`` or another argument of ours it is our own front::

    app.add_middleware(
        SessionMiddleware,
        secret_key=SECRET,
        format="sealed",
        readers=[{"format": "starlette", "until": "2027-03-01"}],
    )

With ``store`` the sessions lie in a store, and can be listed and revoked::

    app.add_middleware(SessionMiddleware, secret_key=SECRET, store=AsyncRedisStore(client))
"""

from __future__ import annotations

import json
import re
import warnings
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import anyio
from itsdangerous import TimestampSigner
from starlette.datastructures import MutableHeaders, Secret
from starlette.middleware.sessions import Session
from starlette.middleware.sessions import SessionMiddleware as _PeerMiddleware
from starlette.requests import HTTPConnection, cookie_parser

from . import _config, _core, _tagged, ambient, reason
from ._driver import Driver, SessionInfo, Visit, Why, run_async, user_text
from ._errors import ConfigError, ShortcrustError, TooLarge, Unsupported

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .stores import AsyncStore

__all__ = [
    "Session",
    "SessionInfo",
    "SessionMiddleware",
    "Sessions",
    "login",
    "logout",
    "reason",
    "regenerate",
    "save",
    "sessions",
    "user",
]

_REASON = "shortcrust.reason"
_VISIT = "shortcrust.visit"
_POLICY = ("idle", "absolute", "renew_after", "skew", "persistent")


class SessionMiddleware(_PeerMiddleware):
    """Starlette's own ``SessionMiddleware`` (1.10), for http and websockets, with its cookies.

    ``secret_key`` may be a list, newest first. Four things differ, and ``peer_exact=True`` takes
    them back: a change inside a nested list or dict is saved; a strange cookie is an empty session
    and not a 500; where the last of several cookies of the name does not open, the others are
    tried; another server's clock may be 60 seconds ahead.
    """

    def __init__(
        self,
        app: ASGIApp,
        secret_key: str | Secret | Sequence[str | Secret],
        session_cookie: str = "session",
        max_age: int | None = 14 * _config.DAY,
        path: str = "/",
        same_site: Literal["lax", "strict", "none"] = "lax",
        https_only: bool = False,
        domain: str | None = None,
        partitioned: bool = False,
        *,
        format: str | Mapping[str, Any] | None = None,
        readers: Sequence[Mapping[str, Any]] | None = None,
        policy: Mapping[str, Any] | None = None,
        audience: str | None = None,
        meta: Literal["payload"] | None = None,
        store: AsyncStore | None = None,
        revocations: AsyncStore | None = None,
        outage: Literal["error", "empty"] | None = None,
        user_key: str | None = None,
        peer_exact: bool = False,
    ) -> None:
        secrets = _secret_list(secret_key)
        peers = (session_cookie, max_age, path, same_site, https_only, domain, partitioned)
        super().__init__(app, secrets[0], *peers)
        # itsdangerous lists the newest last.
        self.signer: TimestampSigner = TimestampSigner(secrets[::-1])
        self._stock_signer = self.signer
        self.peer_exact: bool = peer_exact
        ours = {
            "FORMAT": format,
            "READERS": readers,
            "AUDIENCE": audience,
            "META": meta,
            "STORE": store,
            "REVOCATIONS": revocations,
            "OUTAGE": outage,
            "USER_KEY": user_key,
        }
        ours = {key: option for key, option in ours.items() if option is not None}
        self._own: _OwnFront | None = None
        if ours or policy is not None:
            if peer_exact:
                raise ConfigError("peer_exact goes with Starlette's own arguments only")
            self._own = _OwnFront(secrets, *peers, ours | _lifetime(max_age, policy))
        elif not peer_exact:
            _warn_of_insecure(same_site, https_only, partitioned)
            self._engine()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        engine = self._engine()
        if engine is None or scope["type"] not in ("http", "websocket"):
            await super().__call__(scope, receive, send)
            return
        header = self._cookie_header(scope)
        if self._own is not None:
            await self._own(self.app, header, scope, receive, send)
            return
        visit = scope[_VISIT] = _Visit(engine, self.session_cookie, header, scope)

        async def send_with_session(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                self._close(visit, message)
            await send(message)

        await self.app(scope, receive, send_with_session)

    def _engine(self) -> _core.Engine | None:
        """The native engine; ``None`` where Starlette's code has to run."""
        if self._own is not None:
            return self._own.engine
        secrets = self.signer.secret_keys
        if (
            self.peer_exact
            or self.signer is not self._stock_signer
            or not all(secrets)
            or (self.max_age is not None and self.max_age < 0)
        ):
            return None
        return _drop_in_engine(self.session_cookie, tuple(reversed(secrets)), self.max_age)

    def _cookie_header(self, scope: Scope) -> str:
        # HTTP/2 may split it (RFC 9113, section 8.2.3).
        values: list[bytes] = [value for key, value in scope["headers"] if key == b"cookie"]
        header = b"; ".join(values)
        if self._own is not None:
            return header.decode("utf-8", "replace")
        text = header.decode("latin-1")
        return _unquoted(text, self.session_cookie) if '"' in text else text

    def _close(self, visit: _Visit, message: Message) -> None:
        session: Session = visit.scope["session"]
        cookie = None
        token = self._token(visit, session)
        if token is not None:
            max_age = "" if self.max_age is None else f"Max-Age={self.max_age}; "
            cookie = f"{token}; path={self.path}; {max_age}{self.security_flags}"
            session.mark_modified()
        elif session.modified and not session and visit.has_session:
            expires = "expires=Thu, 01 Jan 1970 00:00:00 GMT"
            cookie = f"null; path={self.path}; {expires}; {self.security_flags}"
        if session.accessed:
            MutableHeaders(scope=message).add_vary_header("Cookie")
        if cookie is not None:
            MutableHeaders(scope=message).append("Set-Cookie", f"{self.session_cookie}={cookie}")

    def _token(self, visit: _Visit, session: Session) -> str | None:
        if not session or not (session.modified or visit.has_session):
            return None
        try:
            return visit.engine.seal(
                visit.native,
                session,
                session.modified,
                False,
                ambient.now_ms(),
                ambient.entropy,
                json.dumps,
                sort_keys=False,
                ensure_ascii=True,
            )
        except TooLarge:
            token = self.signer.sign(b64encode(json.dumps(session).encode())).decode()
            if len(token) > _core.MAX_TOKEN:
                # Starlette sets the cookie, and the browser drops it.
                return token
            # It would come back, and not be read.
            raise


class _Visit:
    """One connection's session, and what came in."""

    def __init__(self, engine: _core.Engine, name: str, header: str, scope: Scope) -> None:
        self.engine = engine
        self.scope = scope
        self.native: _core.Session | None = None
        data: dict[str, Any] | None = None
        scope[_REASON] = "no_cookie"
        # The name's letters are not there in most requests without a session.
        if name in header:
            self.native, data = engine.open(header, ambient.now_ms())
            scope[_REASON] = self.native.reason
        self.has_session = data is not None
        scope["session"] = Session() if data is None else Session(data)

    @property
    def user(self) -> str | None:
        return None if self.native is None else self.native.user

    def regenerate(self, why: Why, user: str | None) -> None:
        now = ambient.now_ms()
        if self.native is None:
            self.native, _ = self.engine.open("", now)
        self.native.regenerate(why, user, now)


def _unquoted(header: str, name: str) -> str:
    """The session's cookies alone, read by Starlette, which takes quotes off."""
    pairs = [pair for chunk in header.split(";") for pair in cookie_parser(chunk).items()]
    return "; ".join(f"{name}={value}" for key, value in pairs if key == name and ";" not in value)


class _OwnFront:
    """What ``store``, ``format`` and the other arguments of ours make of the middleware."""

    def __init__(
        self,
        secrets: Sequence[str],
        name: str,
        max_age: int | None,  # noqa: ARG002 - among the lifetimes of the settings
        path: str,
        same_site: str,
        https_only: bool,
        domain: str | None,
        partitioned: bool,
        settings: Mapping[str, Any],
    ) -> None:
        cookie = {
            "NAME": name,
            "COOKIE_PATH": path,
            "COOKIE_DOMAIN": domain,
            "COOKIE_SECURE": https_only or "auto",
            "COOKIE_SAMESITE": same_site.title(),
            "COOKIE_PARTITIONED": partitioned,
        }
        config = {
            _config.PREFIX + key: value for key, value in (*cookie.items(), *settings.items())
        }
        try:
            store, keeping = _config.keeping(config, is_async=True)
            self.engine = _config.build_engine(config, list(secrets))
        except ConfigError as error:
            raise ConfigError(_in_our_words(str(error)), error.code) from None
        for warning in self.engine.warnings:
            warnings.warn(warning, stacklevel=4)
        # Starlette's cookies are plain JSON; the others have tags for what JSON lacks.
        is_plain = _config.is_plain(settings.get("FORMAT"))
        self.driver = Driver(
            self.engine,
            fallback=json.dumps if is_plain else _tagged.dumps,
            ensure_ascii=is_plain,
            sleep=anyio.sleep,
            lock=anyio.Lock,
            store=store,
            keeping=keeping,
            outage=settings.get("OUTAGE", "error"),
            user_key=settings.get("USER_KEY"),
        )
        self._name = name

    async def __call__(
        self, app: ASGIApp, header: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        visit, data = Visit(), None
        # The name's letters are not there in most requests without a session.
        if self._name in header:
            visit, data = await run_async(self.driver.open(header))
        scope[_REASON] = visit.reason
        scope["session"] = Session() if data is None else Session(data)
        own = scope[_VISIT] = _OwnVisit(self.driver, visit, scope)

        async def send_with_session(message: Message) -> None:
            if message["type"] == "http.response.start":
                await own.close(message)
            elif message["type"] == "websocket.accept":
                await own.accept(message)
            await send(message)

        await app(scope, receive, send_with_session)


class _OwnVisit:
    """One connection's session in our own front."""

    def __init__(self, driver: Driver, visit: Visit, scope: Scope) -> None:
        self.driver = driver
        self.visit = visit
        self.scope = scope
        self._is_accepted = False
        self._is_saved = False

    @property
    def session(self) -> Session:
        return self.scope["session"]  # type: ignore[no-any-return]

    def regenerate(self, why: Why, user: str | None) -> None:
        self.driver.regenerate(self.visit, why, user)

    @property
    def user(self) -> str | None:
        return self.visit.user

    async def save(self) -> None:
        if self._is_accepted and self.session and self.visit.key is None:
            raise ShortcrustError(
                "a session that begins in a websocket must be saved before accept(), with which "
                "its cookie goes to the browser"
            )
        session = self.session
        try:
            await run_async(self.driver.save(self.visit, dict(session), session.modified))
        finally:
            self._note()
        self._is_saved = True
        # What was emptied still has to take its cookie along.
        session.modified = session.modified and not session

    async def accept(self, message: Message) -> None:
        """A websocket's only headers: the cookie of what was saved by then."""
        self._is_accepted = True
        if self._is_saved:
            await self.close(message)

    async def close(self, message: Message) -> None:
        message.setdefault("headers", [])
        headers, session, closed = MutableHeaders(scope=message), self.session, None
        if session.modified or self.visit.native is not None:
            closed = await self._closed(session)
        if session.accessed or closed is not None:
            headers.add_vary_header("Cookie")
        if closed is None:
            return
        for cookie in closed.cookies:
            headers.append("Set-Cookie", cookie)
        control = headers.get("Cache-Control", "")
        # RFC 9111, section 7.3: a Set-Cookie alone does not stop a cache.
        if closed.cache_control and not ("no-store" in control or "private" in control):
            headers["Cache-Control"] = closed.cache_control

    async def _closed(self, session: Session) -> _core.Closed | None:
        secure = self.scope.get("scheme") in ("https", "wss")
        steps = self.driver.close(self.visit, dict(session), session.modified, secure)
        try:
            return await run_async(steps)
        finally:
            self._note()

    def _note(self) -> None:
        if self.visit.failure is not None:
            self.scope[_REASON] = self.visit.failure


def login(connection: HTTPConnection, user_id: str | int) -> None:
    """The session is this user's from now on: a new id, a new beginning, the same data.

    What is in the session by then stays in it; an empty session is not kept, not even a user's.
    Raises ``Unavailable`` where the store failed in this request.
    """
    regenerate(connection, "login", user_text(user_id))


def logout(connection: HTTPConnection) -> None:
    """Ends the session. What is put into it afterwards begins another one, of nobody's."""
    regenerate(connection, "logout")
    connection.scope["session"].clear()


def user(connection: HTTPConnection) -> str | None:
    """Whose session it is: what ``login`` was told, or what is under ``user_key``."""
    return connection.scope[_VISIT].user  # type: ignore[no-any-return]


def regenerate(connection: HTTPConnection, why: Why = "privilege", user: str | None = None) -> None:
    """Gives the session a new id when it is saved.

    With ``login`` (of ``user``) and ``logout`` the session also begins anew; with ``privilege``
    it does not.
    """
    connection.scope[_VISIT].regenerate(why, user)
    connection.scope["session"].mark_modified()


async def save(connection: HTTPConnection) -> None:
    """Writes the session to the store now, and not only when the response is made.

    In a websocket nothing is saved without it. Raises ``Conflict`` where other requests were first
    16 times, and ``Unsupported`` where the sessions are in cookies.
    """
    await _own(connection).save()


class Sessions:
    """A user's sessions in the store; ``sessions`` is the one instance.

    Each method may raise the error of the store's client, and ``Unsupported`` where a store can't
    do it.
    """

    async def list(self, connection: HTTPConnection, user: str | int) -> Sequence[SessionInfo]:
        """The user's sessions that have not ended, the last used first. Not for cookies."""
        own = _own(connection)
        return await run_async(own.driver.listed(user_text(user), own.visit))

    async def revoke(self, connection: HTTPConnection, handle: str) -> None:
        """Ends the session that ``list`` shows with this handle. Not for cookies.

        A handle is no permission: look it up among the sessions of the user who asks.
        """
        own = _own(connection)
        await run_async(own.driver.revoke(handle, own.visit))

    async def revoke_all(
        self, connection: HTTPConnection, user: str | int, *, except_current: bool = False
    ) -> int | None:
        """Ends the user's sessions, and says how many; ``None`` for cookies, which nobody counts.

        Without ``except_current`` that of this request ends too, if it is the user's.
        """
        own = _own(connection)
        steps = own.driver.revoke_all(user_text(user), own.visit, except_current=except_current)
        return await run_async(steps)


sessions: Sessions = Sessions()


def _own(connection: HTTPConnection) -> _OwnVisit:
    own = connection.scope.get(_VISIT)
    if not isinstance(own, _OwnVisit):
        raise Unsupported("only our own front has a store: give SessionMiddleware a `store`")
    return own


def _secret_list(secret_key: object) -> list[str]:
    if isinstance(secret_key, (str, bytes, Secret)) or not isinstance(secret_key, Iterable):
        # Starlette's own conversion.
        return [str(secret_key)]
    secrets = list(secret_key)
    if not secrets:
        raise ConfigError("secret_key is an empty list: set at least one secret", "secret")
    if not all(isinstance(secret, (str, Secret)) for secret in secrets):
        raise ConfigError("secret_key must hold str or Secret", "secret")
    if not all(map(str, secrets)):
        raise ConfigError("secret_key holds an empty secret: remove it or set it", "secret")
    return [str(secret) for secret in secrets]


def _lifetime(max_age: int | None, policy: Mapping[str, Any] | None) -> dict[str, Any]:
    if unknown := sorted(set(policy or ()) - set(_POLICY)):
        raise ConfigError(
            f"policy has no {', '.join(unknown)}; it has {', '.join(_POLICY)}", "policy"
        )
    # Without a Max-Age the cookie ends with the browser; the session ends by the policy.
    lifetime = {"PERSISTENT": False} if max_age is None else {"IDLE": max_age}
    return lifetime | {key.upper(): value for key, value in (policy or {}).items()}


def _in_our_words(message: str) -> str:
    """The checks are shared with fronts whose options are keys of a configuration."""

    def word(found: re.Match[str]) -> str:
        name = found[1].lower()
        return f"policy[{name!r}]" if name in _POLICY else _ARGUMENTS.get(name, name)

    return re.sub(_config.PREFIX + r"([A-Z_]+\*?)(?:, or SECRET_KEY and \w+)?", word, message)


_ARGUMENTS = {
    "secrets": "secret_key",
    "name": "session_cookie",
    "cookie_path": "path",
    "cookie_domain": "domain",
    "cookie_secure": "https_only",
    "cookie_samesite": "same_site",
    "cookie_partitioned": "partitioned",
    "cookie_*": "path, domain, https_only, same_site, partitioned",
}


@lru_cache(maxsize=32)
def _drop_in_engine(name: str, secrets: tuple[bytes, ...], max_age: int | None) -> _core.Engine:
    try:
        engine = _core.Engine(
            {
                "name": name,
                "secrets": list(secrets),
                "format": {"format": "starlette"},
                "policy": {
                    "idle": None if max_age is None else int(max_age),
                    "absolute": None,
                    "renew_after": None,
                    # Without max_age Starlette does not look at the time.
                    "skew": 60 if max_age is not None else _config.MAX_SECONDS,
                    "persistent": False,
                },
                "duplicates": "last",
                "drop_in": True,
            }
        )
    except ConfigError as error:
        raise ConfigError(f"{error} (see secret_key)", error.code) from None
    if any(len(secret) < _core.LEAST_FLASK_SECRET for secret in secrets):
        warnings.warn(
            f"a secret in secret_key has under {_core.LEAST_FLASK_SECRET} bytes and can be "
            "guessed: make one with `python -c 'import secrets; print(secrets.token_hex())'`",
            stacklevel=4,
        )
    return engine


@lru_cache(maxsize=8)
def _warn_of_insecure(same_site: str, https_only: bool, partitioned: bool) -> None:
    if https_only:
        return
    for argument, is_set in (("same_site", same_site == "none"), ("partitioned", partitioned)):
        if is_set:
            warnings.warn(
                f"{argument} without https_only: browsers drop the cookie; set https_only=True",
                stacklevel=3,
            )
