"""Sessions in the tests of an application: a client that is logged in, a clock, a store that fails.

.. code-block:: python

    from shortcrust.testing.sessions import FailingStore, frozen_clock, logged_in_cookie

    def test_the_basket_is_still_there_tomorrow():
        client = app.test_client()
        with frozen_clock() as clock:
            name, value = logged_in_cookie(app, "ada", basket=["bread"])
            client.set_cookie(name, value)
            clock.advance(days=1)
            assert b"bread" in client.get("/basket").data
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from datetime import timedelta
from importlib import import_module
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any
from unittest import mock

from .. import ambient
from .._errors import ConfigError, Unavailable
from ..stores import Capabilities

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Clock", "FailingStore", "frozen_clock", "logged_in_cookie"]


class Clock:
    """The time of our fronts, which goes on only when it is told to."""

    def __init__(self, now: float) -> None:
        self.now: float = now
        """Seconds since 1970."""

    def advance(self, **span: float) -> None:
        """By days, hours, minutes, seconds, as ``timedelta`` takes them."""
        self.now += timedelta(**span).total_seconds()


@contextmanager
def frozen_clock(now: float | None = None) -> Iterator[Clock]:
    """The clock of our own fronts stands still, at ``now`` (seconds since 1970), or at the present.

    Drop-ins have their framework's clock, and servers of sessions their own: freeze these by a
    library such as freezegun.
    """
    clock = Clock(time.time() if now is None else now)
    with (
        mock.patch.object(ambient, "now", lambda: clock.now),
        mock.patch.object(ambient, "now_ms", lambda: int(clock.now * 1000)),
    ):
        yield clock


class FailingStore:
    """A store, sync or async, that fails while ``fails`` is set, as if its server were away."""

    def __init__(self, store: Any) -> None:
        self.store: Any = store
        """What has the sessions."""
        self.fails: bool = False
        self.capabilities: Capabilities = store.capabilities

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)
        if not callable(method):
            return method
        if iscoroutinefunction(method):

            async def awaited(*args: Any, **options: Any) -> Any:
                self._check()
                return await method(*args, **options)

            return awaited

        def called(*args: Any, **options: Any) -> Any:
            self._check()
            return method(*args, **options)

        return called

    def _check(self) -> None:
        if self.fails:
            raise Unavailable("this store was told to fail")


def logged_in_cookie(
    app: Flask | ASGIApp, user: str | int | UUID | None, **data: Any
) -> tuple[str, str]:
    """The name and the value of a cookie whose session is ``user``'s and has ``data`` in it.

    ``app`` is a Flask application, or a Starlette or FastAPI application, or its
    ``SessionMiddleware``. With a store the session is in it afterwards. A drop-in knows no users:
    give ``None`` and, in ``data``, what the application keeps of its user.
    """
    if hasattr(app, "session_interface"):
        return _of_flask(app, user, data)
    return _of_middleware(_middleware_of(app), user, data)


def _of_flask(app: Any, user: Any, data: dict[str, Any]) -> tuple[str, str]:
    session = import_module("flask").session
    with app.test_request_context():
        session.update(data)
        if user is not None:
            import_module("shortcrust.flask").login(user)
        response = app.response_class()
        app.session_interface.save_session(app, session._get_current_object(), response)  # noqa: SLF001
    return _pair(response.headers.getlist("Set-Cookie"))


def _middleware_of(app: Any) -> Any:
    middleware = import_module("shortcrust.starlette").SessionMiddleware
    if hasattr(app, "build_middleware_stack"):
        app.middleware_stack = app.middleware_stack or app.build_middleware_stack()
        app = app.middleware_stack
    while not isinstance(app, middleware):
        if not hasattr(app, "app"):
            raise ConfigError("no SessionMiddleware of shortcrust is in this application")
        app = app.app
    return app


def _of_middleware(middleware: Any, user: Any, data: dict[str, Any]) -> tuple[str, str]:
    sent: list[Message] = []

    async def handler(scope: Scope, _: Receive, send: Send) -> None:
        scope["session"].update(data)
        if user is not None:
            connection = import_module("starlette.requests").HTTPConnection(scope)
            import_module("shortcrust.starlette").login(connection, user)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def keep(message: Message) -> None:
        sent.append(message)

    async def visit() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "scheme": "https"}
        other = copy(middleware)
        other.app = handler
        await other(scope, _nothing, keep)

    # Also where the test itself is in an event loop.
    with import_module("anyio.from_thread").start_blocking_portal() as portal:
        portal.call(visit)
    headers = sent[0]["headers"]
    return _pair([value.decode() for name, value in headers if name.lower() == b"set-cookie"])


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def _pair(cookies: list[str]) -> tuple[str, str]:
    if not cookies:
        raise ConfigError("no cookie was set: give a user, or data that are to be in the session")
    name, _, value = cookies[0].partition(";")[0].partition("=")
    return name, value
