"""Sealed cookies, encrypted by pyseto."""

from __future__ import annotations

import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pyseto
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from pyseto.utils import base64url_encode, pae
from suite import Case, Key, Suite, cookie_values, key_json, random_bytes

NOW = 1_767_323_045  # 2026-01-02T03:04:05Z
SECRET = "golden vectors: a secret that is no secret"
PREFIXES = ("__host-http-", "__host-", "__secure-", "__http-")
JTI, NONCE = random_bytes("jti", 16), random_bytes("nonce", 32)


class Peer:
    """One key, one cookie, one audience."""

    def __init__(self, secret: Key, name: str = "session", audience: str = "") -> None:
        ikm = secret.encode() if isinstance(secret, str) else secret
        prk = hmac.digest(b"shortcrust/v1", ikm, "sha256")
        self.kid = HKDFExpand(SHA256(), 8, b"sealed v4.local kid").derive(prk)
        key = HKDFExpand(SHA256(), 32, b"sealed v4.local key").derive(prk)
        self.key = pyseto.Key.new(version=4, purpose="local", key=key)
        base = base_name(name).encode()
        self.assertion = pae([b"shortcrust/v1", b"session", audience.encode(), base])

    def seal(self, claims: str | bytes | dict[str, Any], nonce: bytes = NONCE) -> str:
        token = pyseto.encode(
            self.key,
            claims,
            footer=self.kid,
            implicit_assertion=self.assertion,
            nonce=nonce,
        )
        return token.decode()

    def open(self, token: str) -> bytes:
        opened = pyseto.decode(self.key, token, implicit_assertion=self.assertion)
        assert opened.footer == self.kid
        assert isinstance(opened.payload, bytes)
        return opened.payload


def base_name(name: str) -> str:
    prefix = next((p for p in PREFIXES if name.lower().startswith(p)), "")
    return name[len(prefix) :]


def claims(data: str = "{}", *, iat: int = NOW, exp: int | None = None, **more: Any) -> str:
    """The claims in our order; what is given as None is left out."""
    fields: dict[str, Any] = {
        "iat": rfc3339(iat),
        "exp": None if exp is None else rfc3339(exp),
        "jti": base64url_encode(JTI).decode(),
        "c": iat,
        "sub": None,
        **more,
    }
    given = [f"{json.dumps(k)}:{json.dumps(v)}" for k, v in fields.items() if v is not None]
    return "{" + ",".join([*given, f'"d":{data}']) + "}"


def rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def suite(stem: str) -> Suite:
    return Suite(stem, "sealed", "pyseto", version("pyseto"))


def add_case(
    s: Suite,
    slug: str,
    comment: str,
    expect: str,
    *,
    keys: list[Key] | None = None,
    name: str = "session",
    now_ms: int = NOW * 1000 + 678,
    **more: Any,
) -> tuple[Case, list[Peer]]:
    keys = keys or [SECRET]
    case = s.add(
        slug,
        comment,
        keys=[key_json(k) for k in keys],
        name=name,
        now_ms=now_ms,
        expect=expect,
        **more,
    )
    audience = case.get("options", {}).get("audience", "")
    return case, [Peer(k, name, audience) for k in keys]


def opened(case: Case, peers: list[Peer]) -> list[bytes]:
    """The claims of each value of the case that pyseto decrypts."""
    found = []
    for token in cookie_values(case):
        for peer in peers:
            with suppress(Exception):  # pyseto raises many kinds
                found.append(peer.open(token))
                break
    return found
