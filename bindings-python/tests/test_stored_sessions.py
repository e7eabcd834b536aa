"""Sessions in a store, in Flask and in Starlette, on every store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Clock
from every_store import unique
from shortcrust import Conflict
from shortcrust.stores import Row
from simulated_fronts import FRONTS, Browser, Simulation, StarletteSimulation, simulation

STORES = ("memory", "sqlite", "postgres", "redis")


@pytest.fixture(params=[(front, store) for front in FRONTS for store in STORES], ids="-".join)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Simulation]:
    front, store = request.param
    with simulation(front, store, tmp_path) as found:
        yield found


@pytest.fixture(params=FRONTS)
def quick(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """In memory, where the store makes no difference."""
    with simulation(request.param, "memory", tmp_path) as found:
        yield found


@pytest.fixture
def user() -> str:
    return unique("ada")


def setter(**values: Any) -> Callable[[Any], None]:
    return lambda visit: visit.session.update(values)


def started(shop: Simulation, **values: Any) -> Browser:
    browser = shop.browser()
    browser.visit(setter(**values))
    return browser


def nothing(visit: Any) -> None:
    pass


# What a session is


def test_a_session_comes_back(shop: Simulation) -> None:
    browser = shop.browser()
    (cookie,) = browser.answer(setter(cart=["tea"], pair=(1, 2))).cookies
    assert re.match(r"session=[\w-]{43}; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax$", cookie)
    assert browser.visit() == {"cart": ["tea"], "pair": (1, 2)}
    assert browser.visit(lambda visit: visit.reason) is None


def test_a_nested_change_is_saved(shop: Simulation) -> None:
    browser = started(shop, cart=[])
    browser.visit(lambda visit: visit.session["cart"].append("tea"))
    assert browser.visit() == {"cart": ["tea"]}


def test_the_id_signed_as_express_does_is_a_choice(tmp_path: Path) -> None:
    for front in FRONTS:
        with simulation(front, "memory", tmp_path, format="express") as shop:
            browser = started(shop, a=1)
            assert browser.cookie is not None
            assert browser.cookie.startswith("s%3A")
            assert browser.visit() == {"a": 1}


def test_the_store_does_not_see_the_id(quick: Any) -> None:
    browser = started(quick, a=1)
    (key,) = quick.store._kept
    assert (len(key), key == browser.cookie) == (43, False)


def test_an_id_that_the_store_does_not_know_is_not_adopted(shop: Simulation) -> None:
    browser = shop.browser()
    browser.cookie = "A" * 43
    assert browser.visit(lambda visit: visit.reason) == "not_found"
    browser.visit(setter(a=1))
    assert browser.cookie != "A" * 43
    assert browser.visit() == {"a": 1}


def test_a_session_ends_by_idle_and_by_absolute_expiry(
    quick: Any, tmp_path: Path, clock: Clock
) -> None:
    browser = started(quick, a=1)
    clock.advance(days=14, minutes=1)
    assert browser.visit(lambda visit: visit.reason) == "expired"
    browser = started(quick, a=1)
    for _ in range(9):
        clock.advance(days=10)
        assert browser.visit() == {"a": 1}
    clock.advance(days=1)
    assert browser.visit(lambda visit: visit.reason) == "expired"


def test_a_session_in_its_cookie_moves_into_the_store(tmp_path: Path) -> None:
    for front in FRONTS:
        with simulation(front, "memory", tmp_path, "revocations") as before:
            browser = before.logged_in("ada", cart=["tea"])
        readers = [{"format": "sealed", "until": "never"}]
        with simulation(front, "memory", tmp_path, readers=readers) as after:
            moving = Browser(after)
            moving.cookie = browser.cookie
            assert moving.visit() == {"cart": ["tea"]}
            assert moving.cookie != browser.cookie
            assert moving.visit() == {"cart": ["tea"]}
            assert [info.is_current for info in moving.visit(lambda v: v.list("ada"))] == [True]


# What is written


class Writes:
    """Counts what a store is asked to write."""

    def __init__(self, shop: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        for name in ("create", "put", "save", "delete", "revoke", "sweep", "load"):
            monkeypatch.setattr(shop.store, name, self._counted(name, getattr(shop.store, name)))

    def _counted(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls.append(name)
            return method(*arguments)

        return call


def test_a_request_that_only_read_writes_nothing_and_sets_no_cookie(
    shop: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = started(shop, cart=["tea"])
    writes = Writes(shop, monkeypatch)
    assert browser.answer(lambda visit: dict(visit.session)).cookies == []
    assert writes.calls == ["load"]


def test_a_request_without_a_cookie_asks_for_nothing(
    shop: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = Writes(shop, monkeypatch)
    assert shop.browser().answer(lambda visit: dict(visit.session)).cookies == []
    assert writes.calls == []


def test_a_session_is_prolonged_when_a_quarter_of_its_idle_time_is_over(
    quick: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = started(quick, a=1)
    writes = Writes(quick, monkeypatch)
    clock.advance(days=3)
    assert browser.answer(nothing).cookies == []
    clock.advance(days=1)
    (cookie,) = browser.answer(nothing).cookies
    assert "Max-Age=1209600" in cookie
    assert writes.calls == ["load", "load", "save"]
    clock.advance(days=13)
    assert browser.visit() == {"a": 1}


def test_an_emptied_session_takes_its_record_and_its_cookie_along(shop: Simulation) -> None:
    browser = started(shop, a=1)
    old = browser.copy()
    (cookie,) = browser.answer(lambda visit: visit.session.clear()).cookies
    assert cookie.startswith("session=; ")
    assert browser.cookie is None
    assert old.visit(lambda visit: visit.reason) == "ended"


def test_an_empty_session_makes_no_record(quick: Any) -> None:
    assert quick.browser().answer(lambda visit: visit.session.update({})).cookies == []
    assert quick.store._kept == {}


# Requests that overlap


def test_two_overlapping_requests_that_write_are_joined(shop: Simulation) -> None:
    browser = started(shop, cart={"tea": 1, "milk": 1}, old=1)
    other = browser.copy()

    def slow(visit: Any) -> None:
        cart = visit.session["cart"]

        def quick(inner: Any) -> None:
            inner.session["cart"]["bread"] = 1
            inner.session["theirs"] = 1
            del inner.session["old"]

        other.visit(quick)
        cart["tea"] = 2
        visit.session["mine"] = 1

    assert browser.answer(slow).reason is None
    assert browser.visit() == {
        "cart": {"tea": 2, "milk": 1, "bread": 1},
        "mine": 1,
        "theirs": 1,
    }


def test_a_request_that_only_read_erases_no_write(shop: Simulation) -> None:
    browser = started(shop, a=1)
    other = browser.copy()
    browser.visit(lambda visit: (dict(visit.session), other.visit(setter(b=2))))
    assert browser.visit() == {"a": 1, "b": 2}


def test_a_write_in_the_middle_is_seen_by_others_and_not_undone(shop: Simulation) -> None:
    browser = started(shop, a=1)
    other = browser.copy()

    def slow(visit: Any) -> Any:
        visit.session["mine"] = 1
        visit.save()
        seen = other.visit()
        other.visit(setter(theirs=2))
        visit.session["mine"] = 3
        return seen

    assert browser.visit(slow) == {"a": 1, "mine": 1}
    assert browser.visit() == {"a": 1, "mine": 3, "theirs": 2}


def test_a_new_session_that_is_saved_in_the_middle_gets_its_cookie(shop: Simulation) -> None:
    browser = shop.browser()
    assert len(browser.answer(lambda v: (v.session.update(a=1), v.save())).cookies) == 1
    assert browser.visit() == {"a": 1}


def test_a_session_that_is_emptied_and_saved_in_the_middle_loses_its_cookie(
    shop: Simulation,
) -> None:
    browser = started(shop, a=1)
    assert len(browser.answer(lambda v: (v.session.clear(), v.save())).cookies) == 1
    assert browser.cookie is None


def test_a_write_over_a_session_that_another_request_ended_is_dropped(shop: Simulation) -> None:
    browser = started(shop, a=1)
    other = browser.copy()

    def slow(visit: Any) -> None:
        other.visit(lambda inner: inner.logout())
        visit.session["b"] = 2

    answer = browser.answer(slow)
    assert (answer.reason, answer.cookies) == ("ended", [])
    assert browser.visit() == {}


def test_nothing_is_merged_over_a_change_of_user(shop: Simulation) -> None:
    browser = started(shop, _user_id="1")
    other = browser.copy()

    def slow(visit: Any) -> None:
        other.visit(setter(_user_id="2"))
        visit.session["sudo"] = True

    answer = browser.answer(slow)
    assert (answer.reason, answer.cookies) == ("ended", [])
    assert other.visit() == {"_user_id": "2"}


def test_after_sixteen_tries_it_is_a_conflict(quick: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = started(quick, a=1)
    pauses: list[float] = []
    saves: list[int] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def pause_async(seconds: float) -> None:
        pauses.append(seconds)

    def beaten(key: str, version: int, entry: Any) -> Row:
        saves.append(version)
        return Row(version + 1, entry.text)

    async def beaten_async(key: str, version: int, entry: Any) -> Row:
        return beaten(key, version, entry)

    in_loop = isinstance(quick, StarletteSimulation)
    monkeypatch.setattr(quick.store, "save", beaten_async if in_loop else beaten)
    monkeypatch.setattr(quick.driver, "sleep", pause_async if in_loop else pause)
    with pytest.raises(Conflict, match="16 times"):
        browser.visit(setter(b=2))
    assert len(saves) == 16
    assert len(pauses) == 14  # The first waits in its queue alone.
    assert len(set(pauses)) > 10
    assert 0 < sum(pauses) <= 2
    monkeypatch.undo()
    assert browser.visit() == {"a": 1}


# Login and logout


def test_a_login_cycles_the_id_and_keeps_the_data(shop: Simulation, user: str) -> None:
    browser = started(shop, cart=["tea"])
    before = browser.copy()
    browser.visit(lambda visit: visit.login(user))
    assert browser.cookie != before.cookie
    assert browser.visit() == {"cart": ["tea"]}
    assert before.visit(lambda visit: (dict(visit.session), visit.reason)) == ({}, "ended")
    assert len(browser.visit(lambda visit: visit.list(user))) == 1


def test_the_old_id_of_a_login_sets_no_cookie_and_writes_nothing(shop: Simulation) -> None:
    browser = started(shop, cart=["tea"])
    late = browser.copy()
    browser.visit(lambda visit: visit.login("ada"))
    assert late.answer(setter(a=1)).cookies == []
    assert late.visit() == {}


def test_a_login_with_an_id_that_has_just_ended_is_a_login(shop: Simulation, user: str) -> None:
    browser = started(shop, cart=["tea"])
    old = browser.copy()
    browser.visit(lambda visit: visit.logout())
    old.visit(lambda visit: (visit.session.update(b=2), visit.login(user)))
    assert old.visit() == {"b": 2}
    assert len(old.visit(lambda visit: visit.list(user))) == 1


def test_a_logout_ends_the_session_for_every_copy_of_its_cookie(
    shop: Simulation, user: str
) -> None:
    browser = shop.logged_in(user, cart=["tea"])
    stolen = browser.copy()
    (cookie,) = browser.answer(lambda visit: visit.logout()).cookies
    assert cookie.startswith("session=; ")
    assert stolen.visit(lambda visit: (dict(visit.session), visit.reason)) == ({}, "ended")
    assert browser.visit(lambda visit: visit.list(user)) == []


def test_no_request_in_flight_undoes_a_logout(shop: Simulation, user: str) -> None:
    browser = shop.logged_in(user)
    other = browser.copy()

    def slow(visit: Any) -> None:
        visit.session["a"] = 1
        other.visit(lambda inner: inner.logout())

    answer = browser.answer(slow)
    assert (answer.reason, answer.cookies) == ("ended", [])
    assert browser.visit(lambda visit: visit.list(user)) == []


def test_what_follows_a_logout_is_a_session_of_nobodys(shop: Simulation, user: str) -> None:
    browser = shop.logged_in(user, cart=["tea"])
    before = browser.copy()
    browser.visit(lambda visit: (visit.logout(), visit.session.update(flash="bye")))
    assert browser.visit() == {"flash": "bye"}
    assert browser.cookie != before.cookie
    assert browser.visit(lambda visit: visit.list(user)) == []


def test_a_tombstone_is_gone_after_a_minute(quick: Any, clock: Clock) -> None:
    browser = started(quick, a=1)
    old = browser.copy()
    browser.visit(lambda visit: visit.logout())
    clock.advance(seconds=59)
    assert old.visit(lambda visit: visit.reason) == "ended"
    clock.advance(seconds=2)
    assert old.visit(lambda visit: visit.reason) == "not_found"


def test_more_rights_mean_a_new_id_for_the_same_session(shop: Simulation, user: str) -> None:
    browser = shop.logged_in(user, a=1)
    before = browser.copy()
    browser.visit(lambda visit: visit.regenerate())
    assert browser.visit() == {"a": 1}
    assert before.visit() == {}
    assert len(browser.visit(lambda visit: visit.list(user))) == 1


def test_the_user_is_found_where_the_application_keeps_it(tmp_path: Path) -> None:
    for front in FRONTS:
        with simulation(front, "memory", tmp_path, user_key="_user_id") as shop:
            browser = started(shop, _user_id="ada")
            assert len(browser.visit(lambda visit: visit.list("ada"))) == 1
            browser.visit(lambda visit: visit.session.pop("_user_id") and setter(a=1)(visit))
            assert browser.visit(lambda visit: visit.list("ada")) == []


# Lists and revocations


def test_the_sessions_of_a_user_are_listed_the_last_used_first(quick: Any, clock: Clock) -> None:
    began = clock.seconds
    first = quick.logged_in("ada")
    clock.advance(hours=1)
    second = quick.logged_in("ada")
    quick.logged_in("bob")
    clock.advance(hours=1)
    first.visit(setter(a=1))
    one, two = second.visit(lambda visit: visit.list("ada"))
    assert [info.is_current for info in (one, two)] == [False, True]
    assert one.created.timestamp() == pytest.approx(began, abs=0.001)
    assert one.renewed - one.created == timedelta(hours=2)
    assert two.renewed == two.created == one.created + timedelta(hours=1)
    assert one.handle != two.handle
    assert first.cookie not in (one.handle, two.handle)


def test_one_session_can_be_revoked(shop: Simulation, user: str) -> None:
    lost, asking = shop.logged_in(user), shop.logged_in(user)

    def revoke(visit: Any) -> None:
        for info in visit.list(user):
            if not info.is_current:
                visit.revoke(info.handle)

    asking.visit(revoke)
    assert lost.visit(lambda visit: visit.reason) == "ended"
    assert asking.visit(lambda visit: visit.reason) is None


def test_the_current_session_can_be_revoked(shop: Simulation, user: str) -> None:
    browser = shop.logged_in(user, a=1)
    stolen = browser.copy()
    (cookie,) = browser.answer(lambda visit: visit.revoke(visit.list(user)[0].handle)).cookies
    assert cookie.startswith("session=; ")
    assert stolen.visit() == {}


@pytest.mark.parametrize("handle", ["", "A" * 43, "user:ada", "*", "é" * 43])
def test_a_handle_of_no_session_ends_nothing(quick: Any, handle: str) -> None:
    browser = quick.logged_in("ada", a=1)
    browser.visit(lambda visit: visit.revoke(handle))
    assert browser.visit() == {"a": 1}


@pytest.mark.parametrize("nobody", [None, "", True, b"ada"])
def test_nobody_can_not_log_in(quick: Any, nobody: Any) -> None:
    for call in ("login", "list", "revoke_all"):
        with pytest.raises(TypeError, match="a user must be"):
            quick.browser().visit(lambda visit, name=call: getattr(visit, name)(nobody))


def test_all_sessions_of_a_user_can_be_revoked(shop: Simulation, user: str) -> None:
    lost = [shop.logged_in(user) for _ in range(3)]
    asking, bob = shop.logged_in(user), shop.logged_in(f"{user}2")
    assert asking.visit(lambda visit: visit.revoke_all(user)) == 4
    assert asking.cookie is None
    assert [browser.visit(lambda v: v.reason) for browser in lost] == ["not_found"] * 3
    assert bob.visit(lambda visit: visit.reason) is None


def test_all_sessions_but_this_can_be_revoked(shop: Simulation, user: str) -> None:
    lost, asking = shop.logged_in(user), shop.logged_in(user, a=1)
    assert asking.visit(lambda visit: visit.revoke_all(user, except_current=True)) == 1
    assert lost.visit(lambda visit: visit.reason) == "not_found"
    assert asking.visit() == {"a": 1}


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("how", ["login", "regenerate"])
def test_a_session_with_a_new_id_outlives_the_revocation_of_the_others(
    shop: Simulation, user: str, how: str, is_before: bool
) -> None:
    lost, asking = shop.logged_in(user), shop.logged_in(user, a=1)

    def change_password(visit: Any) -> None:
        if not is_before:
            visit.revoke_all(user, except_current=True)
        _ = visit.login(user) if how == "login" else visit.regenerate()
        if is_before:
            visit.revoke_all(user, except_current=True)

    asking.visit(change_password)
    assert lost.visit(lambda visit: visit.reason) == "not_found"
    assert asking.visit() == {"a": 1}
    assert len(asking.visit(lambda visit: visit.list(user))) == 1


def test_a_login_after_all_were_revoked_is_a_login(shop: Simulation, user: str) -> None:
    browser = shop.logged_in(user, a=1)
    browser.visit(lambda visit: (visit.revoke_all(user), visit.login(user)))
    assert len(browser.visit(lambda visit: visit.list(user))) == 1


def test_a_request_in_flight_does_not_bring_a_revoked_session_back(
    shop: Simulation, user: str
) -> None:
    browser, asking = shop.logged_in(user), shop.logged_in(user)

    def slow(visit: Any) -> None:
        visit.session["a"] = 1
        asking.visit(lambda inner: inner.revoke_all(user, except_current=True))

    assert browser.answer(slow).reason == "ended"
    assert len(asking.visit(lambda visit: visit.list(user))) == 1


# Clean-up


def test_of_many_new_sessions_some_sweep_and_a_sweep_that_fails_is_nobodys_matter(
    quick: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeps: list[tuple[int, ...]] = []

    def sweep(*arguments: int) -> int:
        sweeps.append(arguments)
        raise OSError

    monkeypatch.setattr(quick.store, "sweep", sweep)
    # One of 64 sweeps, as its random key decides: so many that chance fails no run.
    begun = 0
    while len(sweeps) < 4 and begun < 2_000:
        started(quick, a=1)
        begun += 1
    assert {limit for _, limit in sweeps} == {1_000}
    assert begun > len(sweeps)


def test_who_was_not_first_looks_again_after_its_pause(
    quick: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = started(quick, a=1)
    others = iter(range(3))
    real = quick.store.save
    in_loop = isinstance(quick, StarletteSimulation)

    def overtake() -> None:
        """Another process is first, and again during the pause."""
        for key, kept in list(quick.store._kept.items()):
            version, text = kept.row
            text = text.replace('"a":1', f'"a":1,"other{next(others)}":1')
            quick.store._kept[key] = kept._replace(row=Row(version + 1, text))

    def pause(seconds: float) -> None:
        overtake()

    async def pause_async(seconds: float) -> None:
        overtake()

    saves: list[object] = []

    def save(*arguments: Any) -> Any:
        if len(saves) < 2:
            overtake()
        saves.append(real(*arguments))
        return saves[-1]

    async def save_async(*arguments: Any) -> Any:
        if len(saves) < 2:
            overtake()
        saves.append(await real(*arguments))
        return saves[-1]

    monkeypatch.setattr(quick.store, "save", save_async if in_loop else save)
    monkeypatch.setattr(quick.driver, "sleep", pause_async if in_loop else pause)
    browser.visit(setter(b=2))
    assert (len(saves), saves[-1]) == (3, "done")
    assert browser.visit() == {"a": 1, "b": 2, "other0": 1, "other1": 1, "other2": 1}
