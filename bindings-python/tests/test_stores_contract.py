"""The contract of core/src/manual/stores.md, kept by every store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import every_store
import pytest
from every_store import Face, unique
from shortcrust.stores import Entry, Row


@pytest.fixture(params=[*every_store.SYNC, *every_store.ASYNC])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Face]:
    with every_store.faced(request.param, tmp_path) as face:
        yield face


@pytest.fixture(params=[*every_store.SYNC])
def sync_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Face]:
    with every_store.faced(request.param, tmp_path) as face:
        yield face


@pytest.fixture
def key() -> str:
    return unique("key")


@pytest.fixture
def user() -> str:
    # Not every client and column takes every letter.
    return unique("ada 日🍪'\"%:")


def in_ms(span: int) -> int:
    return int(time.time() * 1000) + span


def test_what_was_created_is_loaded(store: Face, key: str) -> None:
    text = '{"d":{"é":"日🍪 \\u0000 \'%(x)s :key ?"}}'
    assert store.create(key, Entry(text)) == "done"
    assert store.load([key]) == [Row(1, text)]


def test_rows_come_in_the_order_of_the_keys(store: Face) -> None:
    keys = [unique("key") for _ in range(4)]
    for n in (2, 0, 3):
        store.create(keys[n], Entry(str(n)))
    assert store.load(keys) == [Row(1, "0"), None, Row(1, "2"), Row(1, "3")]


def test_a_create_over_what_is_there_changes_nothing(store: Face, key: str) -> None:
    store.create(key, Entry("old"))
    assert store.create(key, Entry("new")) == "exists"
    assert store.load([key]) == [Row(1, "old")]


def test_a_put_writes_whatever_is_there_and_raises_the_version(store: Face, key: str) -> None:
    assert store.put(key, Entry("one")) == "done"
    assert store.put(key, Entry("two")) == "done"
    assert store.load([key]) == [Row(2, "two")]


def test_a_save_over_its_version_raises_it_by_one(store: Face, key: str) -> None:
    store.create(key, Entry("one"))
    assert store.save(key, 1, Entry("two")) == "done"
    assert store.save(key, 2, Entry("three")) == "done"
    assert store.load([key]) == [Row(3, "three")]


def test_a_save_over_another_version_gives_what_is_there(store: Face, key: str) -> None:
    store.create(key, Entry("one"))
    store.save(key, 1, Entry("two"))
    for version in (1, 3, 12):
        assert store.save(key, version, Entry("mine")) == Row(2, "two")
    assert store.load([key]) == [Row(2, "two")]


def test_a_save_makes_nothing(store: Face, key: str, user: str) -> None:
    assert store.save(key, 1, Entry("text", user)) == "gone"
    store.create(key, Entry("text", user))
    store.delete(key)
    assert store.save(key, 1, Entry("text", user)) == "gone"
    assert store.load([key]) == [None]
    assert store.list(user) == []


def test_a_delete_removes_and_is_done_where_nothing_is(store: Face, key: str, user: str) -> None:
    store.create(key, Entry("text", user))
    assert store.delete(key) == "done"
    assert store.delete(key) == "done"
    assert store.load([key]) == [None]
    assert store.list(user) == []


def test_the_records_of_a_user_are_listed(store: Face, user: str) -> None:
    keys = {unique("key"): text for text in ("a", "b")}
    for key, text in keys.items():
        store.create(key, Entry(text, user, in_ms(60_000)))
    store.create(unique("key"), Entry("c", f"{user}2"))
    store.create(unique("key"), Entry("d"))
    assert dict(store.list(user)) == keys
    assert store.list(unique("nobody")) == []


def test_a_list_shows_what_was_saved_last(store: Face, key: str, user: str) -> None:
    store.create(key, Entry("one", user))
    store.save(key, 1, Entry("two", user))
    assert list(store.list(user)) == [(key, "two")]


def test_what_ended_is_not_listed(store: Face, user: str) -> None:
    live, ended = unique("key"), unique("key")
    store.create(live, Entry("live", user, in_ms(60_000)))
    store.create(ended, Entry("ended", user, in_ms(-1)))
    assert list(store.list(user)) == [(live, "live")]


@pytest.mark.parametrize("how", ["save", "put"])
def test_a_record_that_becomes_anothers_leaves_the_list(
    store: Face, key: str, user: str, how: str
) -> None:
    store.create(key, Entry("one", user))
    other = Entry("two", f"{user}2")
    _ = store.save(key, 1, other) if how == "save" else store.put(key, other)
    assert store.list(user) == []
    assert list(store.list(f"{user}2")) == [(key, "two")]
    assert store.revoke(user) == 0
    assert store.load([key]) == [Row(2, "two")]


def test_a_record_that_becomes_nobodys_leaves_the_list(store: Face, key: str, user: str) -> None:
    store.create(key, Entry("one", user))
    store.put(key, Entry("tombstone", None, in_ms(60_000)))
    assert store.list(user) == []
    assert store.revoke(user) == 0
    assert store.load([key]) == [Row(2, "tombstone")]


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_revoke_removes_a_users_records_but_one(store: Face, user: str, is_kept: bool) -> None:
    keys = [unique("key") for _ in range(5)]
    other = unique("key")
    for key in keys:
        store.create(key, Entry("text", user, in_ms(60_000)))
    store.create(other, Entry("text", f"{user}2"))
    assert store.revoke(user, keys[2] if is_kept else None) == 5 - is_kept
    left = [row is not None for row in store.load([*keys, other])]
    assert left == [False, False, is_kept, False, False, True]
    assert len(store.list(user)) == is_kept
    assert store.revoke(user) == is_kept


def test_what_ends_can_be_written_anew_without_an_end(store: Face, key: str, user: str) -> None:
    store.create(key, Entry("one", user, in_ms(200)))
    store.save(key, 1, Entry("two", user))
    time.sleep(0.3)
    store.sweep(in_ms(0))
    assert store.load([key]) == [Row(2, "two")]
    assert list(store.list(user)) == [(key, "two")]


def test_what_ended_goes_and_nothing_else_does(store: Face, user: str) -> None:
    ended, live, forever = (unique("key") for _ in range(3))
    store.create(ended, Entry("text", user, in_ms(100)))
    store.create(live, Entry("text", user, in_ms(60_000)))
    store.create(forever, Entry("text", user))
    time.sleep(0.2)
    assert store.sweep(in_ms(0)) == (not store.capabilities.expiry)
    assert store.load([ended, live, forever]) == [None, Row(1, "text"), Row(1, "text")]
    assert {key for key, _ in store.list(user)} == {live, forever}


def test_a_sweep_removes_at_most_its_limit(store: Face) -> None:
    if store.capabilities.expiry:
        pytest.skip("the server itself removes what ended")
    for _ in range(5):
        store.put(unique("key"), Entry("text", None, 1_000))
    assert [store.sweep(in_ms(0), 2) for _ in range(4)] == [2, 2, 1, 0]


def test_of_many_saves_over_one_version_one_is_done(sync_store: Face, key: str) -> None:
    store = sync_store.store
    store.create(key, Entry("0"))

    def count(_: object) -> int:
        """Adds one by compare and swap, as often as it takes."""
        answer: Any = store.load([key])[0]
        for tries in range(10_000):
            mine = Entry(str(int(answer.text) + 1))
            answer = store.save(key, answer.version, mine)
            if answer == "done":
                return tries
        raise AssertionError("never done")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(64)))
    assert store.load([key]) == [Row(65, "64")]


def test_of_many_creates_of_one_key_one_is_done(sync_store: Face, key: str) -> None:
    def create(text: str) -> Any:
        return sync_store.store.create(key, Entry(text))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, map(str, range(32))))
    assert sorted(answers) == ["done"] + ["exists"] * 31
