"""What the browser tests share: one Chromium, one certificate, and each example once a store."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from people import Person
from playwright.sync_api import sync_playwright
from sites import Certificate, Site, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    # Without these Chromium asks its maker's servers for much that no test needs.
    "--disable-background-networking",
    "--disable-sync",
    # Names that are this machine and not localhost, for which browsers make exceptions.
    "--host-resolver-rules=MAP *.test 127.0.0.1",
]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def executable() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise missing("chromium")
    return found


@pytest.fixture(scope="session")
def browser(playwright: Playwright, executable: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.made_in(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def started(
    certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, bool], Site]]:
    """The example of this name, in cookies or in a store; it is started once."""
    with ExitStack() as stack:
        sites: dict[tuple[str, bool], Site] = {}

        def start(name: str, store: bool) -> Site:
            if (name, store) not in sites:
                folder = tmp_path_factory.mktemp(name)
                site = Site(name, certificate, folder, store=store)
                sites[name, store] = stack.enter_context(site)
            return sites[name, store]

        yield start


@pytest.fixture
def person(browser: Browser) -> Iterator[Callable[[Site], Person]]:
    """A new person with a browser of their own."""
    with ExitStack() as stack:

        def come(site: Site) -> Person:
            context = browser.new_context(ignore_https_errors=True)
            stack.callback(context.close)
            return Person(site, context)

        yield come
