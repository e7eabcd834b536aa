"""Rewrites tests/vectors/records/at-rest.json: records that pyseto seals."""

from __future__ import annotations

import hashlib
import hmac
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyseto
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from pyseto.utils import base64url_encode, pae

PATH = Path(__file__).parent.parent / "vectors/records/at-rest.json"
NOW_MS = 1_767_323_045_678  # 2026-01-02T03:04:05.678Z
IDLE_MS = 14 * 86_400_000
ID = base64url_encode(hashlib.sha256(b"at rest").digest()).decode()
OTHER_ID = base64url_encode(hashlib.sha256(b"another").digest()).decode()


class Front:
    """One application, by what the keys of its records are bound to."""

    def __init__(self, name: str = "session", audience: str = "", namespace: str = "") -> None:
        self.options = {"name": name, "audience": audience, "namespace": namespace}

    def hashed(self, purpose: str, text: str) -> str:
        bound = [self.options[option] for option in ("audience", "name", "namespace")]
        parts = ["shortcrust/v1", purpose, *bound, text]
        hashed = hashlib.sha256(pae([part.encode() for part in parts])).digest()
        return base64url_encode(hashed).decode()

    def seal(self, id: str, record: dict[str, Any], key: str | None = None) -> str:
        """The record's text, sealed as under ``key``."""
        record = dict(record)
        data, user = record.pop("d"), record.get("u")
        if user is not None:
            record["u"] = self.hashed("user", user)
        clear = compact(record)
        message = compact({"d": data} if user is None else {"u": user, "d": data}).encode()
        key = key or self.hashed("record", id)
        assertion = pae([b"shortcrust/v1", b"record at rest", key.encode(), clear.encode()])
        prk = hmac.digest(b"shortcrust/v1", id.encode(), "sha256")
        nonce_key = HKDFExpand(SHA256(), 32, b"record v4.local nonce").derive(prk)
        local = HKDFExpand(SHA256(), 32, b"record v4.local key").derive(prk)
        token = pyseto.encode(
            pyseto.Key.new(version=4, purpose="local", key=local),
            message,
            implicit_assertion=assertion,
            nonce=hmac.digest(nonce_key, pae([assertion, message]), "sha256"),
        )
        return f'{clear[:-1]},"s":"{token.decode()}"}}'


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def record(data: dict[str, Any], user: str | None = None, **more: Any) -> dict[str, Any]:
    """In the order of the keys that is frozen; it was last written an hour ago."""
    renewed = NOW_MS - 3_600_000
    fields = {"v": 1, "c": renewed - 1_000, "r": renewed, "x": renewed + IDLE_MS, "e": 0}
    return fields | ({} if user is None else {"u": user}) | more | {"d": data}


def opens(slug: str, comment: str, front: Front, plain: dict[str, Any]) -> dict[str, Any]:
    """With what is there after a request has set ``n`` to 2 at ``now_ms``."""
    saved = plain | {"r": NOW_MS, "x": NOW_MS + IDLE_MS, "d": plain["d"] | {"n": 2}}
    return {
        **case(slug, comment, front, front.seal(ID, plain), "ok"),
        "record": compact(plain),
        "saved": front.seal(ID, saved),
    }


def case(slug: str, comment: str, front: Front, text: str, expect: str) -> dict[str, Any]:
    return {
        "id": f"at-rest/{slug}",
        "comment": comment,
        **front.options,
        "session_id": ID,
        "key": front.hashed("record", ID),
        "now_ms": NOW_MS,
        "text": text,
        "expect": expect,
    }


def cases() -> list[dict[str, Any]]:
    stock = Front()
    bound = Front("sid", "shop", "café")
    plain = record({"_user_id": "ada", "n": 1}, "ada", l="Firefox 日")
    good = stock.seal(ID, plain)
    changed = good.replace('"l":"Firefox 日"', '"l":"Safari"')
    prolonged = good.replace(f'"x":{plain["x"]}', f'"x":{plain["x"] + 1}')
    assert good not in (changed, prolonged)
    short, last = good[:-8], good[-8]
    return [
        opens("nobody", "a session of nobody's", stock, record({"a": [1, {"é": "日🍪"}], "n": 1})),
        opens("user", "a session of a user's, with a label", stock, plain),
        opens("bound", "with a name, an audience and a namespace", bound, plain),
        opens("taken-over", "one that came in an old cookie", stock, record({"n": 1}, o=1)),
        case(
            "moved",
            "sealed for another key of the store",
            stock,
            stock.seal(ID, plain, stock.hashed("record", OTHER_ID)),
            "bad_signature",
        ),
        case(
            "other-id",
            "sealed under another id",
            stock,
            stock.seal(OTHER_ID, plain),
            "bad_signature",
        ),
        case(
            "front", "sealed in another application", stock, bound.seal(ID, plain), "bad_signature"
        ),
        case("label", "with another label", stock, changed, "bad_signature"),
        case("prolonged", "with another end", stock, prolonged, "bad_signature"),
        case(
            "bit",
            "with another letter in the token",
            stock,
            short + ("A" if last != "A" else "B") + good[-7:],
            "bad_signature",
        ),
        case(
            "short",
            "a token that is cut",
            stock,
            good[: good.index("v4.local.") + 20] + '"}',
            "malformed",
        ),
        case(
            "header",
            "a token of another version",
            stock,
            good.replace("v4.local", "v3.local"),
            "malformed",
        ),
    ]


if __name__ == "__main__":
    made = cases()
    suite = {
        "generator": {"name": "pyseto", "version": version("pyseto")},
        "count": len(made),
        "cases": made,
    }
    PATH.write_text(json.dumps(suite, ensure_ascii=False, indent=2) + "\n")
    print(PATH.name, len(made))
