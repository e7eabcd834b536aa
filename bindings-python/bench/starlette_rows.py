"""Starlette's middleware against the drop-in: around next to nothing, and in whole requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pairs import SECRET, Call, Row, main, row
from payloads import PLAIN
from shortcrust.starlette import SessionMiddleware as Ours
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware as Peer
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

OTHERS = b"theme=dark; _ga=GA1.2.1234567890.1234567890"
Message = dict[str, Any]


async def read(scope: Any, _receive: Any, send: Any) -> None:
    # What a handler looks at is noted by Starlette's `request.session`.
    assert Request(scope).session is not None
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def write(scope: Any, _receive: Any, send: Any) -> None:
    scope["session"]["visits"] = 18
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def begin(scope: Any, _receive: Any, send: Any) -> None:
    scope["session"].update(scope["data"])
    await send({"type": "http.response.start", "status": 200, "headers": []})


def visit(request: Request) -> PlainTextResponse:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return PlainTextResponse("seen")


async def async_visit(request: Request) -> PlainTextResponse:
    return visit(request)


def asked(app: Any, token: bytes = b"", **more: Any) -> Callable[[], list[Message]]:
    headers = [(b"host", b"example.com"), (b"cookie", OTHERS + b"; session=" + token)]

    def ask() -> list[Message]:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "root_path": "",
            "query_string": b"",
            "headers": headers if token else headers[:1],
            **more,
        }
        said: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            said.append(message)

        try:
            app(scope, receive, send).send(None)
        except StopIteration:
            return said
        raise AssertionError("there is nothing to wait for")

    return ask


def token_of(messages: list[Message]) -> bytes:
    header = dict(messages[0]["headers"])[b"set-cookie"]
    token: bytes = header.partition(b"=")[2].partition(b";")[0]
    return token


def whole(middleware: Any) -> Any:
    found = Middleware(middleware, secret_key=SECRET)
    return Starlette(routes=[Route("/", async_visit)], middleware=[found])


def rows(payload: str) -> Iterator[Row]:
    data = PLAIN[payload]
    begun = {it: asked(it(begin, secret_key=SECRET), data=data)() for it in (Ours, Peer)}
    tokens = [token_of(messages) for messages in begun.values()]

    async def seen(scope: Any, _receive: Any, _send: Any) -> None:
        assert dict(scope["session"]) == data

    for token in tokens:
        for it in (Ours, Peer):
            asked(it(seen, secret_key=SECRET), token)()
    yield pair("starlette: middleware, read", 5, 9, read, tokens[1])
    yield pair("starlette: middleware, write", 5, 11, write, tokens[1])
    ours, peer = asked(whole(Ours), tokens[1]), asked(whole(Peer), tokens[1])
    yield row("starlette: whole request", 2.5, 3.6, ours=ours, peer=peer)


def pair(name: str, needed: float, wanted: float, app: Any, token: bytes) -> Row:
    ours, peer = (asked(it(app, secret_key=SECRET), token) for it in (Ours, Peer))
    heads = [dict(ask()[0]["headers"]) for ask in (ours, peer)]
    assert heads[0].keys() == heads[1].keys()
    ours_call: Call = ours
    return row(name, needed, wanted, ours=ours_call, peer=peer)


if __name__ == "__main__":
    main(rows)
