"""Flask's own session serializer, told the time."""

from __future__ import annotations

import hashlib
import zlib
from contextlib import suppress
from importlib.metadata import version
from typing import Any
from unittest import mock

from flask import Flask
from flask.sessions import SecureCookieSessionInterface, session_json_serializer
from itsdangerous import Signer
from itsdangerous.encoding import base64_encode
from suite import Case, Cookies, Key, Suite, cookie_values, key_json

NAME = "session"
NOW = 1_767_323_045  # 2026-01-02T03:04:05Z
SECRET = "golden vectors: a secret that is no secret"
VERSION = f"{version('Flask')} (itsdangerous {version('itsdangerous')})"


class Peer:
    """Keys are newest first, as everywhere in the vectors."""

    def __init__(self, keys: list[Key], options: dict[str, str] | None = None) -> None:
        options = options or {}
        interface = SecureCookieSessionInterface()
        interface.salt = options.get("salt", "cookie-session")
        interface.digest_method = getattr(hashlib, options.get("digest", "sha1"))
        interface.key_derivation = options.get("key_derivation", "hmac")
        self.app = Flask("vectors", static_folder=None)
        self.app.secret_key = keys[0]
        self.app.config["SECRET_KEY_FALLBACKS"] = keys[:0:-1]
        self.serializer: Any = interface.get_signing_serializer(self.app)

    def text(self, data: Any) -> str:
        with self.app.app_context():  # the app's JSON provider sorts the keys
            return session_json_serializer.dumps(data)

    def seal(self, data: Any, at: int = NOW) -> str:
        with self.app.app_context(), mock.patch("time.time", return_value=at):
            return str(self.serializer.dumps(data))

    def sign(self, body: str | bytes, at: int = NOW) -> str:
        """Signs the first part of a token as it stands."""
        with mock.patch("time.time", return_value=at):
            return str(self.signer().sign(body), "utf-8")

    def sign_untimed(self, text: str | bytes) -> str:
        """Signs whatever is given, with no timestamp put in."""
        return Signer.sign(self.signer(), text).decode()

    def open(self, token: str, now: int, max_age: int | None = None) -> Any:
        with self.app.app_context(), mock.patch("time.time", return_value=now):
            return self.serializer.loads(token, max_age=max_age)

    def signer(self) -> Any:
        return self.serializer.make_signer(self.serializer.salt)


def body(payload: str | bytes) -> str:
    return base64_encode(payload).decode()


def packed(payload: str | bytes, level: int = 9) -> str:
    raw = payload.encode() if isinstance(payload, str) else payload
    return "." + body(zlib.compress(raw, level))


def suite(stem: str) -> Suite:
    return Suite(stem, "flask", "Flask", VERSION)


def add_case(
    s: Suite,
    slug: str,
    comment: str,
    expect: str,
    *,
    cookies: Cookies | None = None,
    header: str | None = None,
    keys: list[Key] | None = None,
    now_ms: int = NOW * 1000 + 678,
    **more: Any,
) -> tuple[Case, Peer]:
    keys = keys or [SECRET]
    case = s.add(
        slug,
        comment,
        keys=[key_json(k) for k in keys],
        name=NAME,
        now_ms=now_ms,
        cookies=cookies,
        header=header,
        expect=expect,
        **more,
    )
    return case, Peer(keys, case.get("options"))


def opened(case: Case, peer: Peer) -> list[Any]:
    """What Flask reads from each value of the case that it accepts."""
    policy = case.get("policy", {})
    now = case["now_ms"] // 1000
    found = []
    for token in cookie_values(case):
        # Flask knows no skew: where we allow some, its clock is set forward by as much.
        ahead = policy.get("skew_s", 0) if case["expect"] == "ok" else 0
        for clock in sorted({now, now + ahead}):
            with suppress(Exception):  # BadData, and what itsdangerous does not catch
                found.append(peer.open(token, clock, policy.get("idle_s")))
                break
    return found
