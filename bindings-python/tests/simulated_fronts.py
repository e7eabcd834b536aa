"""Flask and Starlette with one face: browsers, and handlers that are given a visit."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import every_store
import flask
from anyio import from_thread
from conftest import SECRET
from flask import Flask
from shortcrust import flask as flask_front
from shortcrust import reason
from shortcrust import starlette as starlette_front
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

Handler = Callable[[Any], Any]


class Answer(NamedTuple):
    """What a browser saw, and what the handler returned."""

    value: Any
    cookies: list[str]
    reason: str | None
    """After the response was made."""


class Browser:
    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.cookie: str | None = None

    def visit(self, handler: Handler = lambda visit: dict(visit.session)) -> Any:
        return self.answer(handler).value

    def answer(self, handler: Handler) -> Answer:
        header = "" if self.cookie is None else f"session={self.cookie}"
        answer = self.simulation.request(header, handler)
        for cookie in answer.cookies:
            self.cookie = cookie.split(";")[0].removeprefix("session=") or None
        return answer

    def copy(self) -> Browser:
        other = Browser(self.simulation)
        other.cookie = self.cookie
        return other


class Simulation:
    """A front over a store; each request runs the handler that it is given."""

    store: Any

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._values: dict[str, Any] = {}
        self._reasons: dict[str, str | None] = {}
        self._numbers = itertools.count()

    def browser(self) -> Browser:
        return Browser(self)

    def logged_in(self, user: str, **data: Any) -> Browser:
        browser = self.browser()
        # What is empty is no session.
        data = data or {"user": user}
        browser.visit(lambda visit: (visit.session.update(data), visit.login(user)))
        return browser

    def request(self, header: str, handler: Handler) -> Answer:
        number = str(next(self._numbers))
        self._handlers[number] = handler
        cookies = self._send(f"/?n={number}", header)
        return Answer(self._values.pop(number, None), cookies, self._reasons.pop(number, None))

    def _serve(self, number: str, visit: Any) -> None:
        self._values[number] = self._handlers.pop(number)(visit)

    def call(self, method: str, *arguments: Any) -> Any:
        """The store's method, in the front's loop."""
        raise NotImplementedError

    def _send(self, path: str, header: str) -> list[str]:
        raise NotImplementedError


class FlaskRequestSession:
    login = staticmethod(flask_front.login)
    logout = staticmethod(flask_front.logout)
    regenerate = staticmethod(flask_front.regenerate)
    save = staticmethod(flask_front.save)
    user = staticmethod(flask_front.user)
    list = staticmethod(flask_front.sessions.list)
    revoke = staticmethod(flask_front.sessions.revoke)
    revoke_all = staticmethod(flask_front.sessions.revoke_all)

    @property
    def session(self) -> Any:
        return flask.session

    @property
    def reason(self) -> str | None:
        return reason(flask.request)


class FlaskSimulation(Simulation):
    def __init__(self, store: Any, options: dict[str, Any]) -> None:
        super().__init__()
        self.store = store
        self.app = Flask(__name__)
        self.app.testing = True
        config = {f"SHORTCRUST_{name.upper()}": value for name, value in options.items()}
        self.app.config.update(SECRET_KEY=SECRET, **config)
        flask_front.Shortcrust(self.app)
        self.app.add_url_rule("/", view_func=self._view)
        self.app.wsgi_app = self._watched(self.app.wsgi_app)  # type: ignore[method-assign]

    @property
    def driver(self) -> Any:
        return self.app.session_interface.driver(self.app)  # type: ignore[attr-defined]

    def call(self, method: str, *arguments: Any) -> Any:
        return getattr(self.store, method)(*arguments)

    def _view(self) -> str:
        self._serve(flask.request.args["n"], FlaskRequestSession())
        return ""

    def _watched(self, inner: Any) -> Any:
        def wsgi(environ: dict[str, Any], start_response: Any) -> Any:
            try:
                return inner(environ, start_response)
            finally:
                number = environ["QUERY_STRING"].removeprefix("n=")
                self._reasons[number] = environ.get("shortcrust.reason")

        return wsgi

    def _send(self, path: str, header: str) -> list[str]:
        client = self.app.test_client(use_cookies=False)
        return client.get(path, headers={"Cookie": header}).headers.getlist("Set-Cookie")


class StarletteRequestSession:
    def __init__(self, request: Request) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        sessions = starlette_front.sessions
        if name in ("list", "revoke", "revoke_all"):
            found = getattr(sessions, name)
        else:
            found = getattr(starlette_front, name)

        def call(*arguments: Any, **options: Any) -> Any:
            if not asyncio.iscoroutinefunction(found):
                return found(self._request, *arguments, **options)

            async def awaited() -> Any:
                return await found(self._request, *arguments, **options)

            return from_thread.run(awaited)

        return call

    @property
    def session(self) -> Any:
        return self._request.session

    @property
    def reason(self) -> str | None:
        return reason(self._request)


class StarletteSimulation(Simulation):
    def __init__(self) -> None:
        super().__init__()
        self.app: Any = None
        self.client = TestClient(self._asgi)

    def build(self, store: Any, options: dict[str, Any]) -> None:
        self.store = store
        routes = [Route("/", self._endpoint)]
        keys = ("idle", "absolute", "renew_after", "skew", "persistent")
        policy = {key: options.pop(key) for key in keys if key in options}
        self.app = starlette_front.SessionMiddleware(
            Starlette(routes=routes), secret_key=SECRET, **options, policy=policy
        )

    @property
    def driver(self) -> Any:
        return self.app._own.driver

    def call(self, method: str, *arguments: Any) -> Any:
        portal = self.client.portal
        assert portal is not None
        return portal.call(getattr(self.store, method), *arguments)

    def _endpoint(self, request: Request) -> Response:
        self._serve(request.query_params["n"], StarletteRequestSession(request))
        return PlainTextResponse("")

    async def _asgi(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await Starlette()(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            number = scope["query_string"].decode().removeprefix("n=")
            self._reasons[number] = scope.get("shortcrust.reason")

    def _send(self, path: str, header: str) -> list[str]:
        self.client.cookies.clear()
        return self.client.get(path, headers={"Cookie": header}).headers.get_list("set-cookie")


FRONTS = ("flask", "starlette")


@contextmanager
def simulation(
    front: str, store: str, folder: Path, mode: str | None = "store", **options: Any
) -> Iterator[Any]:
    """A front over a store of every_store, which is its `store` or its `revocations`."""
    if front == "flask":
        with every_store.faced(store, folder) as kept:
            yield FlaskSimulation(kept, options | ({mode: kept} if mode else {}))
        return
    make, kind = every_store.ASYNC[f"{store}-async"]
    found = StarletteSimulation()
    with found.client as client:
        assert client.portal is not None
        context = make(kind, folder)
        kept = client.portal.call(context.__aenter__)
        found.build(kept, options | ({mode: kept} if mode else {}))
        try:
            yield found
        finally:
            client.portal.call(context.__aexit__, None, None, None)
