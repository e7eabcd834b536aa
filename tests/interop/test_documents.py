"""Random documents through stock Flask, our drop-in and Express."""

from __future__ import annotations

import base64
import http.client
import os
import subprocess
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import EXPECTED, SEED, SIZES, Documents, same, size_class
from flask import Flask
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from shortcrust.flask import SessionInterface

HERE = Path(__file__).parent
COUNT = 10_000 if os.environ.get("LONG") else 1_000
SECRET = "a secret for the tests only, of thirty-two bytes or more"
# Some Pythons bring zlib-ng, which compresses otherwise: then only the payloads are equal.
IS_ZLIB = "ng" not in zlib.ZLIB_RUNTIME_VERSION
NOW = 1_800_000_000.25


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr("time.time", lambda: NOW)
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    return app


def written(app: Flask, interface: SecureCookieSessionInterface, document: dict[str, Any]) -> str:
    """The token that the interface puts into the response."""
    session = interface.session_class(document)
    session.modified = True
    response = app.response_class()
    with app.test_request_context():
        interface.save_session(app, session, response)
    return response.headers["Set-Cookie"].partition(";")[0].partition("=")[2]


def read(
    app: Flask, interface: SecureCookieSessionInterface, token: str
) -> SecureCookieSession | None:
    with app.test_request_context(headers={"Cookie": f"session={token}"}) as context:
        return interface.open_session(app, context.request)


def payload(token: str) -> bytes:
    text = token.lstrip(".").partition(".")[0]
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return zlib.decompress(raw) if token.startswith(".") else raw


def check_coverage(documents: Documents, sizes: Counter[str]) -> None:
    print(f"\nseed {SEED}, {COUNT} documents")
    for name in EXPECTED:
        print(f"{documents.seen[name]:8} {name}")
    for size in SIZES[:-1]:
        print(f"{sizes[f'{size} bytes and more']:8} payloads of {size} bytes and more")
    assert all(documents.seen[name] for name in EXPECTED)
    assert all(sizes[f"{size} bytes and more"] for size in SIZES[:-1])


def test_stock_flask_and_the_drop_in_open_each_others_cookies(app: Flask) -> None:
    stock, ours = SecureCookieSessionInterface(), SessionInterface()
    documents, sizes = Documents(COUNT), Counter[str]()
    tokens: Counter[str] = Counter()
    for document in documents:
        if not document:
            continue
        theirs, mine = written(app, stock, document), written(app, ours, document)
        sizes[size_class(payload(theirs))] += 1
        assert payload(mine) == payload(theirs)
        assert same(dict(read(app, stock, mine) or {}), dict(read(app, ours, theirs) or {}))
        assert same(dict(read(app, ours, theirs) or {}), dict(read(app, stock, theirs) or {}))
        if theirs.startswith("."):
            tokens["compressed"] += 1
            assert mine == theirs or not IS_ZLIB
        else:
            tokens["not compressed"] += 1
            assert mine == theirs
    check_coverage(documents, sizes)
    print(dict(tokens))
    assert min(tokens["compressed"], tokens["not compressed"]) > COUNT / 10


@pytest.fixture
def express() -> Iterator[Callable[[str], str]]:
    """Sends a token to an Express app and gives back the one that it sets."""
    command = ["node", str(HERE / "add_key_app.mjs")]
    env = os.environ | {"SECRET": SECRET}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        connection = http.client.HTTPConnection("127.0.0.1", int(process.stdout.readline()))

        def send(token: str) -> str:
            connection.request("GET", "/", headers={"Cookie": f"session={token}"})
            response = connection.getresponse()
            assert response.read() == b"null", "Express did not open it"
            cookie = response.headers["Set-Cookie"]
            return str(cookie.partition(";")[0].partition("=")[2])

        yield send
        connection.close()
        process.terminate()


def test_express_adds_a_key_and_flask_sees_the_rest_as_it_was(
    app: Flask, express: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Express asks the real clock: what it wrote must not lie in the future.
    monkeypatch.undo()
    stock = SecureCookieSessionInterface()
    documents, sizes = Documents(COUNT), Counter[str]()
    for document in documents:
        if not document:
            continue
        token = written(app, stock, document)
        sizes[size_class(payload(token))] += 1
        seen = read(app, stock, express(token))
        original = dict(read(app, stock, token) or {})
        assert same(dict(seen or {}), original | {"added": "by Express"})
    check_coverage(documents, sizes)
