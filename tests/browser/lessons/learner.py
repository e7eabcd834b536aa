"""What people do at a lesson, in the words of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Cookie, FrameLocator, Locator, Page
    from sites import Site
    from typing_extensions import Self


class Learner:
    """Somebody with a browser, at a lesson."""

    def __init__(self, site: Site, context: BrowserContext) -> None:
        self.site, self.context = site, context
        self.page: Page = context.pages[0] if context.pages else context.new_page()
        # Where the lesson is: in the page, or in a frame of it.
        self.at: Page | FrameLocator = self.page

    def opens(self, slug: str, host: str = "localhost") -> Self:
        self.page.goto(self.site.url(f"/{slug}", host))
        return self.looks_at(self.page)

    def looks_at(self, place: Page | FrameLocator) -> Self:
        expect(place.locator("body[data-ready]")).to_be_attached()
        self.at = place
        return self

    def presses(self, label: str, part: int = 0) -> str:
        """What the effect says then. Where a button is there in several parts, this part's."""
        step = self.step(label, part)
        effect = step.locator("output")
        # So that what was there before is not taken for what comes.
        effect.evaluate("output => output.replaceChildren()")
        step.get_by_role("button", name=label, exact=True).click()
        expect(effect.locator("dd").first).to_be_attached()
        return effect.inner_text()

    def step(self, label: str, part: int = 0) -> Locator:
        found = self.at.get_by_role("button", name=label, exact=True)
        return self.at.locator(".step").filter(has=found).nth(part)

    def learns_about_the_client_side(self, part: int, show: str) -> None:
        """The first part has a signed cookie, the second an encrypted one."""
        self.presses("Log in as guest", part)
        assert "I like pears" in self.presses(show, part)
        seen = self.presses("Read the cookie without the key", part)
        assert ("I like pears" in seen) == (part == 0)
        self.presses("Change the cookie", part)
        effect = self.presses(show, part)
        assert "The session is empty" in effect
        assert "I like pears" not in effect

    def learns_about_the_server_side(self, show: str) -> None:
        self.presses("Log in as guest", 2)
        token = self.cookies["stored"]["value"]
        assert len(token) < 100
        rows = self.presses("Show what the store has")
        assert "I like pears" in rows
        # The store has a hash of the id: who reads it can't log in with it.
        assert token not in rows
        self.presses("Forge an id")
        assert "The session is empty" in self.presses(show, 2)

    @property
    def table(self) -> dict[str, tuple[str, str]]:
        """What the page says that the browser has: by the name the value, and "yes" or "no"."""
        rows = self.at.locator("#cookies tr:has(td)").all()
        cells = [row.locator("th, td").all_inner_texts() for row in rows]
        return {name: (value, readable) for name, value, readable in cells if name != "csrftoken"}

    @property
    def cookies(self) -> dict[str, Cookie]:
        """What the browser really has, with what no page can see."""
        found = {cookie["name"]: cookie for cookie in self.context.cookies()}
        found.pop("csrftoken", None)
        return found
