"""Calls on the classes of itsdangerous and on ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import itsdangerous as stock
import itsdangerous.signer
import shortcrust.itsdangerous as ours

CLASSES = [
    "Serializer",
    "Signer",
    "TimedSerializer",
    "TimestampSigner",
    "URLSafeSerializer",
    "URLSafeTimedSerializer",
]
MODULES = ["encoding", "exc", "serializer", "signer", "timed", "url_safe"]
SERIALIZERS = [name for name in CLASSES if name.endswith("Serializer")]
DERIVATIONS = ["concat", "django-concat", "hmac", "none"]
DIGESTS = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b"]
CHANGES: list[Callable[[bytes], bytes]] = [
    lambda token: token,
    lambda token: b"x" + token,
    lambda token: token + b"=",
    lambda token: token + b"A",
    lambda token: token[:-1],
    lambda token: token[:-1] + b"%",
    lambda token: token + b"\xff",
    lambda token: token + b"\n",
    lambda token: token.rpartition(b".")[0],
    lambda token: token.rpartition(b".")[0] + b".",
    lambda token: token.replace(b".", b"", 1),
    lambda token: token.replace(b".", b"!", 1),
    lambda token: token.partition(b".")[0],
    lambda token: b"",
    lambda token: b".",
    lambda token: b"..",
    lambda token: b"value.____________.AGBfQ6G6cr07byTRt0zAdPljHOY",
    lambda token: b"value.TgPVoaGhoQ.AGBfQ6G6cr07byTRt0zAdPljHOY",
]


def outcome(call: Callable[[], Any]) -> Any:
    """What a call returns, or all that its exception tells."""
    try:
        value = call()
    except Exception as error:  # noqa: BLE001 - whatever it is
        told = {name: told_of(value) for name, value in vars(error).items()}
        return type(error), str(error), told, type(error.__cause__)
    return type(value), value


def told_of(value: object) -> object:
    return (type(value), str(value)) if isinstance(value, Exception) else value


def assert_same(call: Callable[..., Any], *args: Any) -> Any:
    theirs, mine = outcome(lambda: call(stock, *args)), outcome(lambda: call(ours, *args))
    assert mine == theirs
    return mine
