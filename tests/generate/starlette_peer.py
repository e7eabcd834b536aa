"""Starlette's SessionMiddleware, told the time."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from contextlib import suppress
from importlib.metadata import version
from typing import Any

from itsdangerous import BadSignature, Signer
from plain_peer import Peer
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import Message, Receive, Scope, Send


class StarlettePeer(Peer):
    """Starlette has one key; of several the first signs, and each is tried."""

    format = "starlette"
    generator = ("Starlette", f"{version('starlette')} (itsdangerous {version('itsdangerous')})")
    cookie = "session"
    separator = "."

    @staticmethod
    def text(data: Any) -> str:
        return json.dumps(data)

    @staticmethod
    def body(payload: str | bytes) -> str:
        raw = payload.encode() if isinstance(payload, str) else payload
        return b64encode(raw).decode()

    def sealed_now(self, data: dict[str, Any]) -> str:
        if not data:  # Starlette deletes the cookie of an empty session
            return self.signed_now(self.body(self.text(data)))
        sent: list[Message] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope["session"].update(data)
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def receive() -> Message:
            raise AssertionError("nothing to receive")

        async def send(message: Message) -> None:
            sent.append(message)

        middleware = self.middleware(self.keys[0], app)
        asyncio.run(middleware({"type": "http", "headers": []}, receive, send))
        cookie: str = dict(sent[0]["headers"])[b"set-cookie"].decode("ascii")
        name, _, value = cookie.partition(";")[0].partition("=")
        assert name == self.cookie
        return value

    def signed_now(self, body: str) -> str:
        return self.middleware(self.keys[0]).signer.sign(body).decode()

    def sign_untimed(self, text: str) -> str:
        return Signer.sign(self.middleware(self.keys[0]).signer, text).decode()

    def opened_now(self, token: str, max_age: int | None) -> Any:
        """As the middleware does it, but for what it makes of a session that is no object."""
        for key in self.keys:
            with suppress(BadSignature):
                data = self.middleware(key).signer.unsign(token.encode(), max_age=max_age)
                return json.loads(b64decode(data))
        raise BadSignature("under every key")

    @staticmethod
    def middleware(key: str | bytes, app: Any = None) -> SessionMiddleware:
        assert isinstance(key, str), "Starlette takes text only"
        return SessionMiddleware(app, key)
