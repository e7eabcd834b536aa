"""The engine ``cache`` on each kind of Django's caches, with the real servers."""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib
import pickle
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.cache import SessionStore as Stock
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection, transaction
from django.http import HttpRequest
from django_site import ASYNC, OURS, STOCK, Browser, site
from servers import Memcached, Redis, shared_url
from shortcrust.django import _swaps
from shortcrust.django._swaps import Found, mutex
from shortcrust.django._values import merged
from shortcrust.django.cache import SessionStore

BACKENDS = "django.core.cache.backends."
CACHES: dict[str, dict[str, Any]] = {
    "local": {"BACKEND": BACKENDS + "locmem.LocMemCache", "LOCATION": "sessions"},
    "database": {"BACKEND": BACKENDS + "db.DatabaseCache", "LOCATION": "cache_of_sessions"},
    "file": {"BACKEND": BACKENDS + "filebased.FileBasedCache"},
    "redis": {"BACKEND": BACKENDS + "redis.RedisCache"},
    "django-redis": {"BACKEND": "django_redis.cache.RedisCache"},
    "django-redis, compressed JSON": {
        "BACKEND": "django_redis.cache.RedisCache",
        "OPTIONS": {
            "COMPRESSOR": "django_redis.compressors.zlib.ZlibCompressor",
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
        },
    },
    "django-redis, herd": {
        "BACKEND": "django_redis.cache.RedisCache",
        "OPTIONS": {"CLIENT_CLASS": "django_redis.client.HerdClient"},
    },
    "pymemcache": {"BACKEND": BACKENDS + "memcached.PyMemcacheCache"},
}
KINDS = {
    "local": "LocalSwap",
    "database": "DatabaseSwap",
    "file": "MutexSwap",
    "redis": "RedisSwap",
    "django-redis": "RedisSwap",
    "django-redis, compressed JSON": "RedisSwap",
    "django-redis, herd": "MutexSwap",
    "pymemcache": "PyMemcacheSwap",
}


def configured(name: str, folder: Path) -> dict[str, Any]:
    config = {"KEY_PREFIX": str(folder), "LOCATION": str(folder), **CACHES[name]}
    if "redis" in name:
        config["LOCATION"] = shared_url(Redis)
    elif "memc" in name:
        config["LOCATION"] = shared_url(Memcached).removeprefix("memcached://")
    return {"default": config}


@pytest.fixture(params=CACHES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def browser(kind: str, tmp_path: Path) -> Iterator[Browser]:
    with site(OURS + "cache", CACHES=configured(kind, tmp_path)) as browser:
        if kind == "database":
            call_command("createcachetable")
        try:
            yield browser
        finally:
            caches["default"].close()


def made(**data: Any) -> str:
    store = SessionStore()
    store.update(data)
    store.save()
    return str(store.session_key)


def loaded(key: str) -> Any:
    store = SessionStore(key)
    store.items()
    return store


def stock(key: str) -> dict[str, Any]:
    """What Django's own engine reads."""
    return dict(Stock(key).items())


def test_each_cache_has_its_own_means(kind: str, browser: Browser) -> None:
    assert type(_swaps.swap_of(caches["default"])).__name__ == KINDS[kind]


def test_changes_of_different_keys_are_joined(browser: Browser) -> None:
    key = made(cart={"tea": 1})
    one, other = loaded(key), loaded(key)
    one["a"] = 1
    other["cart"]["cake"] = 2
    one.save()
    other.save()
    assert stock(key) == {"a": 1, "cart": {"tea": 1, "cake": 2}}
    assert (one.conflicts, other.conflicts) == (0, 1)


def test_a_second_save_keeps_what_the_first_was_joined_with(browser: Browser) -> None:
    key = made(n=0)
    one, other = loaded(key), loaded(key)
    one["theirs"] = 1
    one.save()
    for n in (1, 2):
        other["mine"] = n
        other.save()
    del other["n"]
    other.save()
    assert stock(key) == {"theirs": 1, "mine": 2}


def test_sessions_go_to_django_and_back(browser: Browser) -> None:
    store = Stock()
    store["n"] = 1
    store.save()
    mine = loaded(store.session_key or "")
    mine["n"] += 1
    mine.save()
    back = Stock(store.session_key)
    back["n"] += 1
    back.save()
    assert loaded(store.session_key or "")["n"] == 3


def test_a_session_that_is_gone_is_not_made_again(browser: Browser) -> None:
    key = made(n=0)
    store = loaded(key)
    SessionStore(key).flush()
    store["n"] = 1
    with pytest.raises(UpdateError):
        store.save()
    assert stock(key) == {}
    assert store.reason == "ended"


def test_a_session_that_goes_while_it_is_joined_is_not_made_again(browser: Browser) -> None:
    key = made(n=0)
    one, other = loaded(key), loaded(key)
    one["a"] = 1
    one.save()
    one.flush()
    other["b"] = 1
    with pytest.raises(UpdateError):
        other.save()
    assert stock(key) == {}


def test_nothing_is_joined_over_a_change_of_user(browser: Browser) -> None:
    key = made(_auth_user_id="1")
    elevated, switched = loaded(key), loaded(key)
    switched["_auth_user_id"] = "2"
    switched.save()
    elevated["sudo"] = True
    elevated.save()
    assert stock(key) == {"_auth_user_id": "2"}
    assert elevated.reason == "identity"


def test_a_new_key_carries_what_another_request_wrote(browser: Browser) -> None:
    key = made(n=0)
    one, other = loaded(key), loaded(key)
    other["theirs"] = 1
    other.save()
    one["mine"] = 1
    one.cycle_key()
    one.save()
    assert stock(one.session_key) == {"n": 0, "mine": 1, "theirs": 1}
    assert stock(key) == {}


def test_a_login_whose_session_has_ended_begins_with_nothing_of_it(browser: Browser) -> None:
    key = made(cart=[1])
    store = loaded(key)
    SessionStore(key).delete()
    store["chosen"] = "here"
    store.cycle_key()
    store["_auth_user_id"] = "1"
    store.save()
    assert stock(store.session_key) == {"chosen": "here", "_auth_user_id": "1"}


def test_a_new_key_for_a_user_whose_session_has_ended_is_refused(browser: Browser) -> None:
    browser.run(lambda request: request.session.update({"_auth_user_id": "1"}))

    def overtaken(request: HttpRequest) -> None:
        request.session.items()
        SessionStore(request.session.session_key).flush()
        request.session.cycle_key()

    assert browser.run(overtaken).status == 400
    assert browser.run(lambda request: dict(request.session.items())).text == "{}"


def test_an_expiry_of_the_other_request_holds(browser: Browser) -> None:
    key = made(n=0)
    one, other = loaded(key), loaded(key)
    one.set_expiry(0)
    one.save()
    other["n"] = 1
    other.save()
    assert stock(key) == {"n": 1, "_session_expiry": 0}


def test_a_session_that_is_over_when_it_is_saved_goes(browser: Browser) -> None:
    key = made(n=0)
    store = loaded(key)
    store.set_expiry(-1)
    store.save()
    assert stock(key) == {}


@ASYNC
def test_the_async_methods_join_too(browser: Browser) -> None:
    key = made(n=0)

    async def overlap() -> str:
        one, other = SessionStore(key), SessionStore(key)
        await one.aset("a", 1)
        await other.aset("b", 2)
        await one.asave()
        await other.asave()
        await other.acycle_key()
        await other.asave()
        return str(other.session_key)

    if connection.vendor == "sqlite":
        connection.close()
    assert stock(asyncio.run(overlap())) == {"n": 0, "a": 1, "b": 2}


# SQLite and files are slow, and the load test has a database.
@pytest.mark.parametrize("kind", sorted(CACHES.keys() - {"database", "file"}), indirect=True)
def test_many_threads_lose_nothing(kind: str, browser: Browser) -> None:
    key = made(n=0)

    def add(at: int) -> None:
        store = loaded(key)
        store[f"k{at}"] = at
        store.save()
        caches["default"].close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert len(stock(key)) == 41


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Browser]:
    with site(OURS + "cache", CACHES=configured("local", tmp_path)) as browser:
        yield browser


def test_a_nested_change_is_saved_and_reading_saves_nothing(local: Browser) -> None:
    local.run(lambda request: request.session.update({"cart": [1], "price": Decimal("9.90")}))
    assert local.run(lambda request: request.session.modified).text == "False"
    assert local.run(lambda request: dict(request.session.items())).cookies == []
    local.run(lambda request: request.session["cart"].append(2))
    assert local.run(lambda request: request.session["cart"]).text == "[1, 2]"


def test_the_value_in_the_cache_is_djangos_byte_for_byte(local: Browser) -> None:
    raw = []
    for engine in (STOCK + "cache", OURS + "cache"):
        store = importlib.import_module(engine).SessionStore()
        store.update({"n": 0, "when": dt.date(2026, 1, 2), "pair": (1, 2)})
        store.save()
        again = importlib.import_module(engine).SessionStore(store.session_key)
        again["n"] = 1
        again.save()
        cache: Any = caches["default"]
        raw.append(cache._cache[cache.make_key(again.cache_key)])
    assert raw[0] == raw[1]
    assert pickle.loads(raw[0])["pair"] == (1, 2)


def test_values_that_json_lacks_are_joined(local: Browser) -> None:
    key = made(price=Decimal(1), when=dt.date(2026, 1, 1), tags={"a", "b"}, pair=(1, 2))
    one, other = loaded(key), loaded(key)
    one["price"] = Decimal(2)
    one["found"] = {"at": dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc)}
    other["when"] = dt.date(2026, 1, 3)
    one.save()
    other.save()
    assert stock(key) == {
        "price": Decimal(2),
        "when": dt.date(2026, 1, 3),
        "tags": {"a", "b"},
        "pair": (1, 2),
        "found": {"at": dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc)},
    }


def test_what_can_not_be_compared_is_the_later_ones() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    assert merged({"a": 1}, {"b": loop}, {"a": 1, "c": 2}) == {"b": loop}
    assert merged({}, {"a": "s", "b": "o1"}, {"c": "o0", "d": (1,)}) == {
        "a": "s",
        "b": "o1",
        "c": "o0",
        "d": (1,),
    }


def test_a_cache_that_fails_when_it_is_read_is_an_empty_session(
    local: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = made(n=0)
    store = SessionStore(key)
    monkeypatch.setattr(store._swap, "get", lambda *_: 1 / 0)
    assert (dict(store.items()), store.session_key) == ({}, None)


def test_where_others_are_always_first_the_request_is_told(
    local: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    key = made(n=0)
    store = loaded(key)
    monkeypatch.setattr(store._swap, "swap", lambda *_: "changed")
    store["n"] = 1
    with pytest.raises(UpdateError):
        store.save()
    assert (store.reason, store.conflicts) == ("conflict", 31)


def test_a_write_into_the_database_that_is_rolled_back_is_made_again(tmp_path: Path) -> None:
    with site(OURS + "cache", CACHES=configured("database", tmp_path)):
        call_command("createcachetable")
        key = made(n=0)
        store = loaded(key)
        store["begun"] = True
        with suppress(ZeroDivisionError), transaction.atomic():
            store.save()
            _ = 1 / 0
        store.save()
        assert stock(key) == {"n": 0, "begun": True}


def test_the_mutex_of_one_that_died_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site(OURS + "cache", CACHES=configured("file", tmp_path)) as browser:
        monkeypatch.setattr(time, "sleep", lambda seconds: browser.advance(seconds=1))
        key = made(n=0)
        store = loaded(key)
        caches["default"].add(f"{store.cache_key}.mutex", "of another", 10)
        store["n"] = 1
        store.save()
        assert stock(key) == {"n": 1}
        assert caches["default"].get(f"{store.cache_key}.mutex") is None


def test_a_mutex_that_is_anothers_by_now_is_left_alone(tmp_path: Path) -> None:
    with site(OURS + "cache", CACHES=configured("file", tmp_path)):
        swap = mutex.MutexSwap(caches["default"])
        caches["default"].set("key", 1)

        with swap._alone("key.mutex") as is_mine:
            assert is_mine
            caches["default"].set("key.mutex", "another's")
        assert caches["default"].get("key.mutex") == "another's"
        assert swap.swap("gone", Found(1, b""), 2, 10) == "gone"
