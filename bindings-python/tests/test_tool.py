"""The command-line tool: the table of cases that Node runs too, and what only a process shows."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from shortcrust import _core
from shortcrust._tool import main

ROOT = Path(__file__).parents[2]
NODES = ROOT / "bindings-node/dist/tool/main.js"
CASES: list[dict[str, Any]] = json.loads((ROOT / "tests/tool/cases.json").read_text())["cases"]


class Printed(NamedTuple):
    out: str
    err: str
    code: int


class Tool:
    """The tool in this process, since a process each would take minutes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, *args: str, env: dict[str, str] | None = None, stdin: str = "") -> Printed:
        out, err = (io.TextIOWrapper(io.BytesIO(), "ascii") for _ in range(2))
        with self._monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("SHORTCRUST_")]:
                patch.delenv(name)
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = main(args)
        return Printed(_written(out), _written(err), code)


def _written(stream: io.TextIOWrapper[io.BytesIO]) -> str:
    return stream.buffer.getvalue().decode()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tool:
    monkeypatch.chdir(tmp_path)
    return Tool(monkeypatch)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["does"])
def test_the_command_line_prints_what_the_table_says(
    case: dict[str, Any], run: Tool, tmp_path: Path
) -> None:
    for name, text in case.get("files", {}).items():
        (tmp_path / name).write_text(text)
    done = run(*case["args"], env=case.get("env"), stdin=case.get("stdin", ""))
    assert done == (case.get("out", ""), case.get("err", ""), case["code"])


SECRETS = {"SHORTCRUST_SECRETS": "a secret of the tests, long enough for all"}
FORMATS = [
    "sealed", "flask", "starlette", "django", "express", "fastify-session", "flask-session",
    "cookie-session", "koa-session", "iron", "iron-session", "secure-session",
]  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_minted_is_accepted_and_not_with_another_secret(kind: str, run: Tool) -> None:
    cookie = run("mint", "--format", kind, env=SECRETS).out
    verified = run("verify", "-", "--name", "session", env=SECRETS, stdin=cookie)
    assert (verified.code, verified.err) == (0, "")
    assert f"accepted ({kind}, key 1 of 1)" in verified.out
    others = {"SHORTCRUST_SECRETS": "another secret of the tests, long as well"}
    refused = run("verify", "-", "--name", "session", env=others, stdin=cookie)
    assert refused.code == 1 and "refused" in refused.out


def test_a_converted_cookie_keeps_its_times_and_its_payload(run: Tool) -> None:
    minted = run("mint", '{"cart":{" t":[1,2]}}', "--format", "flask", "--now",
        "2026-01-02T03:04:05Z", env=SECRETS,
    )  # fmt: skip
    sealed = run(
        "convert",
        "-",
        "--now",
        "2026-01-03T00:00:00Z",
        env=SECRETS,
        stdin=minted.out,
    )
    seen = run("inspect", "-", "--json", "--name", "session", "--now", "2026-01-03T00:00:00Z",
        env=SECRETS, stdin=sealed.out,
    )  # fmt: skip
    (cookie,) = json.loads(seen.out)["cookies"]
    assert (cookie["format"], cookie["verdict"]) == ("sealed", "accepted")
    assert cookie["issued"] == cookie["created"] == "2026-01-02T03:04:05Z"
    assert cookie["expires"] == "2026-01-16T03:04:05Z"
    assert cookie["payload"] == {"cart": {" t": [1, 2]}}


def test_a_tuple_becomes_a_list_where_the_format_has_no_tags(run: Tool) -> None:
    minted = run("mint", '{"a":{" t":[1,{" u":"' + "0" * 32 + '"}]}}', env=SECRETS)
    django = run("convert", "-", "--to", "django", env=SECRETS, stdin=minted.out)
    seen = run("inspect", "-", "--json", env=SECRETS, stdin=django.out)
    (cookie,) = json.loads(seen.out)["cookies"]
    assert cookie["payload"] == {"a": [1, "00000000-0000-0000-0000-000000000000"]}


def test_each_secret_that_is_made_is_another_one(run: Tool) -> None:
    made = [run("keygen").out for _ in range(2)]
    assert made[0] != made[1] and all(len(bytes.fromhex(secret)) == 32 for secret in made)


def test_no_answer_shows_a_secret(run: Tool) -> None:
    secret = "verysecretverysecretverysecretvery"
    env = {"SHORTCRUST_SECRETS": secret}
    for args in (
        ["inspect", "a.b.c"],
        ["verify", "v4.local.x.y"],
        ["mint", "--format", "iron", "[]"],
    ):
        done = run(*args, env=env)
        assert secret not in done.out + done.err


def test_there_are_colours_on_a_terminal_alone(run: Tool) -> None:
    assert "\x1b[" not in run("inspect", "x").out
    ours, theirs = pty.openpty()
    args = [sys.executable, "-m", "shortcrust", "inspect", "x"]
    env = {**os.environ, "TERM": "xterm"}
    env.pop("NO_COLOR", None)
    subprocess.run(args, stdout=theirs, env=env, check=False)
    assert b"\x1b[31mrefused" in os.read(ours, 4096)
    subprocess.run(args, stdout=theirs, env={**env, "NO_COLOR": "1"}, check=False)
    assert b"\x1b[" not in os.read(ours, 4096)
    os.close(ours)
    os.close(theirs)


def test_the_completion_script_completes_verbs_and_options(run: Tool) -> None:
    script = run("completion", "bash").out
    ask = (
        "COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _shortcrust;"
        ' echo "${{COMPREPLY[@]}}"'
    )
    for words, want in (
        ("shortcrust insp", "inspect"),
        ("shortcrust sessions re", "revoke"),
        ("shortcrust sessions revoke --kee", "--keep"),
        ("shortcrust mint --us", "--user"),
    ):
        text = script + ask.format(words=words)
        done = subprocess.run(["bash", "-c", text], capture_output=True, check=True)
        assert done.stdout.decode().split() == [want]


def test_it_is_a_command_and_a_module(tmp_path: Path) -> None:
    args = [sys.executable, "-m", "shortcrust", "--version"]
    done = subprocess.run(args, cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.decode() == f"shortcrust {_core.VERSION}\n"
    pyproject = (ROOT / "pyproject.toml").read_text()
    assert '\nshortcrust = "shortcrust._tool:main"\n' in pyproject


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("tool", [[sys.executable, "-m", "shortcrust"], ["node", str(NODES)]])
def test_a_secret_that_is_asked_for_is_not_shown(tool: list[str], run: Tool) -> None:
    if tool[0] == "node" and not NODES.exists():
        pytest.skip("Node's tool is not built")
    cookie = run("mint", "--format", "flask", env=SECRETS).out.strip()
    args = [*tool, "verify", cookie, "--ask-secret"]
    # On a terminal of its own, whose lines come back as they are shown.
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        args, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown = b""
    while b"secret: " not in shown:
        shown += os.read(ours, 1_024)
    os.write(ours, SECRETS["SHORTCRUST_SECRETS"].encode() + b"\n")
    while b"accepted" not in shown:
        shown += os.read(ours, 1_024)
    assert child.wait() == 0
    os.close(ours)
    assert SECRETS["SHORTCRUST_SECRETS"].encode() not in shown
