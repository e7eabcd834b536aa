"""Django cookies that open."""

from __future__ import annotations

import json
import zlib
from typing import Any

import plain_ok
from django_peer import DjangoPeer, store
from plain_peer import Maker
from suite import Suite, random_bytes

OPTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("salt", "another salt", {"salt": "other-salt"}),
    ("salt-empty", "an empty salt is the signer's default one", {"salt": ""}),
    ("salt-unicode", "a salt beyond ASCII", {"salt": "sål 🧂"}),
    ("sha1", "SHA-1", {"digest": "sha1"}),
    ("sha512", "SHA-512", {"digest": "sha512"}),
    ("all-options", "every option at once", {"salt": "x", "digest": "sha512", "compress": False}),
]
AUTH: dict[str, Any] = {
    "_auth_user_id": "42",
    "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
    "_auth_user_hash": random_bytes("auth", 32).hex(),
    "_session_expiry": 1_209_600,
}
MESSAGES = json.dumps([["__json_message", 0, 25, "Saved.", ""], ["__json_message", 1, 40, "<b>"]])


def build() -> Suite:
    m = Maker("django", DjangoPeer)
    plain_ok.add(m)
    assert m.typed("auth", "a user who is logged in", AUTH) == store(AUTH)
    m.typed("messages", "messages that wait", {"_messages": MESSAGES})
    m.typed("testcookie", "Django's test cookie", {"testcookie": "worked"})
    for slug, comment, options in OPTIONS:
        m.typed(slug, comment, {"a": 8}, options=options)
    for slug, comment, key in [
        ("key-bytes", "a key of bytes", random_bytes("key", 24)),
        ("key-bytes-zero", "a key of bytes with zeros", b"\x00" * 16 + b"\xff"),
    ]:
        m.typed(slug, comment, {"a": 4}, keys=[key])
    compression(m)
    timestamps(m)

    text = m.peer.text({"a": "x" * 12_209})
    sha512 = {"digest": "sha512"}
    peer = DjangoPeer(m.peer.keys, sha512)
    token = peer.sign(peer.body(text))
    assert len(token) == 16_384
    m.ok("longest-value", "as long as we read", text, token, options=sha512)
    return m.finish()


def compression(m: Maker) -> None:
    runs = [{"a": "x" * n} for n in range(99)]
    gains = [len(text) - len(zlib.compress(text)) for text in map(raw, runs)]
    plain = m.typed("zlib-1-byte", "a byte gained pays nothing", runs[gains.index(1)])
    packed = m.typed("zlib-2-bytes", "two bytes gained pay", runs[gains.index(2)])
    assert packed.startswith(".") and not plain.startswith(".")
    m.typed("zlib-20-kb", "20 kB of repeats", {"text": "all work and no play " * 1000})
    m.typed("zlib-cart", "a shopping cart", {"cart": [{"sku": f"A-{i}"} for i in range(99)]})
    m.typed(
        "zlib-hex",
        "letters without repeats",
        {"ids": [random_bytes(f"{i}", 8).hex() for i in range(99)]},
    )
    off = {"compress": False}
    m.typed("no-compress", "compression left out", runs[-1], options=off)
    m.ok(
        "no-compress-reads",
        "it is read all the same",
        text(runs[-1]),
        m.peer.seal(runs[-1]),
        options=off,
    )
    for level in (0, 1, 9):
        packed = "." + m.peer.body(zlib.compress(raw(runs[-1]), level))
        m.ok(f"zlib-level-{level}", f"zlib at level {level}", text(runs[-1]), m.peer.sign(packed))


def timestamps(m: Maker) -> None:
    data = {"a": 1}
    for slug, comment, at in [
        ("issued-62", "the first of two base62 digits", 62),
        ("issued-negative", "a second before 1970", -1),
        ("issued-1900", "seventy years before 1970", -2_208_988_800),
    ]:
        m.typed(slug, comment, data, now_ms=at * 1000)
    for slug, comment, stamp in [
        ("stamp-zeros", "zeros in front", "0001vbVSP"),
        ("stamp-minus-zero", "minus zero", "-0"),
        ("stamp-least", "-2^63", "-AzL8n0Y58m8"),
    ]:
        token = m.peer.sign_untimed(f"{m.peer.body(text(data))}:{stamp}")
        m.ok(slug, comment, text(data), token)


def text(data: dict[str, Any]) -> str:
    return DjangoPeer.text(data)


def raw(data: dict[str, Any]) -> bytes:
    return text(data).encode()
