"""What a browser makes of the attributes that the examples' cookies have not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sites import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page
    from sites import Certificate

# Another site than localhost, on the same machine.
OTHER = "other.test"


@pytest.fixture(scope="module")
def site(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site("attributes", certificate, tmp_path_factory.mktemp("site"), store=False) as site:
        yield site


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(ignore_https_errors=True)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def visits(page: Page, site: Site, path: str, host: str = "localhost") -> int:
    page.goto(site.url(path, host))
    return int(page.locator("p").inner_text())


def framed(page: Page, site: Site, path: str) -> int:
    """What a frame shows in a page of another site."""
    page.goto(site.url("/", OTHER))
    page.evaluate(
        """url => {
            const frame = document.createElement('iframe')
            frame.src = url
            document.body.append(frame)
        }""",
        site.url(path),
    )
    shown = page.frame_locator("iframe").locator("p")
    expect(shown).to_have_text("1")
    return int(shown.inner_text())


def test_a_host_cookie_is_for_this_host_and_the_whole_of_it(page: Page, site: Site) -> None:
    assert [visits(page, site, "/host/"), visits(page, site, "/host/")] == [1, 2]
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["domain"]) == ("__Host-session", "localhost")
    assert (cookie["path"], cookie["secure"]) == ("/", True)


def test_a_host_cookie_can_be_set_by_no_page_without_secure(page: Page, site: Site) -> None:
    visits(page, site, "/host/")
    (before,) = page.context.cookies()
    page.evaluate("document.cookie = '__Host-session=forged; path=/host/'")
    page.evaluate("document.cookie = '__Host-session=forged; path=/; domain=localhost; secure'")
    assert page.context.cookies() == [before]


def test_a_partitioned_cookie_is_anothers_in_a_frame_than_on_its_own_site(
    page: Page, site: Site
) -> None:
    assert visits(page, site, "/partitioned/") == 1
    assert framed(page, site, "/partitioned/") == 1
    page.frames[1].goto(site.url("/partitioned/"))
    expect(page.frame_locator("iframe").locator("p")).to_have_text("2")
    assert visits(page, site, "/partitioned/") == 2


def test_a_lax_cookie_does_not_reach_a_frame_on_another_site(page: Page, site: Site) -> None:
    assert visits(page, site, "/host/") == 1
    assert framed(page, site, "/host/") == 1
    assert visits(page, site, "/host/") == 2


def test_a_strict_cookie_does_not_come_along_with_a_link_of_another_site(
    page: Page, site: Site
) -> None:
    assert visits(page, site, "/strict/") == 1
    page.goto(site.url("/", OTHER))
    page.set_content(f'<a href="{site.url("/strict/")}">there</a>')
    page.get_by_role("link").click()
    expect(page.locator("p")).to_have_text("1")


def test_a_cookie_of_500_days_lives_400(page: Page, site: Site) -> None:
    visits(page, site, "/long/")
    (cookie,) = page.context.cookies()
    days = (cookie["expires"] - time.time()) / 86_400
    assert 399 < days <= 400.01
