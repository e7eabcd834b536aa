"""Reads tests/vectors and refuses what it does not know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import shortcrust
from shortcrust._options import PolicyOptions

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "vectors"
STEMS = (
    "django",
    "express",
    "flask",
    "refused-django",
    "refused-flask",
    "refused-sealed",
    "refused-starlette",
    "sealed",
    "starlette",
)

_SUITE_FIELDS = {"format", "generator", "count", "cases"}
_REQUIRED = {"id", "comment", "keys", "name", "now_ms", "expect"}
_OPTIONAL = {"cookies", "header", "payload", "entropy", "options", "policy"}
_OPTIONS = {
    "django": {"salt", "digest", "compress"},
    "express": set(),
    "flask": {"salt", "digest", "key_derivation"},
    "sealed": {"audience"},
    "starlette": set(),
}
_POLICY = {"idle_s", "absolute_s", "skew_s"}


def codes() -> set[str]:
    kinds = shortcrust.ShortcrustError.__subclasses__()
    return {kind.code for kind in kinds if kind is not shortcrust.ConfigError}


def load(stem: str) -> tuple[str, list[Case]]:
    """The format and its cases."""
    suite = json.loads((FOLDER / f"{stem}.json").read_text(encoding="utf-8"))
    assert set(suite) == _SUITE_FIELDS, stem
    assert len(suite["cases"]) == suite["count"], f"{stem}: count"
    for case in suite["cases"]:
        _check(suite["format"], case)
    return suite["format"], suite["cases"]


def _check(session_format: str, case: Case) -> None:
    fields = set(case)
    assert fields >= _REQUIRED and fields <= _REQUIRED | _OPTIONAL, case["id"]
    assert ("cookies" in case) != ("header" in case), case["id"]
    assert case["expect"] in codes() | {"ok"}, case["id"]
    assert ("payload" in case) == (case["expect"] == "ok"), case["id"]
    assert set(case.get("options", {})) <= _OPTIONS[session_format], case["id"]
    assert set(case.get("policy", {})) <= _POLICY, case["id"]


def cases(stem: str) -> list[Case]:
    return load(stem)[1]


def keys(case: Case) -> list[str | bytes]:
    return [key if isinstance(key, str) else bytes.fromhex(key["hex"]) for key in case["keys"]]


def header(case: Case) -> str:
    if "header" in case:
        return str(case["header"])
    return "; ".join(f"{name}={_value(value)}" for name, value in case["cookies"])


def wsgi_header(case: Case) -> str:
    """PEP 3333: the bytes on the wire, as Latin-1."""
    return header(case).encode().decode("latin-1")


def _value(value: str | dict[str, Any]) -> str:
    if isinstance(value, str):
        return value
    return str(value["prefix"] + value["repeat"] * value["times"] + value["suffix"])


def policy(case: Case) -> PolicyOptions:
    given = case.get("policy", {})
    return {
        "idle": given.get("idle_s"),
        "absolute": given.get("absolute_s"),
        "renew_after": None,
        "skew": given.get("skew_s", 0),
        "persistent": False,
    }
