"""A running shop puts shortcrust in, and takes it out again; its customer stays logged in."""

from __future__ import annotations

import http.cookiejar
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from shop import free_port

SECRET = "a secret for the tests only, of thirty-two bytes or more"
# Each listens at PORT, signs with SECRET, takes our sessions where SHORTCRUST is set, and answers
# /login?user=, /add?item=, /me and /logout with its session.
APPS = {"django": "django_app.py", "flask": "flask_app.py", "starlette": "starlette_app.py"}
FOLDER = Path(__file__).parent / "swap"

Call = Callable[..., dict[str, Any]]


@contextmanager
def running(app: str, port: int, *, swapped: bool) -> Iterator[None]:
    env = os.environ | {"PORT": str(port), "SECRET": SECRET, "SHORTCRUST": "1" if swapped else ""}
    command = [sys.executable, str(FOLDER / APPS[app])]
    with subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(process, port)
            yield
        finally:
            process.terminate()


def wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("the app did not start")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the app does not listen")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def call(port: int) -> Call:
    """A browser, as far as cookies go."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(path: str, **query: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{port}/{path}?{urllib.parse.urlencode(query)}"
        with browser.open(url, timeout=30) as response:
            answer: dict[str, Any] = json.loads(response.read())
        return answer

    return get


@pytest.mark.parametrize("app", APPS)
def test_a_customer_stays_logged_in_when_shortcrust_comes_and_when_it_goes(
    app: str, port: int, call: Call
) -> None:
    customer = {"user": "ada", "basket": []}
    with running(app, port, swapped=False):
        assert call("login", user="ada") == customer
        assert call("me") == customer | {"sessions": app}
        assert call("add", item="tea") == customer | {"basket": ["tea"]}
    with running(app, port, swapped=True):
        assert call("me") == customer | {"basket": ["tea"], "sessions": "shortcrust"}
        assert call("add", item="日本") == customer | {"basket": ["tea", "日本"]}
    with running(app, port, swapped=False):
        assert call("me") == customer | {"basket": ["tea", "日本"], "sessions": app}
        assert call("add", item="x" * 600)["basket"][2] == "x" * 600
    with running(app, port, swapped=True):
        assert call("me")["basket"] == ["tea", "日本", "x" * 600]
        assert call("logout") == {}
    with running(app, port, swapped=False):
        assert call("me") == {"sessions": app}
