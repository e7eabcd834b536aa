"""Sessions in cookies that can be revoked: a store remembers which are over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Clock
from every_store import unique
from shortcrust import ConfigError, Unsupported
from shortcrust.stores import MemoryStore
from simulated_fronts import FRONTS, FlaskSimulation, Simulation, simulation

STORES = ("memory", "sqlite", "postgres", "redis")


@pytest.fixture(params=[(front, store) for front in FRONTS for store in STORES], ids="-".join)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Simulation]:
    front, store = request.param
    with simulation(front, store, tmp_path, "revocations") as found:
        yield found


@pytest.fixture(params=FRONTS)
def quick(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with simulation(request.param, "memory", tmp_path, "revocations") as found:
        yield found


@pytest.fixture
def user() -> str:
    return unique("ada")


def why(visit: Any) -> Any:
    return visit.reason


def test_a_session_is_in_its_cookie_and_nothing_is_in_the_store(quick: Any) -> None:
    browser = quick.logged_in("ada", cart=["tea"])
    assert browser.cookie.startswith("v4.local.")
    assert browser.visit() == {"cart": ["tea"]}
    assert browser.visit(lambda visit: visit.user()) == "ada"
    assert quick.store._kept == {}


def test_one_request_asks_once(quick: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = quick.logged_in("ada", cart=["tea"])
    asked: list[list[str]] = []
    load = quick.store.load

    def counted(keys: list[str]) -> Any:
        asked.append(keys)
        return load(keys)

    monkeypatch.setattr(quick.store, "load", counted)
    browser.visit(lambda visit: visit.session.update(a=1))
    assert [len(keys) for keys in asked] == [3]


def test_a_cookie_from_before_the_logout_is_revoked(shop: Simulation, user: str) -> None:
    browser = shop.logged_in(user)
    stolen = browser.copy()
    browser.visit(lambda visit: visit.logout())
    assert browser.cookie is None
    assert stolen.visit(lambda visit: (dict(visit.session), visit.reason)) == ({}, "revoked")


def test_a_cookie_from_before_the_session_was_emptied_is_revoked(shop: Simulation) -> None:
    browser = shop.logged_in("ada")
    stolen = browser.copy()
    browser.visit(lambda visit: visit.session.clear())
    assert stolen.visit(why) == "revoked"


def test_a_logout_that_comes_before_a_save_is_remembered(shop: Simulation) -> None:
    browser = shop.logged_in("ada")
    stolen = browser.copy()
    assert browser.visit(lambda visit: (visit.logout(), visit.save(), stolen.visit(why)))[-1] == (
        "revoked"
    )


def test_all_sessions_of_a_user_can_be_revoked(shop: Simulation, user: str) -> None:
    lost, asking, bob = shop.logged_in(user), shop.logged_in(user), shop.logged_in(f"{user}2")
    assert asking.visit(lambda visit: visit.revoke_all(user)) is None
    assert asking.cookie is None
    assert lost.visit(why) == "revoked"
    assert bob.visit(why) is None


def test_all_sessions_but_this_can_be_revoked(shop: Simulation, user: str) -> None:
    lost, asking = shop.logged_in(user), shop.logged_in(user, a=1)
    asking.visit(lambda visit: visit.revoke_all(user, except_current=True))
    assert lost.visit(why) == "revoked"
    assert asking.visit() == {"a": 1}


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("how", ["login", "regenerate"])
def test_a_session_with_a_new_id_outlives_the_revocation_of_the_others(
    shop: Simulation, user: str, how: str, is_before: bool
) -> None:
    lost, asking = shop.logged_in(user), shop.logged_in(user, a=1)
    before = asking.copy()

    def change_password(visit: Any) -> None:
        if not is_before:
            visit.revoke_all(user, except_current=True)
        _ = visit.login(user) if how == "login" else visit.regenerate()
        if is_before:
            visit.revoke_all(user, except_current=True)

    asking.visit(change_password)
    assert (lost.visit(why), before.visit(why)) == ("revoked", "revoked")
    assert asking.visit(lambda visit: (dict(visit.session), visit.user())) == ({"a": 1}, user)


def test_a_later_revocation_by_another_request_is_not_undone(quick: Any, clock: Clock) -> None:
    asking, other = quick.logged_in("ada"), quick.logged_in("ada")

    def change_password(visit: Any) -> None:
        visit.revoke_all("ada", except_current=True)
        clock.advance(seconds=2)
        other.visit(lambda inner: (inner.session.update(a=1), inner.login("ada")))
        other.visit(lambda inner: inner.revoke_all("ada", except_current=True))
        clock.advance(seconds=2)
        visit.regenerate()

    asking.visit(change_password)
    assert (asking.visit(why), other.visit(why)) == ("revoked", None)


def test_a_session_that_another_began_later_is_not_revoked(quick: Any, clock: Clock) -> None:
    lost = quick.logged_in("ada")
    quick.browser().visit(lambda visit: visit.revoke_all("ada"))
    clock.advance(seconds=1)
    later = quick.logged_in("ada")
    assert (lost.visit(why), later.visit(why)) == ("revoked", None)


def test_a_request_in_flight_does_not_bring_a_revoked_session_back(
    shop: Simulation, user: str
) -> None:
    browser, asking = shop.logged_in(user), shop.logged_in(user)

    def slow(visit: Any) -> None:
        visit.session["a"] = 1
        asking.visit(lambda inner: inner.revoke_all(user, except_current=True))

    browser.visit(slow)
    assert browser.visit(why) == "revoked"


def test_what_is_in_cookies_is_not_listed(quick: Any) -> None:
    for call in (lambda visit: visit.list("ada"), lambda visit: visit.revoke("A" * 43)):
        with pytest.raises(Unsupported, match="in a store, and they are in cookies"):
            quick.logged_in("ada").visit(call)


def test_the_user_is_found_where_the_application_keeps_it(tmp_path: Path) -> None:
    for front in FRONTS:
        with simulation(front, "memory", tmp_path, "revocations", user_key="auth.id") as shop:
            lost, bob = shop.browser(), shop.browser()
            lost.visit(lambda visit: visit.session.update(a=1))
            lost.visit(lambda visit: visit.session.update(auth={"id": 7}))
            bob.visit(lambda visit: visit.session.update(auth={"id": 8}))
            assert lost.visit(lambda visit: (visit.user(), dict(visit.session))) == (
                "7",
                {"a": 1, "auth": {"id": 7}},
            )
            assert lost.answer(lambda visit: dict(visit.session)).cookies == []
            stolen = lost.copy()
            lost.visit(lambda visit: (visit.session.pop("auth"), visit.session.update(b=1)))
            assert lost.visit(lambda visit: (visit.user(), dict(visit.session))) == (None, {"b": 1})
            assert stolen.visit(why) == "revoked"
            lost.visit(lambda visit: visit.session.update(auth={"id": "7"}))
            bob.visit(lambda visit: visit.revoke_all(7))
            assert (lost.visit(why), bob.visit(why)) == ("revoked", None)


@pytest.mark.parametrize(
    "options",
    [{"format": "flask", "absolute": None}, {"absolute": None}],
    ids=["format", "absolute"],
)
def test_it_takes_sealed_cookies_with_an_absolute_end(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="absolute expiry"):
        FlaskSimulation(MemoryStore(), {"revocations": MemoryStore(), **options})


def test_it_is_not_for_sessions_in_a_store() -> None:
    with pytest.raises(ConfigError, match="SHORTCRUST_REVOCATIONS is for sessions in cookies"):
        FlaskSimulation(MemoryStore(), {"revocations": MemoryStore(), "store": MemoryStore()})


def test_a_store_in_memory_forgets_no_revocation_for_want_of_room() -> None:
    store = MemoryStore(max_records=2)
    shop = FlaskSimulation(store, {"revocations": store})
    browsers = [shop.logged_in("ada", a=1) for _ in range(4)]
    copies = [browser.copy() for browser in browsers]
    for browser in browsers:
        browser.visit(lambda visit: visit.logout())
    assert [copy.visit(why) for copy in copies] == ["revoked"] * 4
