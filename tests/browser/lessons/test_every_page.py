"""What holds on every page of the lessons."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from test_examples import findings

from .learner import Learner

if TYPE_CHECKING:
    from sites import Site

Learn = Callable[..., Learner]
HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
README = ROOT / "examples/lessons/README.md"


def slugs(ada: Learner) -> list[str]:
    ada.page.goto(ada.site.url())
    links = ada.page.locator(".lessons a").all()
    return [str(link.get_attribute("href")).removeprefix("/") for link in links]


def test_no_lesson_has_a_fault_that_axe_finds(site: Site, learn: Learn) -> None:
    ada = learn(site, "set-a-cookie")
    found = [fault for slug in slugs(ada) for fault in findings(ada.opens(slug).page)]
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_lesson_that_has_run_has_no_fault_that_axe_finds(
    site: Site, learn: Learn, scheme: str
) -> None:
    ada = learn(site, "httponly")
    ada.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    ada.presses("Set a hidden cookie")
    ada.presses("Read the whole")
    found = findings(ada.page)
    ada.page.goto(site.url())
    assert found + findings(ada.page) == []


def test_no_page_is_wider_than_a_phone(site: Site, learn: Learn) -> None:
    ada = learn(site, "set-a-cookie")
    ada.page.set_viewport_size({"width": 360, "height": 740})
    ada.presses("Set two cookies")
    for slug in slugs(ada):
        width = ada.opens(slug).page.evaluate("document.documentElement.scrollWidth")
        assert width == 360, slug


@pytest.mark.parametrize("slug", ["read-cookies", "four-kilobytes", "page-cookie-store"])
def test_the_page_shows_the_code_as_it_is_in_its_file(site: Site, learn: Learn, slug: str) -> None:
    page = learn(site, slug).page
    file = (ROOT / page.locator("#file").inner_text()).read_text()
    shown = page.locator("pre code").all_text_contents()
    assert len(shown) > 1
    assert [code for code in shown if code.removeprefix("async ") not in file] == []


def test_a_lesson_runs_by_the_keyboard_alone(site: Site, learn: Learn) -> None:
    ada = learn(site, "set-a-cookie")
    button = ada.page.get_by_role("button", name="Set a cookie")
    for _ in range(12):
        if button.evaluate("button => button === document.activeElement"):
            break
        ada.page.keyboard.press("Tab")
    ada.page.keyboard.press("Enter")
    expect(ada.step("Set a cookie").locator("output")).to_contain_text("colour=plum")
    expect(ada.page.locator("#cookies")).to_contain_text("plum")


def test_every_lesson_is_in_the_table_with_a_test_that_exists(site: Site, learn: Learn) -> None:
    rows = re.findall(r"\| `/([\w-]+)` \| (.+) \|", README.read_text())
    tests = "".join(file.read_text() for file in HERE.glob("test_*.py"))
    assert {slug for slug, _ in rows} >= set(slugs(learn(site, "set-a-cookie")))
    for slug, names in rows:
        for name in re.findall(r"`(\w+)`", names):
            assert f"def {name}(" in tests, slug
