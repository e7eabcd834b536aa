"""Axe's checks of accessibility."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import axe_playwright_python

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")


def findings(page: Page) -> list[str]:
    """What axe has to say against the page; nothing, if all is well."""
    page.add_script_tag(content=AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [f"{page.url}: {one['id']}: {one['help']}" for one in found]
