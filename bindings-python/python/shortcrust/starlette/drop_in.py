"""Starlette's own middleware, on our engine: its arguments, its bytes, its cookies."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from itsdangerous import TimestampSigner
from starlette.datastructures import MutableHeaders
from starlette.middleware.sessions import SessionMiddleware as Peer
from starlette.requests import cookie_parser

from .. import _config, _core, ambient
from .._cookie_header import count_of, places_elsewhere
from .._errors import ConfigError, TooLarge
from ._installed import HAS_PARTITIONED, NO_AGE_OF_ZERO, SETS_EACH_TIME
from .at_start import warn_at_start
from .scope import OWN, REASON, Outer, cookie_header, path_of, sets_cookie
from .session import Session

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class DropIn(Peer):
    """What Starlette's arguments alone make of the middleware."""

    def __init__(
        self,
        app: ASGIApp,
        secrets: Sequence[str],
        session_cookie: str,
        max_age: int | None,
        path: str,
        same_site: Literal["lax", "strict", "none"],
        https_only: bool,
        domain: str | None,
        partitioned: bool,
        *,
        peer_exact: bool,
        checked: bool,
    ) -> None:
        peers = (session_cookie, max_age, path, same_site, https_only, domain)
        if HAS_PARTITIONED:
            super().__init__(app, secrets[0], *peers, partitioned)
        else:
            super().__init__(app, secrets[0], *peers)
            self.security_flags += "; partitioned" if partitioned else ""
        self.use(secrets)
        self._domain = domain
        self.peer_exact: bool = peer_exact
        if checked and not peer_exact:
            _warn_of_insecure(same_site, https_only, partitioned)
            if not all(secrets):
                _warn_of_empty_secret()
            self._engine()

    def use(self, secrets: Sequence[str]) -> None:
        """Signs with the first, from the next request on, and takes what any of them signed."""
        # itsdangerous lists the newest last.
        self.signer: TimestampSigner = TimestampSigner(secrets[::-1])
        self._stock_signer = self.signer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        engine = self._engine()
        if engine is None or scope["type"] not in ("http", "websocket"):
            await super().__call__(scope, receive, send)
            return
        header = cookie_header(scope).decode("latin-1")
        if '"' in header:
            header = _unquoted(header, self.session_cookie)
        outer = Outer(scope)
        visit = scope[OWN] = _Connection(engine, self.session_cookie, header, scope)

        async def send_with_session(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                self._close(visit, message)
                await outer.send(send, message)
            else:
                await send(message)

        try:
            await self.app(scope, receive, send_with_session)
        finally:
            outer.put_back()

    def _engine(self) -> _core.Engine | None:
        """The native engine; ``None`` where Starlette's code has to run."""
        secrets = self.signer.secret_keys
        if (
            self.peer_exact
            or self.signer is not self._stock_signer
            or not all(secrets)
            or (self.max_age is not None and self.max_age < 0)
        ):
            return None
        return _drop_in_engine(self.session_cookie, tuple(reversed(secrets)), self.max_age)

    def _close(self, visit: _Connection, message: Message) -> None:
        headers, session = MutableHeaders(scope=message), visit.session
        cookies: list[str] = []
        is_due = session.modified or (
            SETS_EACH_TIME and not sets_cookie(headers, self.session_cookie)
        )
        token = self._token(visit, session, is_due=is_due)
        if token is not None:
            cookies = [f"{token}; path={self.path}; {self._max_age()}{self.security_flags}"]
            session.mark_modified()
        elif is_due and not session and visit.has_session:
            cookies = [self._deletion(on, at) for on, at in self._places(visit)]
        if session.accessed and not SETS_EACH_TIME:
            headers.add_vary_header("Cookie")
        for cookie in cookies:
            headers.append("Set-Cookie", f"{self.session_cookie}={cookie}")

    def _places(self, visit: _Connection) -> list[tuple[str | None, str]]:
        """Where the session's cookie lies, and where another one of its name may lie."""
        here = (self._domain, self.path)
        if count_of(visit.header, self.session_cookie) <= 1:
            return [here]
        return [here, *places_elsewhere(*here, path_of(visit.scope))]

    def _deletion(self, domain: str | None, path: str) -> str:
        flags = self.security_flags
        if self._domain is not None and domain is None:
            flags = flags.replace(f"; domain={self._domain}", "")
        return f"null; path={path}; expires=Thu, 01 Jan 1970 00:00:00 GMT; {flags}"

    def _max_age(self) -> str:
        is_none = self.max_age is None or (NO_AGE_OF_ZERO and self.max_age == 0)
        return "" if is_none else f"Max-Age={self.max_age}; "

    def _token(self, visit: _Connection, session: Session, *, is_due: bool) -> str | None:
        if not session or not (is_due or visit.has_session):
            return None
        try:
            return visit.engine.seal(
                visit.native,
                # No subclass, of which only `json` knows what it would write.
                dict.copy(session),
                is_due,
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


class _Connection:
    """One connection's session, and what came in."""

    def __init__(self, engine: _core.Engine, name: str, header: str, scope: Scope) -> None:
        self.engine = engine
        self.header = header
        self.scope = scope
        self.native: _core.Session | None = None
        data: dict[str, Any] | None = None
        scope[REASON] = "no_cookie"
        # The name's letters are not there in most requests without a session.
        if name in header:
            self.native, data = engine.open(header, ambient.now_ms())
            scope[REASON] = self.native.reason
        self.has_session = data is not None
        # A mounted application's own middleware may put another one into the scope.
        self.session = scope["session"] = Session() if data is None else Session(data)

    @property
    def user(self) -> str | None:
        return None if self.native is None else self.native.user

    def login(self, user: str, label: str | None) -> None:  # noqa: ARG002 - has no store
        """An error: these cookies carry no user."""
        native = self._native()
        _core.Session.login(native, self.engine, user, {}, ambient.now_ms(), json.dumps)

    def logout(self) -> None:
        self._native().logout(ambient.now_ms())
        self.session.clear()

    def regenerate(self) -> None:
        self._native().regenerate(ambient.now_ms())
        self.session.mark_modified()

    def _native(self) -> _core.Session:
        if self.native is None:
            self.native, _ = self.engine.open("", ambient.now_ms())
        return self.native


def _unquoted(header: str, name: str) -> str:
    """The session's cookies alone, read by Starlette, which takes quotes off."""
    pairs = [pair for chunk in header.split(";") for pair in cookie_parser(chunk).items()]
    return "; ".join(f"{name}={value}" for key, value in pairs if key == name and ";" not in value)


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
        warn_at_start(
            f"a secret in secret_key has under {_core.LEAST_FLASK_SECRET} bytes and can be "
            "guessed: make one with `python -c 'import secrets; print(secrets.token_hex())'`"
        )
    return engine


@lru_cache(maxsize=1)
def _warn_of_empty_secret() -> None:
    warn_at_start("secret_key is empty, and everybody can make cookies: set it")


@lru_cache(maxsize=8)
def _warn_of_insecure(same_site: str, https_only: bool, partitioned: bool) -> None:
    if https_only:
        return
    for argument, is_set in (("same_site", same_site == "none"), ("partitioned", partitioned)):
        if is_set:
            warn_at_start(
                f"{argument} without https_only: browsers drop the cookie; set https_only=True"
            )
