"""Our own front: sealed cookies or a store, readers, a policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import anyio
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection

from .. import _config, _core, _readers, _store_config, _tagged, ambient
from .._checks import PREFIX
from .._driver import Driver
from .._errors import ConfigError, ShortcrustError
from .._events import Telling
from .._queues import Queues
from .._request import REASON_HEADER, RequestSession
from .._steps import run_async
from .arguments import in_our_words
from .at_start import warn_at_start
from .scope import OWN, REASON, Outer, cookie_header, sets_cookie
from .session import Session
from .take_over import TakeOver

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .starsessions import Rows


class OwnFront:
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
        rows: Rows | None = None,
    ) -> None:
        cookie = {
            "NAME": name,
            "COOKIE_PATH": path,
            "COOKIE_DOMAIN": domain,
            "COOKIE_SECURE": https_only or "auto",
            "COOKIE_SAMESITE": same_site.title(),
            "COOKIE_PARTITIONED": partitioned,
        }
        config = {PREFIX + key: value for key, value in (*cookie.items(), *settings.items())}
        self._config = config
        try:
            store, purpose = _store_config.store_of(config, is_async=True)
            label_of = _of_connection(_store_config.label_of(config))
            on_event = _store_config.listener_of(config)
            engine = _config.build_engine(config, list(secrets))
            old_rows = _readers.old_rows(config, is_async=True)
        except ConfigError as error:
            raise ConfigError(in_our_words(str(error)), error.code) from None
        past = _readers.past_readers(config, ambient.now_ms())
        for weakness in (*engine.warnings, *past):
            warn_at_start(in_our_words(weakness))
        # Starlette's cookies are plain JSON; the others have tags for what JSON lacks.
        is_plain = _config.is_plain(settings.get("FORMAT"))
        self.driver: Driver = Driver(
            engine,
            fallback=json.dumps if is_plain else _tagged.dumps,
            ensure_ascii=is_plain,
            sleep=anyio.sleep,
            queue=Queues().async_place,
            store=store,
            has_records=purpose == "sessions",
            label_of=label_of,
            telling=Telling(on_event, store),
            old_rows=old_rows,
        )
        self._name = name
        self._names = (name, *_readers.old_cookies(config))
        self._take_over = None if rows is None else TakeOver(self.driver, rows, name, settings)

    def use(self, secrets: Sequence[str]) -> None:
        """Seals with the first, from the next request on, and opens what any of them sealed."""
        try:
            self.driver.engine = _config.build_engine(self._config, list(secrets))
        except ConfigError as error:
            raise ConfigError(in_our_words(str(error)), error.code) from None

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        outer = Outer(scope)
        header = cookie_header(scope).decode("utf-8", "replace")
        own, data = RequestSession(), None
        # The name's letters are not there in most requests without a session.
        if any(name in header for name in self._names):
            own, data = await run_async(self.driver.open(header))
        if self._take_over is not None and own.reason == "not_found":
            own, data = await self._take_over.open(header)
        scope[REASON] = own.reason
        session = scope["session"] = OwnSession() if data is None else OwnSession(data)
        session.on_clear = lambda: self.driver.cleared(own)
        connection = scope[OWN] = Connection(self.driver, own, session, scope, self._name)

        async def send_with_session(message: Message) -> None:
            if message["type"] == "http.response.start":
                await connection.close(message)
                own.is_answered = True
            elif message["type"] == "websocket.accept":
                await connection.accept(message)
            else:
                await send(message)
                return
            await outer.send(send, message)

        try:
            await app(scope, receive, send_with_session)
        finally:
            outer.put_back()


def _of_connection(label: Callable[[Any], object] | None) -> Callable[[Any], object] | None:
    return None if label is None else lambda scope: label(HTTPConnection(scope))


class OwnSession(Session):
    """Emptied, it is nobody's any more."""

    on_clear: Callable[[], None] = staticmethod(lambda: None)

    def clear(self) -> None:
        super().clear()
        self.on_clear()


class Connection:
    """One connection's session in our own front."""

    def __init__(
        self, driver: Driver, own: RequestSession, session: Session, scope: Scope, name: str
    ) -> None:
        self.driver = driver
        self.own = own
        own.scope = scope
        # A mounted application's own middleware may put another one into the scope.
        self.session = session
        self._name = name
        self.scope = scope
        self._is_saved = False

    def login(self, user: str, label: str | None) -> None:
        session = self.session
        shown = self.driver.login(self.own, user, dict(session), label)
        if shown is not None:
            dict.clear(session)
            session.update(shown)
        session.mark_modified()

    def logout(self) -> None:
        self.driver.logout(self.own)
        self.session.clear()

    def regenerate(self) -> None:
        self.driver.regenerate(self.own)
        self.session.mark_modified()

    @property
    def user(self) -> str | None:
        return self.own.user

    async def save(self) -> None:
        if self.own.is_answered and self.own.key is None and (self.session or self.own.user):
            raise ShortcrustError(
                "a session that begins must be saved before accept() of a websocket, and before a "
                "background task: its cookie goes to the browser with the response"
            )
        session = self.session
        try:
            await run_async(self.driver.save(self.own, dict(session), session.modified))
        finally:
            self._note()
        self._is_saved = True
        # What was emptied still has to take its cookie along.
        session.modified = session.modified and not session

    async def accept(self, message: Message) -> None:
        """A websocket's only headers: the cookie of what was saved by then."""
        if self._is_saved:
            await self.close(message)
        self.own.is_answered = True

    async def close(self, message: Message) -> None:
        message.setdefault("headers", [])
        headers, session, closed = MutableHeaders(scope=message), self.session, None
        why = self.scope.get(REASON)
        if why and getattr(self.scope.get("app"), "debug", False):
            headers[REASON_HEADER] = why
        was_read = session.accessed
        if session.modified or (
            self.own.native is not None and not sets_cookie(headers, self._name)
        ):
            closed = await self._closed(session)
        if was_read or closed is not None:
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
        steps = self.driver.close(self.own, dict(session), session.modified, secure)
        try:
            return await run_async(steps)
        finally:
            self._note()

    def _note(self) -> None:
        if self.own.failure is not None:
            self.scope[REASON] = self.own.failure
