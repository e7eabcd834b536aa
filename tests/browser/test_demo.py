"""The page of ``make demo``. With PICTURE=docs/demo.png it makes the README's picture."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe import findings
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

DEMO = Path(__file__).parent.parent / "interop/demo.py"


@pytest.fixture(scope="module")
def urls() -> Iterator[list[str]]:
    """Of the page whose session is in its cookie, and of the one whose session is in SQLite."""
    command = [sys.executable, "-u", str(DEMO)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout
        found: list[str] = []
        for line in demo.stdout:
            found += re.findall(r"http://\S+/demo", line)
            if len(found) == 2:
                break
        yield found
        demo.terminate()


@pytest.fixture(params=["cookie", "store"])
def page(request: pytest.FixtureRequest, urls: list[str], browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(urls[request.param == "store"], wait_until="domcontentloaded")
    yield page
    context.close()


def test_the_demo_tells_of_each_request_what_was_done_and_why(page: Page, tmp_path: Path) -> None:
    shop, log = page.frame_locator("iframe"), page.locator("#log")
    is_stored = page.get_by_role("link", name="In SQLite").get_attribute("aria-current") == "page"
    shop.get_by_label("Name").fill("Ada")
    shop.get_by_label("Password").fill("correct horse")
    shop.locator("main").get_by_role("button").click()
    expect(log).to_contain_text("a login: a new id")
    shop.get_by_role("button", name="Add Sourdough").click()
    expect(log).to_contain_text('basket is ["Sourdough"]')
    expect(page.locator("#cookie")).to_contain_text("An id of" if is_stored else '"user": "Ada"')
    page.get_by_role("button", name="Two tabs add at once").click()
    expect(shop.get_by_role("heading", level=1)).to_have_text("Basket")
    if is_stored:
        # In the cookie one is lost, if they do overlap.
        expect(shop.locator(".rows li")).to_have_count(3)
        expect(page.locator("#record")).to_contain_text('"Quiche"')
        shop.get_by_role("link", name="My sessions").click()
        expect(log).to_contain_text("GET /sessions")
        expect(shop.get_by_role("heading", level=1)).to_have_text("My sessions")
        picture(page, tmp_path)
    page.get_by_role("button", name="Flip a byte").click()
    expect(log).to_contain_text("Cookie refused")
    assert findings(page) == []


def picture(page: Page, folder: Path) -> None:
    """As the README has it."""
    page.evaluate("document.getAnimations().forEach(one => one.finish())")
    path = Path(os.environ.get("PICTURE") or folder / "demo.png")
    page.screenshot(path=path)
    assert path.stat().st_size < 300_000
