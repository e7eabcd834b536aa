"""What people do at the examples, in the words of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Cookie, Page
    from sites import Site

PASSWORD = "correct horse"


class Person:
    """Somebody with a browser, on one site."""

    def __init__(self, site: Site, context: BrowserContext, name: str | None = None) -> None:
        self.site, self.context = site, context
        self.name = name or f"ada-{uuid4().hex[:8]}"
        self.page = context.pages[0] if context.pages else context.new_page()

    def visits(self, path: str = "/") -> Page:
        self.page.goto(self.site.url(path))
        return self.page

    def registers(self) -> Page:
        self.visits("/register")
        return self._fills_in(PASSWORD)

    def logs_in(self, password: str = PASSWORD, *, remember: bool = False) -> Page:
        if "/login" not in self.page.url:
            self.visits("/login")
        if remember:
            self.page.get_by_label("Remember me").check()
        return self._fills_in(password)

    def logs_out(self) -> Page:
        self.page.get_by_role("button", name="Log out", exact=True).click()
        return self.page

    def puts_in(self, item: str) -> Page:
        self.visits()
        self.page.get_by_role("button", name=f"Add {item}").click()
        return self.page

    @property
    def greeting(self) -> str:
        return self.visits().get_by_role("heading", level=1).inner_text()

    @property
    def is_logged_in(self) -> bool:
        return self.greeting == f"Hello {self.name}"

    @property
    def basket(self) -> list[str]:
        return self.visits("/basket").locator(".rows .name").all_inner_texts()

    @property
    def cookie(self) -> Cookie:
        """The session's."""
        names = ("session", "sessionid", "sess", "koa.sess", "sessionId")
        (found,) = [one for one in self.context.cookies() if one["name"] in names]
        return found

    def _fills_in(self, password: str) -> Page:
        self.page.get_by_label("Name").fill(self.name)
        self.page.get_by_label("Password").fill(password)
        self.page.locator("main").get_by_role("button").click()
        return self.page
