"""The sealed format is PASETO v4.local: docs/sealed-v1.md, with pyseto and hmac alone."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pyseto
from conftest import SECRET, Clock
from flask import Flask
from shortcrust.flask import Shortcrust
from test_drop_in import cookies, serve, setter, show


def expand(label: bytes, size: int) -> bytes:
    """HKDF-SHA256 (RFC 5869) of at most one block."""
    prk = hmac.digest(b"shortcrust/v1", SECRET.encode(), "sha256")
    return hmac.digest(prk, label + b"\x01", "sha256")[:size]


def pae(*parts: bytes) -> bytes:
    """PASETO's pre-authentication encoding."""
    sized = [len(part).to_bytes(8, "little") + part for part in parts]
    return len(parts).to_bytes(8, "little") + b"".join(sized)


KEY = pyseto.Key.new(version=4, purpose="local", key=expand(b"sealed v4.local key", 32))
KID = expand(b"sealed v4.local kid", 8)


def assertion(name: str, audience: str = "") -> bytes:
    return pae(b"shortcrust/v1", b"session", audience.encode(), name.encode())


def build(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, **config)
    Shortcrust(app)
    serve(app, save=setter(user="ada", pair=(1, 2)), show=show)
    return app


def test_pyseto_opens_what_we_seal(clock: Clock) -> None:
    app = build(SHORTCRUST_NAME="__Host-sid", SHORTCRUST_AUDIENCE="shop")
    token = cookies(app.test_client().get("/save"))[0].partition("=")[2].partition(";")[0]
    opened = pyseto.decode(KEY, token, implicit_assertion=assertion("sid", "shop"))
    assert isinstance(opened.payload, bytes)
    assert opened.footer == KID
    claims = json.loads(opened.payload)
    assert len(claims.pop("jti")) == 22
    assert claims == {
        "iat": "2026-01-02T03:04:05Z",
        "exp": "2026-01-16T03:04:05Z",
        "c": 1_767_323_045,
        "sub": "ada",
        "d": {"user": "ada", "pair": {" t": [1, 2]}},
    }


def test_we_open_what_pyseto_seals(clock: Clock) -> None:
    claims = {"iat": "2026-01-02T03:04:05+00:00", "d": {"pair": {" t": [1, 2]}}, "other": 1}
    token = pyseto.encode(
        KEY, json.dumps(claims), footer=KID, implicit_assertion=assertion("session")
    )
    client = build().test_client()
    client.set_cookie("session", token.decode())
    assert client.get("/show").text == "{'pair': (1, 2)}"
