"""Each lesson about cookies that a script in the page sets, on each site."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .learner import Learner

if TYPE_CHECKING:
    from sites import Site

Learn = Callable[..., Learner]
DAY = 86_400
SLACK = 120


def test_page_set_a_cookie(site: Site, learn: Learn) -> None:
    ada = learn(site, "page-set-a-cookie")
    ada.presses("Set a cookie")
    ada.presses("Set another")
    assert ada.table == {"colour": ("plum", "yes"), "size": ("large", "yes")}
    # -1: gone when the browser closes.
    assert ada.cookies["colour"]["expires"] == -1
    for label in ("Set it for a day", "Set it until a date"):
        ada.presses(label)
        assert abs(ada.cookies["colour"]["expires"] - time.time() - DAY) < SLACK
    assert ada.cookies["size"]["expires"] == -1


def test_page_read_cookies(site: Site, learn: Learn) -> None:
    ada = learn(site, "page-read-cookies")
    assert "There is no cookie of this name." in ada.presses("Read by name")
    ada.presses("Set a cookie")
    ada.presses("Set another")
    assert "colour=plum; size=large" in ada.presses("Read the whole")
    assert ada.presses("Read by name").endswith("plum")
    ada.presses("Set a strange value")
    assert "colour=blue%3B%20green" in ada.presses("Read the whole")
    assert ada.presses("Read by name").endswith("blue; green")


def test_page_delete_a_cookie(site: Site, learn: Learn) -> None:
    ada = learn(site, "page-delete-a-cookie")
    ada.presses("Set a cookie")
    ada.presses("Delete with another path")
    assert ada.table == {"colour": ("plum", "yes")}
    ada.presses("Delete by a past date")
    assert ada.table == {}


def test_page_cookie_store(site: Site, learn: Learn) -> None:
    ada = learn(site, "page-cookie-store")
    assert "There is no cookie of this name." in ada.presses("Get with the cookie store")
    ada.presses("Set with the cookie store")
    assert ada.presses("Get with the cookie store").endswith("plum")
    assert "colour is plum" in ada.presses("Get all with the cookie store")
    assert 0 < ada.cookies["colour"]["expires"] - time.time() <= 60
    ada.presses("Delete with the cookie store")
    assert ada.table == {}
    assert "seen was changed" in ada.presses("Wait for a change")


def test_page_four_kilobytes(site: Site, learn: Learn) -> None:
    ada = learn(site, "page-four-kilobytes")
    said = []
    ada.page.on("console", lambda message: said.append(message.text))
    assert "4096 bytes" in ada.presses("Set a big cookie")
    assert "4097 bytes" in ada.presses("Set one byte more")
    assert set(ada.cookies) == {"big"}
    assert len("big" + ada.cookies["big"]["value"]) == 4096
    assert said == []


def test_all_cookies_of_the_site_can_be_deleted(site: Site, learn: Learn) -> None:
    ada = learn(site, "set-a-cookie")
    ada.presses("Set two cookies")
    ada.opens("path").presses("Only below shop")
    ada.page.get_by_role("button", name="Delete all cookies").click()
    expect(ada.page.locator("#cookies")).not_to_contain_text("apples")
    assert ada.cookies == {}
