"""Flask's own session interface against the drop-in, alone and in whole requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Flask, Request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from pairs import SECRET, Call, Row, main, repeated
from payloads import TAGGED
from shortcrust.flask import SessionInterface
from werkzeug.test import create_environ

OTHERS = "theme=dark; _ga=GA1.2.1234567890.1234567890"


class Side:
    """One of the two, with an app of its own."""

    def __init__(self, interface: SecureCookieSessionInterface) -> None:
        self.interface = interface
        self.app = app = Flask(__name__)
        app.config["SECRET_KEY"] = SECRET
        app.session_interface = interface

        @app.get("/")
        def visit() -> str:
            session["visits"] = session.get("visits", 0) + 1
            return "seen"

    def request(self, token: str) -> Request:
        """A new one: a request remembers the cookies that it parsed."""
        headers = {"Cookie": f"{OTHERS}; session={token}"}
        return self.app.test_request_context(headers=headers).request

    def opened(self, token: str) -> SecureCookieSession:
        found = self.interface.open_session(self.app, self.request(token))
        assert found is not None
        return found

    def header(self, data: SecureCookieSession) -> str:
        response, data.modified = self.app.response_class(), True
        with self.app.test_request_context():
            self.interface.save_session(self.app, data, response)
        return response.headers["Set-Cookie"]

    def opening(self, token: str) -> Any:
        def calls(count: int) -> Sequence[Call]:
            def visit(request: Request) -> Call:
                return lambda: self.interface.open_session(self.app, request)

            return [visit(self.request(token)) for _ in range(count)]

        return calls

    def saving(self, token: str) -> Any:
        def calls(count: int) -> Sequence[Call]:
            def save(data: SecureCookieSession) -> Call:
                data.modified = data.accessed = True
                response = self.app.response_class()
                return lambda: self.interface.save_session(self.app, data, response)

            return [save(self.opened(token)) for _ in range(count)]

        return calls

    def visiting(self, token: str) -> Call:
        environ = create_environ(headers={"Cookie": f"{OTHERS}; session={token}"})

        def visit() -> Iterable[bytes]:
            return self.app.wsgi_app(environ.copy(), lambda _status, _headers, _error=None: bytes)

        return visit


PEER, OURS = Side(SecureCookieSessionInterface()), Side(SessionInterface())


def rows(payload: str) -> Iterator[Row]:
    data = TAGGED[payload]
    headers = [side.header(SecureCookieSession(data)) for side in (PEER, OURS)]
    tokens = [header.partition("=")[2].partition(";")[0] for header in headers]
    assert all(dict(side.opened(token)) == data for side in (PEER, OURS) for token in tokens)
    rests = [header.partition(";")[2].partition("Expires")[0] for header in headers]
    assert rests[0] == rests[1]
    token = tokens[0]
    with PEER.app.test_request_context():
        yield Row("flask: open", 8, 11, OURS.opening(token), PEER.opening(token))
        yield Row("flask: save", 6, 9, OURS.saving(token), PEER.saving(token))
    ours, peer = OURS.visiting(token), PEER.visiting(token)
    assert list(ours()) == list(peer())  # type: ignore[call-overload]
    yield Row("flask: whole request", 2.5, 3.3, repeated(ours), repeated(peer))


if __name__ == "__main__":
    main(rows)
