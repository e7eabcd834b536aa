"""The same page on each store, and the row as the server has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from servers import MariaDB, Memcached, Redis, shared_url

from .learner import Learner

if TYPE_CHECKING:
    from sites import Site

Learn = Callable[..., Learner]


@pytest.fixture(params=["flask", "node"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def site(lessons: Callable[..., Site], name: str) -> Site:
    return lessons(name)


def shows_its_row(ada: Learner, row: str, *words: str) -> None:
    ada.presses("Put something in")
    assert "I like pears" in ada.presses("Show the session")
    seen = ada.presses(row)
    assert "I like pears" in seen.replace('\\"', '"')
    assert [word for word in words if word not in seen] == []
    # Who reads the store can't log in with what is there.
    assert ada.cookies["stored"]["value"] not in seen
    kept = ada.context.cookies()
    ada.presses("End it")
    assert ada.cookies == {}
    ada.context.add_cookies(kept)
    assert "The session is empty" in ada.presses("Show the session")


def test_in_a_database(site: Site, learn: Learn) -> None:
    shows_its_row(learn(site, "in-a-database"), "Row in a database", "record", "version")


def test_in_mysql(site: Site, learn: Learn) -> None:
    shared_url(MariaDB)
    shows_its_row(learn(site, "in-mysql"), "Row in mysql", "record", "version")


def test_in_redis(site: Site, learn: Learn) -> None:
    shared_url(Redis)
    shows_its_row(learn(site, "in-redis"), "Row in redis", "shortcrust:", "version")


def test_in_memcached(site: Site, learn: Learn) -> None:
    shared_url(Memcached)
    shows_its_row(learn(site, "in-memcached"), "Row in memcached", "shortcrust:")


def test_in_a_file(site: Site, learn: Learn) -> None:
    shows_its_row(learn(site, "in-a-file"), "Row in files", '"version":1')


def test_a_lesson_says_that_its_server_does_not_run(
    lessons: Callable[..., Site], learn: Learn, name: str
) -> None:
    # Nothing listens on this port.
    ada = learn(lessons(name, REDIS_URL="redis://127.0.0.1:1"), "in-redis")
    main = ada.page.locator("main")
    expect(main).to_contain_text("This lesson needs Redis, and nothing answers")
    expect(main.get_by_role("button", name="Put something in")).to_have_count(0)
