"""``inspect`` names the format and the reason of every vector; Node's tool prints the same."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vectors
from shortcrust import _core

if TYPE_CHECKING:
    from shortcrust._core import ToolAnswer, ToolCall

ROOT = Path(__file__).parents[2]
ANSWERS = ROOT / "tests/tool/answers.mjs"
NATIVE = ROOT / "bindings-node/native.js"


def inspect(session_format: str | None, case: vectors.Case, *, as_json: bool = True) -> ToolCall:
    """As the command line would call it; the clock is the vector's."""
    given, policy = case.get("options", {}), case.get("policy", {})
    options = {"": f"Cookie: {vectors.header(case)}", "name": case["name"]}
    options |= {"format": session_format} if session_format else {}
    options |= {"json": ""} if as_json else {}
    options |= {
        name.replace("_", "-"): given[name]
        for name in ("audience", "salt", "digest", "key_derivation")
        if name in given
    }
    options |= {
        name: str(policy[f"{name}_s"]) for name in ("idle", "absolute") if f"{name}_s" in policy
    }
    options["skew"] = str(policy.get("skew_s", 0))
    secrets = [key.encode() if isinstance(key, str) else key for key in vectors.keys(case)]
    return {
        "verb": "inspect",
        "options": list(options.items()),
        "secrets": "\n".join(f"hex:{secret.hex()}" for secret in secrets),
        "new_secrets": None,
        "now_ms": case["now_ms"],
        "terminal": False,
    }


def no_entropy(size: int) -> bytes:
    raise AssertionError("nothing is made here")


def answered(call: ToolCall) -> ToolAnswer:
    return _core.tool_run(call, no_entropy)


def seen(call: ToolCall) -> dict[str, Any]:
    """A whole header is no cookie's: the one report."""
    out, err, code = answered(call)
    assert err == "" and out.endswith("}\n")
    # NaN is a payload's that Python wrote; then it is text.
    (cookie,) = json.loads(out, parse_constant=pytest.fail)["cookies"]
    assert code == (1 if cookie["verdict"] == "refused" else 0)
    return dict(cookie)


@pytest.mark.parametrize("stem", vectors.STEMS)
def test_every_vector_has_its_format_and_its_reason(stem: str) -> None:
    session_format, cases = vectors.load(stem)
    for case in cases:
        cookie = seen(inspect(session_format, case))
        is_ok = case["expect"] == "ok"
        assert cookie["reason"] == (None if is_ok else case["expect"]), case["id"]
        if is_ok:
            assert seen(inspect(None, case))["format"] == session_format, case["id"]
            assert cookie["verdict"] == "accepted" and cookie["format"] == session_format


@pytest.mark.skipif(not NATIVE.exists(), reason="Node's package is not built")
def test_nodes_tool_prints_the_same_for_every_vector() -> None:
    calls = []
    for stem in vectors.STEMS:
        session_format, cases = vectors.load(stem)
        for at, case in enumerate(cases):
            named = session_format if at % 2 else None
            calls.append(inspect(named, case, as_json=at % 3 > 0))
    asked = "\n".join(json.dumps(call) for call in calls).encode()
    done = subprocess.run(["node", ANSWERS], input=asked, capture_output=True, check=True)
    theirs = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert len(theirs) == len(calls) > 1_000
    for call, answer in zip(calls, theirs, strict=True):
        assert list(answered(call)) == answer
