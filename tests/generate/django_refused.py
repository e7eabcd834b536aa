"""Django cookies that do not open, one fault each."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import plain_refused
from django_peer import DjangoPeer
from flask_peer import Peer as FlaskPeer
from plain_peer import SECRET, Maker
from suite import Suite, flipped

# What Django, or Python's base64 and zlib below it, would open. It does not mind dates ahead, takes
# timestamps of any length and reads bytes as Latin-1.
STRICTER = {
    "age-future-1",
    "age-future-61",
    "age-future-53-bits",
    "age-future-63-bits",
    "timestamp-minus",
    "timestamp-2-63",
    "timestamp-2-63-negative",
    "timestamp-2-64",
    "timestamp-long",
    "base64-padding-extra",
    "base64-stray-bits",
    "base64-spaces",
    "base64-unicode",
    "base64-controls",
    "base64-alphabet",
    "json-utf8-invalid",
    "json-utf8-overlong",
    "json-utf8-surrogate",
    "json-utf8-cut",
    "json-utf8-beyond",
    "zlib-trailing",
    "zlib-trailing-stream",
    "zlib-bomb-1-byte",
    "zlib-bomb-spaces",
    "deep-201",
    "deep-201-objects",
    "deep-201-untagged",
    "long-signed",
    "duplicates-fifth",
}
OPTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("salt", "another salt", {"salt": "django.core.signing"}),
    ("sha1", "SHA-1 for SHA-256", {"digest": "sha1"}),
    ("sha512", "SHA-512 for SHA-256", {"digest": "sha512"}),
]


def build() -> Suite:
    m = Maker("refused-django", DjangoPeer, STRICTER)
    plain_refused.add(m)
    good = m.peer.seal(plain_refused.DATA)
    for slug, comment, options in OPTIONS:
        m.refuse(f"option-{slug}", comment, "bad_signature", good, options=options)
        token = DjangoPeer([SECRET], options).seal(plain_refused.DATA)
        m.refuse(f"option-{slug}-reversed", f"{comment}, reversed", "bad_signature", token)
    token = DjangoPeer([b"django.http.cookies" + SECRET.encode()]).seal(plain_refused.DATA)
    m.refuse("key-cookies", "the key of Django's other signed cookies", "bad_signature", token)
    token = FlaskPeer([SECRET]).seal(plain_refused.DATA)
    m.refuse("format-flask", "Flask's cookie of the same key", "malformed", token)
    timestamps(m)
    compressed(m)

    sha512 = {"digest": "sha512"}
    peer = DjangoPeer([SECRET], sha512)
    token = peer.sign(peer.body(peer.text({"a": "x" * 12_210})))
    assert len(token) == 16_385
    comment = "a signed value of 16385 bytes"
    m.refuse("long-signed", comment, "too_large", token, options=sha512)
    return m.finish()


def timestamps(m: Maker) -> None:
    code = m.peer.body(m.peer.text(plain_refused.DATA))
    token = m.peer.sign_untimed(code)
    m.refuse("timestamp-missing", "signed without a timestamp", "malformed", token)
    for slug, comment, stamp in [
        ("empty", "an empty timestamp", ""),
        ("minus", "a minus sign alone", "-"),
        ("minus-twice", "two minus signs", "--1"),
        ("minus-last", "a minus sign at the end", "1vbVSP-"),
        ("plus", "a plus sign", "+1vbVSP"),
        ("space", "a space in front", " 1vbVSP"),
        ("underscore", "a sign of base64, not of base62", "1vb_SP"),
        ("padding", "padding", "1vbVSP=="),
        ("point", "a fraction", "1vbVSP.5"),
        ("unicode", "a character beyond ASCII", "1vbVSPé"),
        ("2-63", "2^63", "AzL8n0Y58m8"),
        ("2-63-negative", "-2^63 - 1", "-AzL8n0Y58m9"),
        ("2-64", "2^64", "LygHa16AHYG"),
        ("long", "a hundred digits", "z" * 100),
    ]:
        token = m.peer.sign_untimed(f"{code}:{stamp}")
        m.refuse(f"timestamp-{slug}", comment, "malformed", token)


def compressed(m: Maker) -> None:
    packed = m.peer.seal({"a": "x" * 60})
    for slug, comment, token in [
        ("flip", "a compressed token changed", flipped(packed, 9)),
        ("marker", "the marker of zlib put in front", "." + m.peer.seal(plain_refused.DATA)),
        ("marker-gone", "the marker of zlib taken away", packed[1:]),
    ]:
        m.refuse(f"zlib-{slug}", comment, "bad_signature", token)

    text = b'{"a":"' + b"x" * 99 + b'"}'
    whole = zlib.compress(text)
    deflate = zlib.compressobj(wbits=-15)
    preset = zlib.compressobj(zdict=b"xxxxxxxx")
    over = b'{"a":"' + b"x" * (262_145 - 8) + b'"}'
    ten = 10_000_000
    for slug, comment, expect, data in [
        ("empty", "nothing to inflate", "malformed", b""),
        ("cut-1", "the first byte", "malformed", whole[:1]),
        ("cut-5", "the first five bytes", "malformed", whole[:5]),
        ("cut-last", "all but the last byte", "malformed", whole[:-1]),
        ("trailing", "a byte after the end", "malformed", whole + b"\x00"),
        ("trailing-stream", "two streams", "malformed", whole + whole),
        ("checksum", "a wrong checksum", "malformed", whole[:-1] + bytes([whole[-1] ^ 1])),
        ("header", "a wrong header", "malformed", b"\x79" + whole[1:]),
        ("deflate", "no header", "malformed", deflate.compress(text) + deflate.flush()),
        ("gzip", "gzip", "malformed", gzip.compress(text, mtime=0)),
        ("dictionary", "a preset dictionary", "malformed", preset.compress(text) + preset.flush()),
        ("plain", "the marker over plain JSON", "malformed", text),
        ("twice", "compressed twice", "malformed", zlib.compress(whole)),
        ("bad-json", "bad JSON inside", "malformed", zlib.compress(b"{'a':1}")),
        ("only-empty", "no text inside", "malformed", zlib.compress(b"")),
        ("array", "an array inside", "not_an_object", zlib.compress(b"[1,2]")),
        ("bomb-1-byte", "a byte more than we inflate", "too_large", zlib.compress(over, 9)),
        ("bomb-zeros", "10 MB of zeros", "too_large", zlib.compress(bytes(ten), 9)),
        ("bomb-spaces", "10 MB of spaces", "too_large", zlib.compress(b" " * ten + b"{}", 9)),
    ]:
        m.refuse(f"zlib-{slug}", comment, expect, m.peer.sign("." + m.peer.body(data)))
    unmarked = m.peer.sign(m.peer.body(whole))
    m.refuse("zlib-unmarked", "no marker in front", "malformed", unmarked)
    twice = m.peer.sign(".." + m.peer.body(whole))
    m.refuse("zlib-marker-twice", "two markers", "malformed", twice)
