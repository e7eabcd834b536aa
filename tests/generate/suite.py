"""One vector file: cases with unique ids, checked against the schema as they come in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
REASONS = {
    "bad_signature",
    "expired",
    "malformed",
    "no_cookie",
    "not_an_object",
    "not_yet_valid",
    "too_large",
    "too_many",
    "unknown_key",
}
FIELDS = [
    "id",
    "comment",
    "keys",
    "name",
    "now_ms",
    "cookies",
    "header",
    "expect",
    "payload",
    "entropy",
    "options",
    "policy",
]
REQUIRED = {"id", "comment", "keys", "name", "now_ms", "expect"}

Key = str | bytes
Case = dict[str, Any]
Cookies = Sequence[tuple[str, str | dict[str, Any]]]


class Suite:
    def __init__(self, stem: str, format_: str, name: str, version: str) -> None:
        self.stem = stem
        self.format = format_
        self.generator = {"name": name, "version": version}
        self.cases: list[Case] = []

    def add(self, slug: str, comment: str, **fields: Any) -> Case:
        given = {"id": f"{self.stem}/{slug}", "comment": comment, **fields}
        case = {f: given[f] for f in FIELDS if given.get(f) is not None}
        assert set(given) <= set(FIELDS) and set(case) >= REQUIRED, given["id"]
        assert ("cookies" in case) != ("header" in case), given["id"]
        assert case["expect"] == "ok" or case["expect"] in REASONS, given["id"]
        assert ("payload" in case) == (case["expect"] == "ok"), given["id"]
        assert all(c["id"] != case["id"] for c in self.cases), given["id"]
        self.cases.append(case)
        return case

    def write(self) -> None:
        document = {
            "format": self.format,
            "generator": self.generator,
            "count": len(self.cases),
            "cases": self.cases,
        }
        path = VECTORS / f"{self.stem}.json"
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="ascii")


def key_json(key: Key) -> str | dict[str, str]:
    return key if isinstance(key, str) else {"hex": key.hex()}


def repeated(prefix: str, repeat: str, times: int, suffix: str = "") -> dict[str, Any]:
    """A value too long to be written out."""
    return {"prefix": prefix, "repeat": repeat, "times": times, "suffix": suffix}


def cookie_values(case: Case) -> list[str]:
    """What the header holds under the case's name, in order."""
    pairs = case.get("cookies")
    if pairs is None:
        split = [p.strip(" \t").partition("=") for p in case["header"].split(";")]
        pairs = [(name, value) for name, _, value in split]
    return [spelled_out(value) for name, value in pairs if name == case["name"] and value]


def spelled_out(value: str | dict[str, Any]) -> str:
    if isinstance(value, str):
        return value
    middle: str = value["repeat"] * value["times"]
    return f"{value['prefix']}{middle}{value['suffix']}"


def random_bytes(label: str, length: int) -> bytes:
    """Bytes that look random and are the same in every run."""
    return hashlib.shake_128(label.encode()).digest(length)


def flipped(text: str, at: int) -> str:
    """Changes one base64url character in its highest bit, so the text stays canonical."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    at %= len(text)
    other = alphabet[(alphabet.index(text[at]) + 32) % 64]
    return text[:at] + other + text[at + 1 :]
