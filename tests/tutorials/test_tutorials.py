"""The session part of the examples, copied into applications of the frameworks' tutorials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from copied import DJANGO, FLASK
from flaskr import create_app

HERE = Path(__file__).parent
FORM = {"username": "ada", "password": "correct horse"}


def visit_blog(folder: Path, session_part: str) -> tuple[list[tuple[int, str]], bool]:
    """What comes back, and whether a cookie that was copied before the logout opens afterwards."""
    app = create_app(folder, session_part)
    client = app.test_client()
    steps: list[tuple[str, dict[str, str] | None]] = [
        ("/create", None),
        ("/auth/register", FORM),
        ("/auth/register", FORM),
        ("/auth/login", FORM | {"password": "wrong"}),
        ("/auth/login", FORM),
        ("/create", {"title": ""}),
        ("/", None),
        ("/create", {"title": "First"}),
        ("/", None),
    ]
    came = [seen(client, path, form) for path, form in steps]
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie
    came += [seen(client, path, None) for path in ("/auth/logout", "/")]
    client.set_cookie(name, cookie.value)
    return came, "ada" in client.get("/").text


def seen(client: Any, path: str, form: dict[str, str] | None) -> tuple[int, str]:
    answer = client.post(path, data=form) if form is not None else client.get(path)
    return answer.status_code, answer.headers.get("Location") or answer.text


@pytest.mark.parametrize("is_stored", [False, True], ids=["cookie", "store"])
def test_the_session_part_of_the_example_fits_flasks_tutorial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_stored: bool
) -> None:
    monkeypatch.delenv("SESSION_STORE", raising=False)
    if is_stored:
        monkeypatch.setenv("SESSION_STORE", f"sqlite:///{tmp_path / 'sessions.sqlite3'}")
    folders = [tmp_path / "flask", tmp_path / "ours"]
    for folder in folders:
        folder.mkdir()
    theirs, _ = visit_blog(folders[0], "")
    ours, opens = visit_blog(folders[1], FLASK)
    assert theirs[6] == (200, "ada | Title is required.")
    assert ours == theirs
    # With a store the logout ends the session, and not the browser's copy of it alone.
    assert opens is not is_stored


def visit_polls(folder: Path, **settings: str) -> Any:
    env = os.environ | {"DATABASE": str(folder / "polls.sqlite3")} | settings
    command = [sys.executable, str(HERE / "visit_polls.py")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("store", "engine"), [("", "sealed_cookies"), ("sqlite", "db")], ids=["cookie", "store"]
)
def test_the_session_part_of_the_example_fits_djangos_tutorial(
    tmp_path: Path, store: str, engine: str
) -> None:
    folders = [tmp_path / "django", tmp_path / "ours"]
    for folder in folders:
        folder.mkdir()
    theirs, its_engine, _ = visit_polls(folders[0])
    ours, our_engine, opens = visit_polls(folders[1], SESSION_PART=DJANGO, SESSION_STORE=store)
    assert its_engine == "django.contrib.sessions.backends.db"
    assert our_engine == f"shortcrust.django.{engine}"
    assert theirs[1:4] == ["/admin/", True, 200]
    assert ours == theirs
    assert opens is (store == "")
