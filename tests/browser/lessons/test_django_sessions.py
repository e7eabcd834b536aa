"""Each lesson about Django's session, and the same page on each engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from servers import MariaDB, Memcached, Redis, Server, shared_url

from .learner import Learner

if TYPE_CHECKING:
    from sites import Site

Learn = Callable[..., Learner]
DAY = 86_400
SLACK = 120


@pytest.fixture
def django(lessons: Callable[..., Site]) -> Site:
    return lessons("django")


def test_session_as_a_dict_in_django(django: Site, learn: Learn) -> None:
    ada = learn(django, "session-as-a-dict")
    assert "fruit: None, colour: none" in ada.presses("Get a value")
    assert "KeyError" in ada.presses("Read with brackets")
    ada.presses("Set values")
    assert "fruit: apple, colour: none" in ada.presses("Get a value")
    ada.presses("Change inside")
    seen = ada.presses("Keys and items")
    assert "keys: ['fruit', 'basket']" in seen
    assert "('basket', ['bread', 'jam', 'tea'])" in seen
    assert "apple was taken out" in ada.presses("Pop a value")
    assert "None was taken out" in ada.presses("Pop a value")
    ada.presses("Del a value")
    assert "KeyError" in ada.presses("Del a value")
    ada.presses("Set values")
    kept = ada.cookies["sessionid"]["value"]
    ada.presses("Clear it")
    assert "fruit: None" in ada.presses("Get a value")
    ada.presses("Set values")
    ada.presses("Flush it")
    assert ada.cookies == {}
    ada.presses("Set values")
    assert ada.cookies["sessionid"]["value"] != kept


def test_set_expiry(django: Site, learn: Learn) -> None:
    ada = learn(django, "set-expiry")

    def lives_for() -> float:
        return ada.cookies["sessionid"]["expires"] - time.time()

    assert "1209600" in ada.presses("Say nothing")
    assert abs(lives_for() - 14 * DAY) < SLACK
    assert "600" in ada.presses("So many seconds")
    assert 0 < lives_for() <= 600
    ada.presses("A timedelta")
    assert abs(lives_for() - DAY) < SLACK
    assert "True" in ada.presses("Zero")
    assert ada.cookies["sessionid"]["expires"] == -1
    assert "1209600" in ada.presses("None")
    assert abs(lives_for() - 14 * DAY) < SLACK


def test_a_session_ends_after_two_weeks(django: Site, learn: Learn) -> None:
    ada = learn(django, "where-the-session-lies")
    ada.presses("Put something in")
    try:
        django.set_clock(timedelta(days=13))
        assert "I like pears" in ada.presses("Show the session")
        django.set_clock(timedelta(days=15))
        assert "The session is empty" in ada.presses("Show the session")
    finally:
        django.set_clock(timedelta())


@pytest.mark.parametrize("label", ["Clear expired", "Manage py clearsessions"])
def test_clear_expired(django: Site, learn: Learn, label: str) -> None:
    ada = learn(django, "clear-expired")
    assert "of which 0 have ended" not in ada.presses("Make old sessions")
    assert "of which 0 have ended" in ada.presses(label)
    assert "of which 0 have ended" in ada.presses("Count them")


# What the page says that the server has: nothing that can be read but by Django.
ENGINES = {
    "db": "django_session: ",
    "cached_db": "django_session: ",
    "cache": "I like pears",
    "file": ":",
    "signed_cookies": "Nothing.",
    "sealed_cookies": "Nothing.",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_where_the_session_lies(lessons: Callable[..., Site], learn: Learn, engine: str) -> None:
    site = lessons("django", ENGINE=engine)
    ada = learn(site, "where-the-session-lies")
    assert f"shortcrust.django.{engine}" in ada.page.locator(".text").inner_text()
    ada.presses("Put something in")
    assert "I like pears" in ada.presses("Show the session")
    assert ENGINES[engine] in ada.presses("What the server has")
    seen = ada.presses("Read the cookie without the key")
    assert ("I like pears" in seen) == (engine == "signed_cookies")
    ada.presses("Change the cookie")
    assert "The session is empty" in ada.presses("Show the session")


SERVERS: dict[str, tuple[type[Server], str, str, str]] = {
    "mysql": (MariaDB, "DATABASE_URL", "db", "django_session: "),
    "redis": (Redis, "CACHE_URL", "cache", "RedisCache: {"),
    "memcached": (Memcached, "CACHE_URL", "cache", "PyMemcacheCache: {"),
}


@pytest.mark.parametrize("name", SERVERS)
def test_where_the_session_lies_on_a_server(
    lessons: Callable[..., Site], learn: Learn, name: str
) -> None:
    kind, variable, engine, seen = SERVERS[name]
    site = lessons("django", ENGINE=engine, **{variable: shared_url(kind)})
    ada = learn(site, "where-the-session-lies")
    ada.presses("Put something in")
    assert "I like pears" in ada.presses("Show the session")
    assert seen in ada.presses("What the server has")


@pytest.mark.parametrize("kind", ["database", "file"])
def test_the_cache_may_be_a_database_or_files(
    lessons: Callable[..., Site], learn: Learn, kind: str
) -> None:
    ada = learn(lessons("django", ENGINE="cache", CACHE_URL=f"{kind}:"), "where-the-session-lies")
    ada.presses("Put something in")
    assert "I like pears" in ada.presses("Show the session")
    assert f"{kind.capitalize()}" in ada.presses("What the server has").replace("FileBased", "File")


def test_four_kilobytes_in_django(lessons: Callable[..., Site], learn: Learn) -> None:
    ada = learn(lessons("django", ENGINE="sealed_cookies"), "four-kilobytes")
    ada.presses("Put in a little")
    kept = ada.cookies["sessionid"]["value"]
    effect = ada.presses("Put in too much")
    assert "TooLarge" in effect
    assert "4096" in effect
    assert ada.cookies["sessionid"]["value"] == kept
    in_a_table = learn(lessons("django"), "four-kilobytes")
    assert "TooLarge" not in in_a_table.presses("Put in too much")
