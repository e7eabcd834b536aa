"""What a browser asks of Django's sessions, in scripts."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest
from django.utils import timezone
from django_site import (
    STOCK_MIDDLEWARE,
    Answer,
    Handler,
    site,
)


def put(**values: Any) -> Handler:
    return lambda request: request.session.update(values)


def show(request: HttpRequest) -> dict[str, Any]:
    return dict(request.session.items())


def leave(request: HttpRequest) -> None:
    """Does not look at the session."""


def call(name: str, *arguments: Any) -> Handler:
    return lambda request: getattr(request.session, name)(*arguments)


def save_twice(request: HttpRequest) -> None:
    request.session["a"] = 1
    request.session.save()
    request.session["b"] = 2
    request.session.save()


def cycle(request: HttpRequest) -> None:
    request.session.cycle_key()
    request.session["cycled"] = True


def begin_anew(request: HttpRequest) -> None:
    request.session.flush()
    request.session["user"] = "bob"


def fail(request: HttpRequest) -> None:
    request.session["lost"] = True
    raise RuntimeError


def nothing_left(request: HttpRequest) -> None:
    request.session["a"] = 1
    del request.session["a"]


def test_cookie(request: HttpRequest) -> list[bool]:
    request.session.set_test_cookie()
    worked = [request.session.test_cookie_worked()]
    request.session.delete_test_cookie()
    return [*worked, request.session.test_cookie_worked()]


def mark(modified: bool, change: Callable[[Any], object]) -> Handler:
    def handler(request: HttpRequest) -> None:
        change(request.session)
        request.session.modified = modified

    return handler


test_cookie.__test__ = False  # type: ignore[attr-defined]

CART: dict[str, Any] = {
    "cart": {"7": {"quantity": 2, "price": "9.99"}},
    "n": [1.0, None, "é\ud800"],
}
LONG = {"text": "to be or not to be, " * 40}

SCRIPTS: dict[str, list[Handler]] = {
    "a visit": [leave, show],
    "a login": [put(user="ada"), leave, show, show],
    "a cart": [put(**CART), show, put(**LONG), show],
    "setting and clearing": [put(user="ada"), call("clear"), show],
    "setting and flushing": [put(user="ada"), call("flush"), show, put(user="bob"), show],
    "flushing and beginning anew": [put(user="ada"), begin_anew, show],
    "cycling the key": [put(user="ada"), cycle, show],
    "saving by hand": [save_twice, show, save_twice, show],
    "deleting": [put(user="ada"), call("delete"), show],
    "a server error": [put(user="ada"), fail, show],
    "what was put in is taken out": [
        nothing_left,
        show,
        put(user="ada"),
        call("pop", "user"),
        show,
    ],
    "the test cookie": [test_cookie, call("set_test_cookie"), call("test_cookie_worked"), show],
    "expiry in seconds": [call("set_expiry", 300), call("get_expiry_age"), show],
    "expiry at the browser's end": [call("set_expiry", 0), put(user="ada"), show],
    "expiry at a time": [
        lambda r: r.session.set_expiry(timezone.now() + dt.timedelta(hours=2)),
        call("get_expiry_date"),
        put(user="ada"),
    ],
    "expiry after a span": [
        call("set_expiry", dt.timedelta(minutes=5)),
        call("get_expiry_age"),
        call("set_expiry", None),
        show,
    ],
    "marking by hand": [
        put(cart=[]),
        mark(True, lambda session: session["cart"].append(1)),
        show,
    ],
    "marking as unchanged": [
        put(user="ada"),
        mark(False, lambda session: session.update({"user": "bob"})),
        show,
    ],
}
OPTIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "browser": {"SESSION_EXPIRE_AT_BROWSER_CLOSE": True},
    "every request": {"SESSION_SAVE_EVERY_REQUEST": True},
    "attributes": {
        "SESSION_COOKIE_NAME": "sid",
        "SESSION_COOKIE_DOMAIN": "shop.example.com",
        "SESSION_COOKIE_PATH": "/shop",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": False,
        "SESSION_COOKIE_SAMESITE": "Strict",
    },
    "no samesite": {"SESSION_COOKIE_SAMESITE": False, "SESSION_COOKIE_AGE": 60},
    "naive": {"USE_TZ": False},
}


def transcript(
    engine: str, script: list[Handler], options: dict[str, Any], middleware: str = STOCK_MIDDLEWARE
) -> list[Answer]:
    with site(engine, middleware, **options) as browser:
        for handler in script:
            browser.run(handler)
            browser.advance(seconds=30)
        return browser.answers


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    """In a loop of its own; other threads' connections are closed."""

    async def closed() -> Any:
        try:
            return await work()
        finally:
            await sync_to_async(connections.close_all)()

    return asyncio.run(closed())
