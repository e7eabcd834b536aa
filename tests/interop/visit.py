"""A scripted visit to the shop: every step says what must come back."""

from __future__ import annotations

import http.client
import json
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shop import SECRET, Shop, Tokens

OTHER_SECRET = "another secret, of thirty-two bytes or more"
BEFORE = 100 * 86_400_000


@dataclass
class Row:
    step: str
    app: str
    came_back: str
    holds: bool


class Browser:
    """Keeps the one cookie of a shop's origin."""

    def __init__(self, url: str, session_format: str, name: str) -> None:
        self.netloc = urllib.parse.urlsplit(url).netloc
        self.format = session_format
        self.name = name
        self.cookie: str | None = None

    def call(self, app: str, path: str = "/", **form: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self.netloc, timeout=30)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.cookie is not None:
            headers["Cookie"] = f"{self.name}={self.cookie}"
        method = "GET" if path == "/" else "POST"
        body = urllib.parse.urlencode(form)
        connection.request(method, f"/{self.format}/{app}{path}", body, headers)
        response = connection.getresponse()
        answer: dict[str, Any] = {"status": response.status, "set": False}
        for line in response.msg.get_all("Set-Cookie") or []:
            token = line.partition(";")[0].partition("=")[2]
            self.cookie, answer["set"] = token or None, True
        answer |= json.loads(response.read())
        connection.close()
        return answer


def visit(shop: Shop, url: str) -> Iterator[Row]:
    browser = Browser(url, shop.format, shop.name)
    yield from _main_job(browser)
    yield from _refusals(browser, shop)


def _main_job(browser: Browser) -> Iterator[Row]:
    got = browser.call("flask", "/login", user="Ada")
    yield Row("log in", "Flask", got["greeting"], got["greeting"] == "Hello Ada" and got["set"])
    got = browser.call("express")
    unchanged = not got["set"]
    yield Row("read", "Express", got["greeting"], got["greeting"] == "Hello Ada" and unchanged)
    got = browser.call("express", "/basket", item="tea")
    yield Row("add to the basket", "Express", f"basket {got['basket']}", got["basket"] == ["tea"])
    got = browser.call("flask")
    kinds = {"since": "datetime", "table": "tuple"}
    kept = {key: got["types"].get(key) for key in kinds} == kinds
    what = f"basket {got['basket']}; since is a {got['types'].get('since')}, table a tuple"
    yield Row("read", "Flask", what, got["basket"] == ["tea"] and kept)
    before = browser.cookie
    got = browser.call("flask", "/logout", now="")
    gone = browser.cookie is None
    yield Row("log out", "Flask", "the cookie is deleted", gone and got["types"] == {})
    if browser.format == "sealed":
        yield from _refused(browser, "from before the logout", before, "revoked")


def _refusals(browser: Browser, shop: Shop) -> Iterator[Row]:
    now = int(time.time() * 1000)
    tokens, payload = Tokens(shop, SECRET), '{"user":"Ada"}'
    good = tokens.seal(payload, now)
    other = Tokens(shop, OTHER_SECRET).seal(payload, now)
    middle = len(good) // 4
    flipped = good[:middle] + ("A" if good[middle] != "A" else "B") + good[middle + 1 :]
    unknown = "unknown_key" if shop.format == "sealed" else "bad_signature"
    cases = [
        ("one byte flipped", flipped, "bad_signature"),
        ("past its lifetime", tokens.seal(payload, now - BEFORE), "expired"),
        ("sealed with another key", other, unknown),
    ]
    for step, token, reason in cases:
        yield from _refused(browser, step, token, reason)


def _refused(browser: Browser, step: str, token: str | None, reason: str) -> Iterator[Row]:
    for app in ("flask", "express"):
        browser.cookie = token
        got = browser.call(app)
        refused = (got["status"], got["greeting"], got["reason"])
        holds = refused == (200, "Hello stranger", reason)
        yield Row(step, app.title(), f"refused: {got['reason']}", holds)
