"""Each example in a real browser, over HTTPS."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from axe import findings
from conftest import ARGUMENTS
from people import PASSWORD, Person
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Playwright
    from sites import Site

EXAMPLES = ("django", "express", "fastapi", "fastify", "flask", "koa", "shared")

Start = "Callable[[str, bool], Site]"
Come = "Callable[[Site], Person]"


@pytest.fixture(params=EXAMPLES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def in_cookie(started: Start, name: str) -> Iterator[Site]:
    site = started(name, False)
    yield site
    site.set_clock(timedelta())


@pytest.fixture
def in_store(started: Start, name: str) -> Iterator[Site]:
    site = started(name, True)
    yield site
    site.set_clock(timedelta())


@pytest.fixture(params=[False, True], ids=["cookie", "store"])
def site(request: pytest.FixtureRequest, started: Start, name: str) -> Iterator[Site]:
    site = started(name, request.param)
    yield site
    site.set_clock(timedelta())


def test_a_person_registers_works_logs_out_and_in_again(site: Site, person: Come) -> None:
    ada = person(site)
    ada.puts_in("Quiche")
    ada.registers()
    assert ada.is_logged_in
    assert ada.basket == ["Quiche"]
    ada.logs_out()
    assert ada.greeting == "Hello stranger"
    ada.logs_in("a wrong one")
    expect(ada.page.get_by_role("status")).to_have_text("Name or password is wrong.")
    ada.logs_in()
    assert ada.is_logged_in
    assert ada.basket == []


@pytest.mark.parametrize("remember", [True, False])
def test_a_closed_browser_is_remembered_if_the_person_said_so(
    in_cookie: Site,
    person: Come,
    playwright: Playwright,
    executable: str,
    tmp_path: Path,
    *,
    remember: bool,
) -> None:
    ada = person(in_cookie)
    ada.registers()

    def open_browser() -> Person:
        context = playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=executable, args=ARGUMENTS, ignore_https_errors=True
        )
        return Person(in_cookie, context, ada.name)

    again = open_browser()
    again.logs_in(remember=remember)
    assert again.is_logged_in
    again.context.close()
    later = open_browser()
    assert later.is_logged_in == remember
    later.context.close()


def test_an_unused_session_ends(site: Site, person: Come) -> None:
    ada = person(site)
    ada.registers()
    site.set_clock(site.idle * 13 / 14)
    ada.puts_in("Quiche")
    site.set_clock(site.idle * 26 / 14)
    assert ada.is_logged_in
    site.set_clock(site.idle * 41 / 14)
    assert ada.greeting == "Hello stranger"


def test_a_logout_in_one_tab_is_seen_in_the_other(site: Site, person: Come) -> None:
    ada = person(site)
    ada.registers()
    other = ada.context.new_page()
    other.goto(site.url())
    ada.logs_out()
    other.reload()
    expect(other.get_by_role("heading", level=1)).to_have_text("Hello stranger")


def test_a_second_browser_ends_the_session_of_the_first(in_store: Site, person: Come) -> None:
    ada = person(in_store)
    ada.registers()
    elsewhere = person(in_store)
    elsewhere.name = ada.name
    elsewhere.logs_in()
    page = elsewhere.visits("/sessions")
    expect(page.get_by_role("listitem")).to_have_count(2)
    labels = page.get_by_role("listitem").locator(".name").all_inner_texts()
    assert sorted(labels) == ["Chrome", "Chrome this one"]
    page.get_by_role("button", name="End").click()
    expect(page.get_by_role("listitem")).to_have_count(1)
    assert elsewhere.is_logged_in
    assert not ada.is_logged_in


def test_log_out_everywhere_else_keeps_this_browser(in_store: Site, person: Come) -> None:
    ada = person(in_store)
    ada.registers()
    elsewhere = person(in_store)
    elsewhere.name = ada.name
    elsewhere.logs_in()
    elsewhere.visits("/sessions").get_by_role("button", name="Log out everywhere else").click()
    assert elsewhere.is_logged_in
    assert not ada.is_logged_in


def test_a_session_in_its_cookie_is_not_listed_and_says_why(in_cookie: Site, person: Come) -> None:
    ada = person(in_cookie)
    ada.registers()
    expect(ada.visits("/sessions").locator("main")).to_contain_text("lies in its cookie")


def test_tabs_that_write_at_once_lose_nothing(in_store: Site, person: Come) -> None:
    ada = person(in_store)
    ada.registers()
    goods = ["Sourdough", "Quiche", "Apple pie", "Cheese straws"]
    ada.visits().evaluate(
        """goods => Promise.all(goods.map(item => fetch('/basket', {
            method: 'POST',
            body: new URLSearchParams([
                ['item', item], ...[...document.querySelectorAll('[type=hidden]')].slice(0, 1)
                    .map(({ name, value }) => [name, value]),
            ]),
        })))""",
        goods,
    )
    assert sorted(ada.basket) == sorted(goods)


def test_a_copied_cookie_opens_nothing_after_the_logout(in_store: Site, person: Come) -> None:
    ada = person(in_store)
    ada.registers()
    copied = ada.cookie
    ada.logs_out()
    ada.context.add_cookies([copied])
    assert ada.greeting == "Hello stranger"


def test_a_changed_cookie_opens_nothing(site: Site, person: Come) -> None:
    ada = person(site)
    ada.registers()
    cookie = ada.cookie
    middle = len(cookie["value"]) // 2
    changed = "A" if cookie["value"][middle] != "A" else "B"
    cookie["value"] = cookie["value"][:middle] + changed + cookie["value"][middle + 1 :]
    ada.context.add_cookies([cookie])
    assert ada.greeting == "Hello stranger"


def test_the_page_cannot_read_the_cookie_which_is_secure_and_lax(site: Site, person: Come) -> None:
    ada = person(site)
    ada.registers()
    cookie = ada.cookie
    assert cookie["name"] not in str(ada.page.evaluate("document.cookie"))
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")


def test_a_form_of_another_site_changes_nothing(site: Site, person: Come) -> None:
    ada = person(site)
    ada.registers()
    for path in ("/basket", "/basket/empty", "/logout"):
        ada.page.goto(site.url("/login", host="127.0.0.1"))
        with ada.page.expect_navigation(url=site.url(path)) as came:
            ada.page.evaluate(
                """url => {
                    document.body.innerHTML = '<form method=post><input name=item value=Quiche>'
                    document.forms[0].action = url
                    document.forms[0].submit()
                }""",
                site.url(path),
            )
        assert came.value.status == 403
    assert ada.is_logged_in
    assert ada.basket == []


def test_a_page_that_needs_a_login_comes_back_after_it(site: Site, person: Come) -> None:
    ada = person(site)
    ada.registers()
    ada.logs_out()
    page = ada.visits("/sessions")
    assert urlsplit(page.url).path == "/login"
    ada.logs_in()
    assert urlsplit(ada.page.url).path == "/sessions"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_a_login_leads_to_no_other_site(in_cookie: Site, person: Come, target: str) -> None:
    ada = person(in_cookie)
    ada.registers()
    ada.logs_out()
    ada.visits(f"/login?next={target}")
    ada.logs_in()
    assert ada.page.url.startswith(in_cookie.url())


def test_the_keyboard_alone_is_enough(in_cookie: Site, person: Come) -> None:
    ada = person(in_cookie)
    keys = ada.visits("/register").keyboard
    # The page puts the focus there itself.
    expect(ada.page.get_by_label("Name")).to_be_focused()
    keys.type(ada.name)
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(ada.page.get_by_role("heading", level=1)).to_have_text(f"Hello {ada.name}")
    button = ada.page.get_by_role("button", name="Add Sourdough")
    for _ in range(12):
        if button.evaluate("button => button === document.activeElement"):
            break
        keys.press("Tab")
    keys.press("Enter")
    expect(ada.page.locator(".count")).to_have_text("1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_fault_that_axe_finds(in_store: Site, person: Come, scheme: str) -> None:
    ada = person(in_store)
    ada.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path in ("/", "/register", "/login"):
        assert findings(ada.visits(path)) == []
    ada.registers()
    ada.puts_in("Quiche")
    elsewhere = person(in_store)
    elsewhere.name = ada.name
    elsewhere.logs_in()
    for path in ("/", "/basket", "/sessions"):
        assert findings(ada.visits(path)) == []
