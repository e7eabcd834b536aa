"""What a user knows a session by, where sessions are listed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from conftest import SECRET
from every_store import unique
from flask import Flask
from shortcrust import ConfigError
from shortcrust.flask import Shortcrust
from shortcrust.starlette import SessionMiddleware
from shortcrust.stores import AsyncMemoryStore, MemoryStore
from simulated_fronts import FRONTS, Simulation, simulation
from starlette.applications import Starlette

STORES = ("memory", "sqlite", "postgres", "redis")


@pytest.fixture(params=[(front, store) for front in FRONTS for store in STORES], ids="-".join)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Simulation]:
    front, store = request.param
    with simulation(front, store, tmp_path) as found:
        yield found


@pytest.fixture(params=FRONTS)
def front(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def user() -> str:
    return unique("ada")


def logged_in(shop: Simulation, user: str, **options: Any) -> Any:
    browser = shop.browser()
    browser.visit(lambda visit: (visit.session.update(n=1), visit.login(user, **options)))
    return browser


def labels(browser: Any, user: str) -> list[str]:
    found: list[str] = browser.visit(lambda visit: [info.label for info in visit.list(user)])
    return sorted(found)


def test_a_login_says_by_what_its_session_is_listed(shop: Simulation, user: str) -> None:
    browser = logged_in(shop, user, label="Firefox on Linux \u2603")
    logged_in(shop, user)
    browser.visit(lambda visit: visit.session.update(n=2))
    assert labels(browser, user) == ["", "Firefox on Linux \u2603"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a" * 201, "a" * 200), ("\u00e9" * 101, "\u00e9" * 100), ("\ud800", "?"), ("", "")],
)
def test_no_login_fails_because_of_a_label(
    front: str, given: str, kept: str, tmp_path: Path, user: str
) -> None:
    with simulation(front, "memory", tmp_path) as shop:
        assert labels(logged_in(shop, user, label=given), user) == [kept]


def test_a_new_id_keeps_the_label(front: str, tmp_path: Path, user: str) -> None:
    with simulation(front, "memory", tmp_path) as shop:
        browser = logged_in(shop, user, label="Firefox")
        browser.visit(lambda visit: visit.regenerate())
        browser.visit(lambda visit: visit.revoke_all(user, except_current=True))
        assert labels(browser, user) == ["Firefox"]


def query_of(request: Any) -> str:
    """Of Flask's request or Starlette's."""
    path = request.path if isinstance(request, flask.Request) else request.url.path
    return f"at {path}"


def test_a_configured_label_is_for_users_who_log_in_without_one(
    front: str, tmp_path: Path, user: str
) -> None:
    with simulation(front, "memory", tmp_path, label=query_of) as shop:
        browser = logged_in(shop, user)
        logged_in(shop, user, label="mine")
        assert labels(browser, user) == ["at /", "mine"]


def test_a_configured_label_is_for_logins_by_another_library_too(
    front: str, tmp_path: Path, user: str
) -> None:
    with simulation(front, "memory", tmp_path, label=query_of, user_key="_user_id") as shop:
        browser = shop.browser()
        browser.visit(lambda visit: visit.session.update(_user_id=user))
        assert labels(browser, user) == ["at /"]


def test_a_session_that_was_only_read_asks_for_no_label(
    front: str, tmp_path: Path, user: str
) -> None:
    asked: list[str] = []

    def label(request: Any) -> None:
        asked.append(query_of(request))

    with simulation(front, "memory", tmp_path, label=label) as shop:
        browser = logged_in(shop, user)
        browser.visit()
        assert asked == ["at /"]
        assert labels(browser, user) == [""]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("store", "Firefox", "must be a callable of the request, and is a str"),
        ("revocations", query_of, "is for sessions in a store, .*, or remove it"),
    ],
)
def test_a_label_that_can_not_be_is_an_error_that_says_why(
    key: str, value: Any, message: str
) -> None:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, SHORTCRUST_LABEL=value)
    app.config[f"SHORTCRUST_{key.upper()}"] = MemoryStore()
    with pytest.raises(ConfigError, match=f"SHORTCRUST_LABEL .*{message}"):
        Shortcrust(app)
    options: Any = {key: AsyncMemoryStore(), "label": value}
    with pytest.raises(ConfigError, match=f"label .*{message}"):
        SessionMiddleware(Starlette(), SECRET, **options)


def test_a_session_in_its_cookie_has_no_label(front: str, tmp_path: Path) -> None:
    with simulation(front, "memory", tmp_path, mode=None) as shop:
        browser = logged_in(shop, "ada", label="Firefox")
        assert browser.visit(lambda visit: visit.user()) == "ada"
        assert len(browser.cookie) == len(logged_in(shop, "ada").cookie)
