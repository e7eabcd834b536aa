"""What the tests of the lessons share: each site once, and somebody who learns there."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sites import Site

from .learner import Learner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser
    from sites import Certificate

expect.set_options(timeout=60_000)

SITES = ("django", "flask", "node")


@pytest.fixture(scope="session")
def lessons(
    certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Site]]:
    """The lessons of this name, with such settings; they are started once."""
    with ExitStack() as stack:
        sites: dict[object, Site] = {}

        def start(name: str, **settings: str) -> Site:
            key = (name, *sorted(settings.items()))
            if key not in sites:
                folder = tmp_path_factory.mktemp(name)
                site = Site(f"lessons/{name}", certificate, folder, store=False, settings=settings)
                sites[key] = stack.enter_context(site)
            return sites[key]

        yield start


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, lessons: Callable[..., Site]) -> Site:
    return lessons(request.param)


@pytest.fixture
def learn(browser: Browser) -> Iterator[Callable[..., Learner]]:
    """Opens a lesson in a new browser."""
    with ExitStack() as stack:

        def come(site: Site, slug: str, host: str = "localhost") -> Learner:
            context = browser.new_context(ignore_https_errors=True)
            stack.callback(context.close)
            return Learner(site, context).opens(slug, host)

        yield come
