"""Each lesson about sessions in Express, and about the login check."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .learner import Learner

if TYPE_CHECKING:
    from sites import Site

Learn = Callable[..., Learner]


@pytest.fixture
def node(lessons: Callable[..., Site]) -> Iterator[Site]:
    site = lessons("node")
    yield site
    site.set_clock(timedelta())


def test_req_session(node: Site, learn: Learn) -> None:
    ada = learn(node, "req-session")
    assert "Set-Cookie\nnone" in ada.presses("Show the session")
    assert "shop=" in ada.presses("Put something in")
    assert ada.table["shop"][1] == "no"
    assert '"fruit":"apple"' in ada.presses("Show the session")
    assert "tea" in ada.presses("Change inside")
    ada.presses("Take out")
    seen = ada.presses("Show the session")
    assert '"basket":["bread","jam","tea"]' in seen
    assert "apple" not in seen


def test_regenerate(node: Site, learn: Learn) -> None:
    ada = learn(node, "regenerate")
    ada.presses("Put something in")
    before = ada.context.cookies()
    assert "A new id: true" in ada.presses("Regenerate")
    # Whoever had the old id has nothing.
    for cookies in (ada.context.cookies(), before):
        ada.context.add_cookies(cookies)
        assert "apple" not in ada.presses("Show the session")


def test_destroy(node: Site, learn: Learn) -> None:
    ada = learn(node, "destroy")
    ada.presses("Put something in")
    ada.presses("Destroy")
    assert "shop" in ada.cookies
    assert "apple" not in ada.presses("Show the session")
    ada.presses("Put something in")
    ada.presses("Destroy and delete the cookie")
    assert ada.cookies == {}


def test_touch(node: Site, learn: Learn) -> None:
    ada = learn(node, "touch")
    ada.presses("Put something in")
    node.set_clock(timedelta(seconds=40))
    effect = ada.presses("Touch")
    before, after = (int(word) for word in effect.split() if word.isdigit())
    assert before <= 20
    assert after == 60
    # The touch counted in the store too: without it the session had ended.
    node.set_clock(timedelta(seconds=80))
    left = ada.presses("How long is left")
    assert 0 < int(left.split("answers")[1].split()[0]) <= 20


def test_rolling(node: Site, learn: Learn) -> None:
    ada = learn(node, "rolling")
    for part in (0, 1):
        ada.presses("Put something in", part)
    assert "Set-Cookie\nnone" in ada.presses("Look at it", 0)
    assert "rolling=" in ada.presses("Look at it", 1)
    node.set_clock(timedelta(hours=1))
    # A server whose clock is ahead sends an end that is later.
    ends = ada.cookies["rolling"]["expires"]
    ada.presses("Put something in", 1)
    ada.presses("Look at it", 1)
    assert ada.cookies["rolling"]["expires"] > ends
    assert ada.cookies["shop"]["expires"] - time.time() <= 60


@pytest.mark.parametrize("part", [0, 1], ids=["signed", "encrypted"])
def test_client_side_in_express(node: Site, learn: Learn, part: int) -> None:
    ada = learn(node, "client-side-and-server-side")
    ada.learns_about_the_client_side(part, "Show what is there")


def test_server_side_in_express(node: Site, learn: Learn) -> None:
    ada = learn(node, "client-side-and-server-side")
    ada.learns_about_the_server_side("Show what is there")


def test_four_kilobytes_in_express(node: Site, learn: Learn) -> None:
    ada = learn(node, "four-kilobytes")
    ada.presses("Put in a little")
    kept = ada.cookies["sealed"]["value"]
    ada.presses("Put in too much")
    assert "not saved (too_large)" in ada.presses("What the server said")
    assert ada.cookies["sealed"]["value"] == kept


def test_login_check_in_express(node: Site, learn: Learn) -> None:
    ada = learn(node, "login-check")
    ada.page.get_by_role("link", name="Open the photos").click()
    expect(ada.page).to_have_url(node.url("/run/login-check/0/login"))
    ada.page.get_by_label("Name").fill("Ada")
    ada.page.get_by_role("button", name="Log in").click()
    expect(ada.page).to_have_url(node.url("/run/login-check/0/photos"))
    expect(ada.page.get_by_role("status")).to_have_text("Hello Ada.")
    ada.page.get_by_role("button", name="Log out").click()
    ada.page.goto(node.url("/run/login-check/0/news"))
    expect(ada.page).to_have_url(node.url("/run/login-check/0/login"))


def test_login_check_on_a_router(node: Site, learn: Learn) -> None:
    ada = learn(node, "login-check-on-a-router")
    ada.page.get_by_role("link", name="Open the shop").click()
    expect(ada.page.get_by_role("status")).to_have_text("Hello stranger.")
    ada.opens("login-check-on-a-router")
    ada.page.get_by_role("link", name="Open the letters").click()
    ada.page.get_by_label("Name").fill("Ada")
    ada.page.get_by_role("button", name="Log in").click()
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Letters")
    ada.page.get_by_role("button", name="Log out").click()
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Log in")
