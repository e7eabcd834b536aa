"""What the demo's page says of requests, in cookies and in a store."""

from __future__ import annotations

import http.client
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from shop import SECRET
from shortcrust.stores import SQLiteStore

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "examples/shared"))

from proxy import Apps  # type: ignore[import-not-found]
from watch import Engine, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

ADA = {"name": "Ada", "password": "correct horse"}
IN_COOKIE = [
    ("express", ["Empty session", "No Set-Cookie"]),
    ("express", ["Empty session", "The session changed", "Set-Cookie"]),
    ("flask", ["Cookie opened", "The session changed", "Set-Cookie"]),
    ("express", ["Cookie opened", "No Set-Cookie"]),
    ("flask", ["Cookie opened", "The session changed", "Cookie deleted"]),
    ("express", ["Empty session", "No Set-Cookie"]),
    ("express", ["Cookie refused: bad_signature", "No Set-Cookie"]),
]
TOMBSTONE = "Tombstone in the old record's place"
IN_STORE = [
    ("express", ["Empty session", "No Set-Cookie"]),
    ("express", ["Empty session", "The session changed", "Record created", "Set-Cookie"]),
    ("flask", ["Record read", "The session changed", TOMBSTONE, "Record created", "Set-Cookie"]),
    ("express", ["Record read", "No Set-Cookie"]),
    ("flask", ["Record read", "The session changed", TOMBSTONE, "Cookie deleted"]),
    ("express", ["Empty session", "No Set-Cookie"]),
    ("express", ["Cookie refused: not_found", "No Set-Cookie"]),
]


@pytest.fixture(params=["cookie", "store"])
def watch(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watch]:
    settings, store = {"SECRET_KEY": SECRET, "SESSION_STORE": ""}, None
    if request.param == "store":
        path = tmp_path / "sessions.sqlite3"
        settings["SESSION_STORE"], store = f"sqlite:///{path}", SQLiteStore(str(path))
    with (
        Apps(settings, subprocess.DEVNULL) as apps,
        Watch(apps, Engine(SECRET, store), 0, "localhost") as watch,
    ):
        yield watch


class Browser:
    def __init__(self, watch: Watch) -> None:
        self.port, self.token = watch.server_port, ""

    def call(self, path: str, form: dict[str, str] | None = None) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.token:
            headers["Cookie"] = f"session={self.token}"
        method, body = "GET" if form is None else "POST", urllib.parse.urlencode(form or {})
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        for line in response.msg.get_all("Set-Cookie") or []:
            self.token = line.partition(";")[0].partition("=")[2]
        text = response.read().decode()
        connection.close()
        return text


def test_the_demo_tells_what_the_engine_did(watch: Watch) -> None:
    browser = Browser(watch)
    browser.call("/")
    browser.call("/basket", {"item": "Quiche"})
    browser.call("/register", ADA)
    browser.call("/")
    copied = browser.token
    browser.call("/logout", {})
    browser.call("/")
    browser.token = copied
    browser.call("/demo/flip", {})
    browser.call("/")
    said = [(one["app"], [step["did"] for step in one["said"]]) for one in watch.events]
    assert said == (IN_STORE if watch.engine.store else IN_COOKIE)
    user: Any = [one["view"]["user"] for one in watch.events]
    assert user == [None, None, "Ada", "Ada", None, None, None]


def test_the_demos_page_is_told_what_it_missed(watch: Watch) -> None:
    browser = Browser(watch)
    for _ in range(3):
        browser.call("/")
    connection = http.client.HTTPConnection("127.0.0.1", watch.server_port, timeout=60)
    connection.request("GET", "/demo/events", headers={"Last-Event-ID": "1"})
    stream = connection.getresponse()
    lines = [stream.readline().decode() for _ in range(5)]
    connection.close()
    assert [line for line in lines if line.startswith("id")] == ["id: 2\n", "id: 3\n"]
