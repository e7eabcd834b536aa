"""Each lesson about Flask's session, and about the login check."""

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
DAY = 86_400
SLACK = 120


@pytest.fixture
def flask(lessons: Callable[[str], Site]) -> Iterator[Site]:
    site = lessons("flask")
    yield site
    site.set_clock(timedelta())


def test_session_as_a_dict(flask: Site, learn: Learn) -> None:
    ada = learn(flask, "session-as-a-dict")
    assert "fruit: None, colour: none" in ada.presses("Get a value")
    assert "KeyError" in ada.presses("Read with brackets")
    ada.presses("Set a value")
    assert ada.table["session"][1] == "no"
    assert "fruit: apple, colour: none" in ada.presses("Get a value")
    assert "fruit: apple" in ada.presses("Read with brackets")
    assert "Set-Cookie\nsession=" in ada.presses("Change inside")
    assert '"tea"' in ada.presses("Show all")
    assert "apple was taken out" in ada.presses("Pop a value")
    assert "None was taken out" in ada.presses("Pop a value")
    ada.presses("Del a value")
    assert "KeyError" in ada.presses("Del a value")
    ada.presses("Set a value")
    ada.presses("Clear it")
    assert ada.cookies == {}


def test_session_permanent(flask: Site, learn: Learn) -> None:
    ada = learn(flask, "session-permanent")
    ada.presses("Until the browser closes")
    assert ada.cookies["default_lifetime"]["expires"] == -1
    assert "31 days" in ada.presses("Make it permanent")
    end = ada.cookies["default_lifetime"]["expires"] - time.time()
    assert abs(end - 31 * DAY) < SLACK
    assert "2:00:00" in ada.presses("Lifetime")
    end = ada.cookies["two_hours"]["expires"] - time.time()
    assert abs(end - 7200) < SLACK


def test_an_old_session_is_refused_though_the_browser_still_sends_it(
    flask: Site, learn: Learn
) -> None:
    ada = learn(flask, "session-as-a-dict")
    ada.presses("Set a value")
    flask.set_clock(timedelta(days=30))
    assert "fruit: apple" in ada.presses("Get a value")
    flask.set_clock(timedelta(days=62))
    assert "session" in ada.table
    assert "fruit: None" in ada.presses("Get a value")


def test_session_without_a_key(flask: Site, learn: Learn) -> None:
    ada = learn(flask, "session-without-a-key")
    assert "fruit: None" in ada.presses("Read it")
    effect = ada.presses("Write into it")
    assert "RuntimeError" in effect
    assert "secret key" in effect


@pytest.mark.parametrize("part", [0, 1], ids=["signed", "encrypted"])
def test_client_side(flask: Site, learn: Learn, part: int) -> None:
    ada = learn(flask, "client-side-and-server-side")
    ada.learns_about_the_client_side(part, "Show the session")


def test_server_side(flask: Site, learn: Learn) -> None:
    ada = learn(flask, "client-side-and-server-side")
    ada.learns_about_the_server_side("Show the session")


def test_four_kilobytes(flask: Site, learn: Learn) -> None:
    ada = learn(flask, "four-kilobytes")
    ada.presses("Put in a little")
    kept = ada.cookies["sealed"]["value"]
    effect = ada.presses("Put in too much")
    assert "TooLarge" in effect
    assert "4096" in effect
    assert ada.cookies["sealed"]["value"] == kept


def test_login_check(flask: Site, learn: Learn) -> None:
    ada = learn(flask, "login-check")
    ada.page.get_by_role("link", name="Open the photos").click()
    expect(ada.page).to_have_url(flask.url("/run/login-check/0/login"))
    ada.page.get_by_label("Name").fill("Ada")
    ada.page.get_by_role("button", name="Log in").click()
    expect(ada.page).to_have_url(flask.url("/run/login-check/0/photos"))
    expect(ada.page.get_by_role("status")).to_have_text("Hello Ada.")
    ada.page.get_by_role("button", name="Log out").click()
    ada.page.goto(flask.url("/run/login-check/0/news"))
    expect(ada.page).to_have_url(flask.url("/run/login-check/0/login"))


def test_login_check_on_a_blueprint(flask: Site, learn: Learn) -> None:
    ada = learn(flask, "login-check-on-a-blueprint")
    ada.page.get_by_role("link", name="Open the shop").click()
    expect(ada.page.get_by_role("status")).to_have_text("Hello stranger.")
    ada.opens("login-check-on-a-blueprint")
    ada.page.get_by_role("link", name="Open the letters").click()
    ada.page.get_by_label("Name").fill("Ada")
    ada.page.get_by_role("button", name="Log in").click()
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Letters")
    ada.page.get_by_role("button", name="Log out").click()
    expect(ada.page.get_by_role("status")).to_have_text("Hello stranger.")


def test_before_first_request(flask: Site, learn: Learn) -> None:
    ada = learn(flask, "before-first-request")
    assert "(1 time)" in ada.presses("Ask")
    assert "(1 time)" in ada.presses("Ask")
    effect = ada.presses("Try the old way")
    assert "AttributeError" in effect
    assert "before_first_request" in effect
