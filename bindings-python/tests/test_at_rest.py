"""Encryption at rest, through whole applications; and applications that share one store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import every_store
import pytest
from conftest import SECRET, Clock
from every_store import unique
from flask import Flask
from shortcrust import ConfigError
from shortcrust.flask import Shortcrust
from shortcrust.starlette import SessionMiddleware
from shortcrust.stores import AsyncMemoryStore, Entry, MemoryStore
from simulated_fronts import FlaskSimulation, Handler, StarletteSimulation
from starlette.applications import Starlette

VECTORS = Path(__file__).parents[2] / "tests/vectors/records/at-rest.json"

SUITE = json.loads(VECTORS.read_text())
CASES = [pytest.param(case, id=case["id"]) for case in SUITE["cases"]]


class Watched:
    """A store, and all that it is told and tells."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.seen = ""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def call(*arguments: Any) -> Any:
            answer = found(*arguments)
            self.seen += f"{arguments!r}{answer!r}"
            return answer

        return call


@pytest.fixture(
    params=[name for name, (_, kind) in every_store.SYNC.items() if kind.capabilities.index]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    with every_store.faced(request.param, tmp_path) as kept:
        yield Watched(kept)


def setter(n: int) -> Handler:
    return lambda visit: visit.session.update({f"n{n}": n})


def sealing(store: Any, **options: Any) -> FlaskSimulation:
    return FlaskSimulation(store, {"store": store, "encrypt_at_rest": True, **options})


def test_there_are_as_many_vectors_as_are_told() -> None:
    assert SUITE["count"] == len(CASES)


@pytest.mark.parametrize("case", CASES)
def test_records_are_read_and_written_as_the_vectors_say(
    case: dict[str, Any], clock: Clock
) -> None:
    clock.set_ms(case["now_ms"])
    store = MemoryStore()
    options = {name: case[name] for name in ("name", "audience", "namespace")}
    shop = sealing(store, **options)
    store.put(case["key"], Entry(case["text"]))
    found = []

    def handler(visit: Any) -> None:
        found.append(visit.reason or "ok")
        if found == ["ok"]:
            visit.session["n"] = 2

    shop.request(f"{case['name']}={case['session_id']}", handler)
    assert found == [case["expect"]]
    (row,) = store.load([case["key"]])
    assert row is not None and row.text == case.get("saved", case["text"])


def test_nothing_that_a_store_is_told_shows_the_data_or_the_user(store: Watched) -> None:
    user = unique("ada")
    shop = sealing(store)
    browser = shop.logged_in(user, secret="a marker")
    browser.visit(lambda visit: visit.session.update(more="a marker"))
    browser.visit(lambda visit: visit.regenerate())
    assert browser.visit() == {"secret": "a marker", "more": "a marker"}
    assert "v4.local." in store.seen
    for hidden in ("secret", "more", "marker", user, browser.cookie):
        assert hidden is not None and hidden not in store.seen


def test_sessions_that_are_sealed_are_listed_and_revoked(store: Watched) -> None:
    user = unique("ada")
    shop = sealing(store)
    one, two = shop.logged_in(user), shop.logged_in(user)
    one.visit(lambda visit: visit.login(user, label="Firefox"))
    listed = one.visit(lambda visit: visit.list(user))
    assert {info.label for info in listed} == {"Firefox", ""}
    (other,) = [info for info in listed if not info.is_current]
    assert one.visit(lambda visit: visit.revoke(other.handle, unique("bob"))) is False
    assert one.visit(lambda visit: visit.revoke(other.handle, user)) is True
    assert two.visit(lambda visit: visit.user()) is None
    assert one.visit(lambda visit: visit.user()) == user
    assert one.visit(lambda visit: visit.revoke_all(user)) == 1


def test_a_sealed_session_goes_on_where_the_option_is_off_and_back(store: Watched) -> None:
    plain = FlaskSimulation(store, {"store": store})
    browser = plain.browser()
    browser.visit(lambda visit: visit.session.update(n=1))
    for n, shop in enumerate((sealing(store), plain, sealing(store)), 2):
        browser.simulation = shop
        browser.visit(setter(n))
    assert browser.visit() == {"n": 1, "n2": 2, "n3": 3, "n4": 4}


def test_starlette_seals_too() -> None:
    store = AsyncMemoryStore()
    shop = StarletteSimulation()
    with shop.client:
        shop.build(store, {"store": store, "encrypt_at_rest": True})
        browser = shop.logged_in("ada", secret="a marker")
        assert browser.visit() == {"secret": "a marker"}
        (kept,) = [kept for kept in store._kept.values() if "v4.local" in kept.row.text]
        assert "marker" not in kept.row.text


def test_without_a_store_there_is_nothing_to_seal() -> None:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, SHORTCRUST_ENCRYPT_AT_REST=True)
    with pytest.raises(ConfigError, match="ENCRYPT_AT_REST is for sessions in a store: set SHORT"):
        Shortcrust(app)
    with pytest.raises(ConfigError, match="encrypt_at_rest is for sessions in a store: set store"):
        SessionMiddleware(Starlette(), SECRET, encrypt_at_rest=True)


# Names that keep applications apart


@pytest.mark.parametrize("apart", ["namespace", "audience", "name"])
def test_applications_on_one_store_see_only_their_own_sessions(store: Watched, apart: str) -> None:
    user, app = unique("ada"), unique("app")
    common = {"store": store, "namespace": app}
    one = FlaskSimulation(store, {**common, apart: f"{app}-one"})
    other = FlaskSimulation(store, {**common, apart: f"{app}-other"})
    names = [f"{app}-{which}" if apart == "name" else "session" for which in ("one", "other")]
    ids = []
    for shop in (one, other):
        answer = shop.request("", lambda visit: (visit.session.update(a=1), visit.login(user)))
        (cookie,) = answer.cookies
        ids.append(cookie.partition("=")[2].partition(";")[0])
    strange = one.request(f"{names[0]}={ids[1]}", lambda visit: dict(visit.session))
    assert (strange.value, strange.reason) == ({}, "not_found")
    own = f"{names[0]}={ids[0]}"
    assert len(one.request(own, lambda visit: visit.list(user)).value) == 1
    assert one.request(own, lambda visit: visit.revoke_all(user)).value == 1
    kept = other.request(f"{names[1]}={ids[1]}", lambda visit: dict(visit.session))
    assert kept.value == {"a": 1}
