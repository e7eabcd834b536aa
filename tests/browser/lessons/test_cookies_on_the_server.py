"""Each lesson about cookies that the server sets, on each site."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from conftest import ARGUMENTS

from .learner import Learner

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Playwright
    from sites import Site

Learn = Callable[..., Learner]
DAY = 86_400
# The browser and the server ask one clock, but not at one moment, and a machine may be busy.
SLACK = 120


def ends_in(learner: Learner, name: str = "colour") -> float:
    return learner.cookies[name].get("expires", 0) - time.time()


def test_set_a_cookie(site: Site, learn: Learn) -> None:
    ada = learn(site, "set-a-cookie")
    assert ada.table == {}
    assert "colour=plum; Path=/" in ada.presses("Set a cookie")
    assert ada.table == {"colour": ("plum", "yes")}
    assert "size=large" in ada.presses("Set two cookies")
    assert ada.table == {"colour": ("plum", "yes"), "size": ("large", "yes")}


def test_read_cookies(site: Site, learn: Learn) -> None:
    ada = learn(site, "read-cookies")
    assert "plum" not in ada.presses("Read one cookie")
    ada.presses("Set two cookies")
    assert "The colour is plum." in ada.presses("Read one cookie")
    everything = ada.presses("Read all cookies")
    assert all(part in everything for part in ("colour", "plum", "size", "large"))


@pytest.mark.parametrize("label", ["Delete the cookie", "Delete it by hand"])
def test_delete_a_cookie(site: Site, learn: Learn, label: str) -> None:
    ada = learn(site, "delete-a-cookie")
    ada.presses("Set a cookie")
    ada.presses("Delete with another path")
    assert ada.table == {"colour": ("plum", "yes")}
    ada.presses(label)
    assert ada.table == {}
    assert ada.cookies == {}


def test_max_age(site: Site, learn: Learn) -> None:
    ada = learn(site, "max-age")
    assert "Max-Age=60" in ada.presses("Keep it for a minute")
    assert 0 < ends_in(ada) <= 60
    assert "Max-Age=604800" in ada.presses("Keep it for a week")
    assert 7 * DAY - SLACK < ends_in(ada) <= 7 * DAY


def test_expires(site: Site, learn: Learn) -> None:
    ada = learn(site, "expires")
    assert "expires=" in ada.presses("Keep it until tomorrow").lower()
    assert abs(ends_in(ada) - DAY) < SLACK
    assert "31 Dec 2099 23:59:59 GMT" in ada.presses("Keep it until a date in text")
    # The browser's own limit.
    assert 400 * DAY - SLACK < ends_in(ada) <= 400 * DAY


def test_max_age_and_expires(site: Site, learn: Learn) -> None:
    ada = learn(site, "max-age-and-expires")
    if site.name == "lessons/django":
        assert "'expires' and 'max_age' can't be used together" in ada.presses("Give both")
        assert ada.table == {}
    label = "Give both as text" if site.name == "lessons/django" else "Give both"
    effect = ada.presses(label).lower()
    assert "max-age=3600" in effect
    assert "expires=" in effect
    assert 3600 - SLACK < ends_in(ada) <= 3600


def test_until_the_browser_closes(
    site: Site, playwright: Playwright, executable: str, tmp_path: Path
) -> None:
    def open_browser() -> Learner:
        context = playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=executable, args=ARGUMENTS, ignore_https_errors=True
        )
        return Learner(site, context).opens("until-the-browser-closes")

    ada = open_browser()
    ada.presses("Without an end")
    ada.presses("With an end")
    assert set(ada.table) == {"visit", "language"}
    ada.context.close()
    later = open_browser()
    assert set(later.table) == {"language"}
    later.context.close()


def test_path(site: Site, learn: Learn) -> None:
    ada = learn(site, "path")
    ada.presses("Only below shop")
    tables = ada.page.locator("#cookies > *")
    assert "apples" not in tables.nth(0).inner_text()
    assert "apples" in tables.nth(1).inner_text()
    ada.presses("Everywhere")
    assert "plum" in tables.nth(0).inner_text()
    assert "plum" in tables.nth(1).inner_text()
    assert {name: cookie["path"] for name, cookie in ada.cookies.items()} == {
        "basket": "/shop",
        "colour": "/",
    }


def test_domain(site: Site, learn: Learn) -> None:
    ada = learn(site, "domain", "lessons.localhost")
    ada.presses("For this host")
    ada.presses("With its subdomains")
    ada.presses("For a stranger")
    assert set(ada.table) == {"here", "family"}
    ada.opens("domain", "www.lessons.localhost")
    assert set(ada.table) == {"family"}


@pytest.fixture
def plain_server() -> Iterator[tuple[int, list[str]]]:
    """A server without HTTPS, and the cookies that came to it."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                came.append(self.headers.get("Cookie", ""))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, came
    server.shutdown()
    thread.join()
    server.server_close()


def test_secure(site: Site, learn: Learn, plain_server: tuple[int, list[str]]) -> None:
    port, came = plain_server
    # Not on localhost, where browsers make an exception.
    ada = learn(site, "secure", "lessons.test")
    ada.presses("Over https alone")
    ada.presses("Over http too")
    assert set(ada.table) == {"colour", "size"}
    ada.page.goto(f"http://lessons.test:{port}/")
    (sent,) = came
    assert "size=large" in sent
    assert "colour" not in sent


def test_httponly(site: Site, learn: Learn) -> None:
    ada = learn(site, "httponly")
    ada.presses("Set an open cookie")
    assert "HttpOnly" in ada.presses("Set a hidden cookie")
    assert ada.table == {"open": ("apple", "yes"), "hidden": ("pear", "no")}
    whole = ada.presses("Read the whole")
    assert "open=apple" in whole
    assert "hidden" not in whole
    ada.presses("Overwrite the hidden cookie")
    assert ada.cookies["hidden"]["value"] == "pear"


def test_samesite(site: Site, learn: Learn) -> None:
    ada = learn(site, "samesite")
    for label in ("Set lax", "Set strict", "Set none"):
        ada.presses(label)
    assert set(ada.table) == {"lax", "strict", "none"}
    ada.page.goto(site.url("/", host="127.0.0.1"))
    for method, comes in (("get", {"lax", "none"}), ("post", {"none"})):
        ada.page.goto(site.url("/", host="127.0.0.1"))
        ada.page.evaluate(
            """([method, url]) => {
                const form = document.createElement('form')
                form.method = method; form.action = url
                document.body.append(form); form.submit()
            }""",
            [method, site.url("/browser")],
        )
        ada.page.wait_for_url("**://localhost:*/browser*")
        sent = ada.page.locator("body").inner_text()
        assert {one.split("=")[0] for one in sent.split("; ")} - {"csrftoken"} == comes


def test_host_prefix(site: Site, learn: Learn) -> None:
    ada = learn(site, "host-prefix", "lessons.localhost")
    assert "__Host-user=ada" in ada.presses("By the rules")
    # The header is sent, and the browser takes no notice.
    for label in ("Without secure", "With a path", "With a domain"):
        assert "__Host-" in ada.presses(label)
    assert ada.table == {"__Host-user": ("ada", "yes")}
    cookie = ada.cookies["__Host-user"]
    assert (cookie["domain"], cookie["path"], cookie["secure"]) == ("lessons.localhost", "/", True)


@pytest.fixture(params=["flask", "node"])
def framed_on(request: pytest.FixtureRequest) -> str:
    """Python before 3.14 does not know the attribute, and Django asks Python."""
    return str(request.param)


def test_partitioned(lessons: Callable[..., Site], learn: Learn, framed_on: str) -> None:
    site = lessons(framed_on)

    def in_a_frame_of(host: str) -> Learner:
        ada.page.goto(site.url("/", host))
        ada.page.evaluate(
            """url => {
                const frame = document.createElement('iframe')
                frame.src = url
                document.body.append(frame)
            }""",
            site.url("/partitioned"),
        )
        return ada.looks_at(ada.page.frame_locator("iframe"))

    ada = learn(site, "partitioned")
    one = in_a_frame_of("lessons.test")
    assert "Partitioned" in one.presses("Set a partitioned cookie")
    # This browser, which has a private window, takes no other cookie in a frame.
    one.presses("Set one for all sites")
    assert set(one.table) == {"own"}
    # Below another site, and on its own, the same page has another jar.
    assert set(in_a_frame_of("other.localhost").table) == set()
    assert set(ada.opens("partitioned").table) == set()
    assert set(in_a_frame_of("lessons.test").table) == {"own"}
