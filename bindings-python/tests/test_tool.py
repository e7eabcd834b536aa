"""The command-line tool: the table of cases that Node runs too, and what only a process shows."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CASES: list[dict[str, Any]] = json.loads((ROOT / "tests/tool/cases.json").read_text())["cases"]


def run(
    folder: Path, *args: str, env: dict[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[bytes]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("SHORTCRUST_")}
    return subprocess.run(
        [sys.executable, "-m", "shortcrust", *args],
        cwd=folder,
        env=known | (env or {}),
        input=stdin.encode(),
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["does"])
def test_the_command_line_prints_what_the_table_says(case: dict[str, Any], tmp_path: Path) -> None:
    for name, text in case.get("files", {}).items():
        (tmp_path / name).write_text(text)
    done = run(tmp_path, *case["args"], env=case.get("env"), stdin=case.get("stdin", ""))
    printed = (done.stdout.decode(), done.stderr.decode(), done.returncode)
    assert printed == (case.get("out", ""), case.get("err", ""), case["code"])


SECRETS = {"SHORTCRUST_SECRETS": "a secret of the tests, long enough for all"}
FORMATS = [
    "sealed", "flask", "starlette", "django", "express", "fastify-session", "flask-session",
    "cookie-session", "koa-session", "iron", "iron-session", "secure-session",
]  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_minted_is_accepted_and_not_with_another_secret(kind: str, tmp_path: Path) -> None:
    cookie = run(tmp_path, "mint", "--format", kind, env=SECRETS).stdout.decode()
    verified = run(tmp_path, "verify", "-", "--name", "session", env=SECRETS, stdin=cookie)
    assert (verified.returncode, verified.stderr) == (0, b"")
    assert f"accepted ({kind}, key 1 of 1)" in verified.stdout.decode()
    others = {"SHORTCRUST_SECRETS": "another secret of the tests, long as well"}
    refused = run(tmp_path, "verify", "-", "--name", "session", env=others, stdin=cookie)
    assert refused.returncode == 1 and b"refused" in refused.stdout


def test_a_converted_cookie_keeps_its_times_and_its_payload(tmp_path: Path) -> None:
    minted = run(
        tmp_path, "mint", '{"cart":{" t":[1,2]}}', "--format", "flask", "--now",
        "2026-01-02T03:04:05Z", env=SECRETS,
    )  # fmt: skip
    sealed = run(
        tmp_path, "convert", "-", "--now", "2026-01-03T00:00:00Z", env=SECRETS, stdin=minted.stdout.decode()
    )
    seen = run(
        tmp_path, "inspect", "-", "--json", "--name", "session", "--now", "2026-01-03T00:00:00Z",
        env=SECRETS, stdin=sealed.stdout.decode(),
    )  # fmt: skip
    (cookie,) = json.loads(seen.stdout)["cookies"]
    assert (cookie["format"], cookie["verdict"]) == ("sealed", "accepted")
    assert cookie["issued"] == cookie["created"] == "2026-01-02T03:04:05Z"
    assert cookie["expires"] == "2026-01-16T03:04:05Z"
    assert cookie["payload"] == {"cart": {" t": [1, 2]}}


def test_a_tuple_becomes_a_list_where_the_format_has_no_tags(tmp_path: Path) -> None:
    minted = run(tmp_path, "mint", '{"a":{" t":[1,{" u":"' + "0" * 32 + '"}]}}', env=SECRETS)
    django = run(tmp_path, "convert", "-", "--to", "django", env=SECRETS, stdin=minted.stdout.decode())
    seen = run(tmp_path, "inspect", "-", "--json", env=SECRETS, stdin=django.stdout.decode())
    (cookie,) = json.loads(seen.stdout)["cookies"]
    assert cookie["payload"] == {"a": [1, "00000000-0000-0000-0000-000000000000"]}


def test_each_secret_that_is_made_is_another_one(tmp_path: Path) -> None:
    made = [run(tmp_path, "keygen").stdout.decode() for _ in range(2)]
    assert made[0] != made[1] and all(len(bytes.fromhex(secret)) == 32 for secret in made)


def test_no_answer_shows_a_secret(tmp_path: Path) -> None:
    secret = "verysecretverysecretverysecretvery"
    env = {"SHORTCRUST_SECRETS": secret}
    for args in (["inspect", "a.b.c"], ["verify", "v4.local.x.y"], ["mint", "--format", "iron", "[]"]):
        done = run(tmp_path, *args, env=env)
        assert secret.encode() not in done.stdout + done.stderr


def test_there_are_colours_on_a_terminal_alone(tmp_path: Path) -> None:
    assert b"\x1b[" not in run(tmp_path, "inspect", "x").stdout
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


def test_the_completion_script_completes_verbs_and_options(tmp_path: Path) -> None:
    script = run(tmp_path, "completion", "bash").stdout.decode()
    ask = (
        'COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _shortcrust; echo "${{COMPREPLY[@]}}"'
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
