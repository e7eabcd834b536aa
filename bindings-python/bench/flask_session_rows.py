"""Flask-Session on Redis against the same configuration under Shortcrust. Needs REDIS_URL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

from flask import Flask, Request
from flask_session import Session as Peer  # type: ignore[import-untyped]
from pairs import SECRET, Call, Row, main
from payloads import PLAIN
from redis import Redis
from shortcrust.flask import Shortcrust

MINUTE = 60


class Side:
    """One of the two, with an app of its own. What it writes is gone after a minute."""

    def __init__(self, layer: Any) -> None:
        self.app = Flask(__name__)
        self.app.config.update(
            SECRET_KEY=SECRET,
            SESSION_TYPE="redis",
            SESSION_REDIS=Redis.from_url(os.environ["REDIS_URL"]),
            SESSION_KEY_PREFIX=f"{uuid4()}:",
            PERMANENT_SESSION_LIFETIME=30 * MINUTE,
        )
        layer(self.app)
        self.interface: Any = self.app.session_interface

    def request(self, token: str | None) -> Request:
        headers = {} if token is None else {"Cookie": f"theme=dark; session={token}"}
        return self.app.test_request_context(headers=headers).request

    def visit(self, request: Request, change: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
        """What the session was, and the cookie that is set."""
        session = self.interface.open_session(self.app, request)
        found, response = dict(session), self.app.response_class()
        if change:
            session.update(change)
        session.accessed = True
        self.interface.save_session(self.app, session, response)
        return found, response.headers.get("Set-Cookie")

    def visiting(
        self, token: str | None, change: dict[str, Any]
    ) -> Callable[[int], Sequence[Call]]:
        def calls(count: int) -> Sequence[Call]:
            def ask(request: Request) -> Call:
                return lambda: self.visit(request, change)

            return [ask(self.request(token)) for _ in range(count)]

        return calls

    def begun(self, data: dict[str, Any]) -> str:
        _, cookie = self.visit(self.request(None), data)
        assert cookie is not None
        return cookie.partition("=")[2].partition(";")[0]


def rows(payload: str) -> Iterator[Row]:
    ours, peer = Side(Shortcrust), Side(Peer)
    data = PLAIN[payload]
    with peer.app.test_request_context():
        tokens = [side.begun(data) for side in (ours, peer)]
        for side, token in zip((ours, peer), tokens, strict=True):
            found, _ = side.visit(side.request(token), {})
            found.pop("_permanent", None)
            assert found == data
        for name, needed, change in (
            ("read", 1.5, {}),
            ("write", 1.2, {"visits": 18}),
        ):
            sides = (ours.visiting(tokens[0], change), peer.visiting(tokens[1], change))
            yield Row(f"flask-session on redis: {name}", needed, 2, *sides)
        sides = (ours.visiting(None, data), peer.visiting(None, data))
        yield Row("flask-session on redis: begin", 1.2, 2, *sides)


if __name__ == "__main__":
    main(rows)
