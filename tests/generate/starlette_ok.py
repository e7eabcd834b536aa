"""Starlette cookies that open."""

from __future__ import annotations

import plain_ok
from flask_ok import HOUR, RAW
from plain_peer import NOW, Maker
from starlette_peer import StarlettePeer
from suite import Suite, random_bytes


def build() -> Suite:
    m = Maker("starlette", StarlettePeer)
    plain_ok.add(m)
    for length in range(3):
        comment = f"base64 with {2 - length} signs of padding"
        m.typed(f"padding-{2 - length}", comment, {"ab": "x" * length})
    token = m.typed("alphabet", "every sign of standard base64", {"sss": ">>>???" * 9})
    assert "+" in token and "/" in token
    state = {"data": {"nonce": random_bytes("nonce", 10).hex()}, "exp": 1767323045.25}
    m.typed("authlib", "what Authlib keeps", {"_state_google_x1": state})
    m.typed("user", "a signed-in user", {"user": {"id": 42, "name": "Zoë", "admin": False}})

    for slug, comment, text in RAW:
        if slug == "raw-utf8":
            m.signed(slug, comment, text)
    m.signed("raw-compact", "a writer that leaves out the spaces", '{"a":[1,2],"b":{}}')
    text = m.peer.text({"a": 1})
    token = m.peer.seal({"a": 1})
    for slug, comment, now_ms in [
        ("idle-limit-fraction", "parts of a second do not count", (NOW + 3600) * 1000 + 999),
        ("idle-future-fraction", "issued in this second", NOW * 1000 + 1),
    ]:
        m.ok(slug, comment, text, token, policy=HOUR, now_ms=now_ms)
    text = m.peer.text({"a": "x" * 12_252})
    at = 2**32  # a timestamp of five bytes
    token = m.peer.sign(m.peer.body(text), at)
    assert len(token) == 16_384
    m.ok("longest-value", "as long as we read", text, token, now_ms=at * 1000)
    return m.finish()
