"""Numbers that the application names are added up where requests overlap, on every store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SECRET
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from shortcrust import ConfigError
from shortcrust.flask import Shortcrust
from shortcrust.starlette import SessionMiddleware
from shortcrust.stores import AsyncMemoryStore, MemoryStore
from simulated_fronts import FRONTS, FlaskSimulation, Simulation, simulation
from starlette.applications import Starlette

RULES = {"visits": "add", "cart.count": "add"}
STORES = ("memory", "sqlite", "postgres", "redis")


@pytest.fixture(params=[(front, store) for front in FRONTS for store in STORES], ids="-".join)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Simulation]:
    front, store = request.param
    with simulation(front, store, tmp_path, merge=RULES) as found:
        yield found


def added(visit: Any, difference: float) -> None:
    visit.session["visits"] += difference
    visit.session["cart"]["count"] += difference
    visit.session["price"] += difference


def overlapped(shop: Simulation) -> dict[str, Any]:
    browser = shop.browser()
    browser.visit(lambda v: v.session.update(visits=5, price=5, cart={"count": 0.5}))
    other = browser.copy()

    def slow(visit: Any) -> None:
        dict(visit.session)
        other.visit(lambda inner: added(inner, 3))
        added(visit, 1)

    browser.visit(slow)
    found: dict[str, Any] = browser.visit()
    return found


def test_both_requests_add_to_the_numbers_that_are_named(shop: Simulation) -> None:
    assert overlapped(shop) == {"visits": 9, "price": 6, "cart": {"count": 4.5}}


def test_a_save_in_the_middle_counts_once(shop: Simulation) -> None:
    browser = shop.browser()
    browser.visit(lambda v: v.session.update(visits=0))
    other = browser.copy()

    def count(visit: Any) -> None:
        visit.session["visits"] += 1

    def slow(visit: Any) -> None:
        other.visit(count)
        count(visit)
        visit.save()
        other.visit(count)
        count(visit)

    browser.visit(slow)
    assert browser.visit() == {"visits": 4}


def test_without_a_rule_the_later_number_wins(tmp_path: Path) -> None:
    with simulation("flask", "memory", tmp_path) as shop:
        assert overlapped(shop)["visits"] == 6


def test_with_flask_sessions_configuration_numbers_are_added_too(tmp_path: Path) -> None:
    class Moved(FlaskSimulation):
        """As for Flask-Session."""

        def __init__(self) -> None:
            Simulation.__init__(self)
            self.app = Flask(__name__)
            url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
            self.app.config.update(SECRET_KEY=SECRET, SQLALCHEMY_DATABASE_URI=url)
            database = SQLAlchemy(self.app)
            self.app.config.update(
                SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=database, SHORTCRUST_MERGE=RULES
            )
            Shortcrust(self.app)
            self.app.add_url_rule("/", view_func=self._view)
            self.app.wsgi_app = self._watched(self.app.wsgi_app)  # type: ignore[method-assign]

    assert overlapped(Moved()) == {"visits": 9, "price": 6, "cart": {"count": 4.5}}


WRONG = pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("visits", 'must be a dict, such as {"visits": "add"}, and is a str'),
        ({"visits": sum}, "'visits' must be a path with its rule"),
        ({"visits": "max"}, 'visits has the rule "max": write "add", the only one there is'),
        ({"cart..count": "add"}, "is no path: write the keys with a dot between them"),
        ({"": "add"}, "is no path"),
    ],
)


@WRONG
def test_flask_says_what_is_wrong_with_a_rule(rules: Any, message: str) -> None:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, SHORTCRUST_STORE=MemoryStore(), SHORTCRUST_MERGE=rules)
    with pytest.raises(ConfigError, match="SHORTCRUST_MERGE") as caught:
        Shortcrust(app)
    assert message in str(caught.value)
    assert caught.value.code == "merge"


@WRONG
def test_starlette_says_what_is_wrong_with_a_rule(rules: Any, message: str) -> None:
    with pytest.raises(ConfigError, match="merge") as caught:
        SessionMiddleware(Starlette(), SECRET, store=AsyncMemoryStore(), merge=rules)
    assert message in str(caught.value)
    assert "SHORTCRUST_" not in str(caught.value)


def test_rules_without_a_store_are_refused_since_nothing_is_merged() -> None:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, SHORTCRUST_MERGE=RULES)
    with pytest.raises(ConfigError, match="set a store, or remove merge"):
        Shortcrust(app)
