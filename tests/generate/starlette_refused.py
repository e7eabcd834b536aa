"""Starlette cookies that do not open, one fault each."""

from __future__ import annotations

import plain_refused
from flask_peer import Peer as FlaskPeer
from itsdangerous.encoding import base64_encode
from plain_peer import SECRET, Maker
from starlette_peer import StarlettePeer
from suite import Suite

# What the middleware, or Python's base64 and JSON below it, would open.
STRICTER = {
    "signature-stray-bits",
    "signature-padding",
    "signature-spaces",
    "signature-unicode",
    "signature-alphabet",
    "timestamp-garbage",
    "timestamp-padding",
    "timestamp-unicode",
    "timestamp-stray-bits",
    "base64-padding-extra",
    "base64-stray-bits",
    "base64-spaces",
    "base64-garbage",
    "base64-separator",
    "base64-unicode",
    "base64-controls",
    "json-bom",
    "json-utf8-surrogate",
    "json-utf16",
    "deep-201",
    "deep-201-objects",
    "deep-201-untagged",
    "long-signed",
    "duplicates-fifth",
}


def build() -> Suite:
    m = Maker("refused-starlette", StarlettePeer, STRICTER)
    plain_refused.add(m)
    timestamps(m)
    token = m.peer.sign(m.peer.body('{"a":1}').rstrip("="))
    m.refuse("base64-padding-none", "no padding", "malformed", token)
    token = m.peer.sign(m.peer.body('{"a":1}')[:-1])
    m.refuse("base64-padding-half", "half the padding", "malformed", token)
    token = FlaskPeer([SECRET]).seal(plain_refused.DATA)
    m.refuse("format-flask", "Flask's cookie of the same key", "bad_signature", token)
    text = m.peer.text({"a": "x" * 12_253})
    token = m.peer.sign(m.peer.body(text), 2**40)  # a timestamp of six bytes
    assert len(token) == 16_389
    m.refuse("long-signed", "a signed value of 16389 bytes", "too_large", token)
    return m.finish()


def timestamps(m: Maker) -> None:
    code = m.peer.body(m.peer.text(plain_refused.DATA))
    good = m.peer.seal(plain_refused.DATA).split(".")[1]
    token = m.peer.sign_untimed(code)
    m.refuse("timestamp-missing", "signed without a timestamp", "malformed", token)
    for slug, comment, stamp in [
        ("9-bytes", "nine bytes", base64_encode(b"\x01" * 9).decode()),
        ("9-bytes-zero", "nine bytes, the first zero", base64_encode(b"\0" + b"\1" * 8).decode()),
        ("one-character", "one character", "A"),
        ("garbage", "not base64url", "!!!!"),
        ("padding", "padding", f"{good}=="),
        ("unicode", "characters beyond ASCII", f"{good}éé"),
        ("stray-bits", "stray bits at the end", good[:-1] + chr(ord(good[-1]) + 1)),
    ]:
        token = m.peer.sign_untimed(f"{code}.{stamp}")
        m.refuse(f"timestamp-{slug}", comment, "malformed", token)
