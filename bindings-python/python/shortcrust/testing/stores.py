"""The contract of a store, as tests: what shortcrust relies on, for a store of your own.

.. code-block:: python

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self):
            return MyStore()

An async store is handed over by :func:`in_loop`. The manual's page about stores says why each of
these things must hold.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from unittest import SkipTest
from uuid import uuid4

from ..stores import Entry, Row, Unsupported
from ._loop import InLoop, in_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..stores import Store

__all__ = ["StoreContract", "in_loop"]

_AT_ONCE = 16
_LAST = 253_402_300_799_999
"""The end of the year 9999, in milliseconds: shortcrust asks for nothing later."""
_PATIENCE = 20.0
"""Seconds that a server may take to remove what ended."""


def _at_once(store: Store, calls: Sequence[Callable[[Any], Any]]) -> list[Any]:
    if isinstance(store, InLoop):
        return store.at_once(calls)
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda call: call(store), calls))


def _key() -> str:
    return f"key-{uuid4().hex}"


def _user() -> str:
    # Not every client and column takes every letter.
    return f"ada 日🍪'\"%:{uuid4().hex}"


def _in_ms(span: int) -> int:
    return int(time.time() * 1000) + span


def _soon() -> int:
    return _in_ms(600_000)


def _needs(store: Store, capability: str) -> None:
    if not getattr(store.capabilities, capability):
        raise SkipTest(f"the store says that it lacks {capability}")


def _until_gone(store: Store, key: str) -> bool:
    until = time.monotonic() + _PATIENCE
    while store.load([key]) != [None]:
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


class StoreContract:
    """What every store keeps. Subclass it, and give it a pytest fixture ``store``.

    The fixture gives a store which only this test writes to, empty, as ``sweep`` takes what is
    there. What the store's ``capabilities`` say it can't do is skipped, or must raise
    ``Unsupported``.
    """

    longest: int = 1_000_000
    """Bytes of the longest text that is tried; less for a store that takes less."""

    def test_what_was_created_is_loaded(self, store: Store) -> None:
        key, text = _key(), '{"d":{"é":"日🍪 \\u0000 \'%(x)s :key ?"}}'
        assert store.create(key, Entry(text)) == "done"
        (row,) = store.load([key])
        assert row == Row(1, text)
        assert (type(row.version), type(row.text)) == (int, str)

    def test_rows_come_in_the_order_of_the_keys(self, store: Store) -> None:
        keys = [_key() for _ in range(4)]
        for n in (2, 0, 3):
            store.create(keys[n], Entry(str(n)))
        assert list(store.load(keys)) == [Row(1, "0"), None, Row(1, "2"), Row(1, "3")]

    def test_no_keys_have_no_rows_and_a_key_that_is_asked_for_twice_has_two(
        self, store: Store
    ) -> None:
        key, other = _key(), _key()
        store.create(key, Entry("text"))
        assert list(store.load([])) == []
        assert list(store.load([key, other, key])) == [Row(1, "text"), None, Row(1, "text")]

    def test_a_key_is_its_letters_and_their_case(self, store: Store) -> None:
        # The longest that an id of another library gives.
        key = _key().ljust(128, "k")
        store.create(key, Entry("small"))
        assert store.create(key.upper(), Entry("large")) == "done"
        assert store.create(key[:-1], Entry("short")) == "done"
        found = store.load([key, key.upper(), key[:-1]])
        assert list(found) == [Row(1, "small"), Row(1, "large"), Row(1, "short")]

    def test_a_long_text_is_kept_as_it_is(self, store: Store) -> None:
        key, text = _key(), '"é\\u0000日 x"'
        text = text * (self.longest // len(text.encode()))
        assert store.create(key, Entry(text)) == "done"
        assert store.save(key, 1, Entry(text.upper())) == "done"
        (row,) = store.load([key])
        assert row is not None
        # Not compared by assert, which would show them.
        is_same = row.text == text.upper()
        assert is_same, f"{len(text)} characters came back as others"

    def test_a_create_over_what_is_there_changes_nothing(self, store: Store) -> None:
        key, user = _key(), _user()
        store.create(key, Entry("old"))
        assert store.create(key, Entry("new", user)) == "exists"
        assert list(store.load([key])) == [Row(1, "old")]
        if store.capabilities.index:
            assert list(store.list(user)) == []

    def test_a_put_writes_whatever_is_there_and_raises_the_version(self, store: Store) -> None:
        key = _key()
        assert store.put(key, Entry("one")) == "done"
        assert store.put(key, Entry("two")) == "done"
        assert list(store.load([key])) == [Row(2, "two")]

    def test_a_save_over_its_version_raises_it_by_one(self, store: Store) -> None:
        key = _key()
        store.create(key, Entry("one"))
        assert store.save(key, 1, Entry("two")) == "done"
        assert store.save(key, 2, Entry("three")) == "done"
        assert list(store.load([key])) == [Row(3, "three")]

    def test_a_save_over_another_version_gives_what_is_there(self, store: Store) -> None:
        _needs(store, "compare_and_swap")
        key = _key()
        store.create(key, Entry("one"))
        store.save(key, 1, Entry("two"))
        for version in (1, 3, 12):
            assert store.save(key, version, Entry("mine")) == Row(2, "two")
        assert list(store.load([key])) == [Row(2, "two")]

    def test_a_write_of_the_same_text_raises_the_version_too(self, store: Store) -> None:
        key, entry = _key(), Entry("text", None, _soon())
        store.create(key, entry)
        assert store.save(key, 1, entry) == "done"
        store.put(key, entry)
        assert list(store.load([key])) == [Row(3, "text")]

    def test_a_save_makes_nothing(self, store: Store) -> None:
        key, user = _key(), _user()
        assert store.save(key, 1, Entry("text", user)) == "gone"
        store.create(key, Entry("text", user))
        store.delete(key)
        assert store.save(key, 1, Entry("text", user)) == "gone"
        assert list(store.load([key])) == [None]
        if store.capabilities.index:
            assert list(store.list(user)) == []

    def test_a_delete_removes_and_is_done_where_nothing_is(self, store: Store) -> None:
        key, user = _key(), _user()
        store.create(key, Entry("text", user))
        assert store.delete(key) == "done"
        assert store.delete(key) == "done"
        assert list(store.load([key])) == [None]
        if store.capabilities.index:
            assert list(store.list(user)) == []

    def test_what_was_deleted_can_be_created_anew(self, store: Store) -> None:
        key = _key()
        store.create(key, Entry("one"))
        store.delete(key)
        assert store.create(key, Entry("two")) == "done"
        (row,) = store.load([key])
        assert row is not None and row.text == "two"

    def test_an_end_may_be_far_away(self, store: Store) -> None:
        month, last = _key(), _key()
        store.create(month, Entry("month", None, _in_ms(40 * 86_400_000)))
        store.create(last, Entry("last", None, _LAST))
        store.save(last, 1, Entry("still", None, _LAST))
        store.sweep(_in_ms(0))
        assert list(store.load([month, last])) == [Row(1, "month"), Row(2, "still")]

    def test_what_ends_can_be_written_anew_without_an_end(self, store: Store) -> None:
        key, user, span = _key(), _user(), 200
        store.create(key, Entry("one", user, _in_ms(span)))
        # Where all is so slow that it ended meanwhile, once more with more time.
        while store.save(key, 1, Entry("two", user)) == "gone":
            key, span = _key(), 4 * span
            store.create(key, Entry("one", user, _in_ms(span)))
        time.sleep(span / 1000 + 0.1)
        store.sweep(_in_ms(0))
        assert list(store.load([key])) == [Row(2, "two")]
        if store.capabilities.index:
            assert list(store.list(user)) == [(key, "two")]

    def test_what_ended_goes_and_nothing_else_does(self, store: Store) -> None:
        user, ended, live, forever = _user(), _key(), _key(), _key()
        now = _in_ms(0)
        store.create(live, Entry("text", user, _soon()))
        store.create(forever, Entry("text", user))
        store.create(ended, Entry("text", user, now + 100))
        if store.capabilities.expiry:
            assert store.sweep(now + 101) == 0
        else:
            assert store.sweep(now + 100) == 0
            assert store.sweep(now + 101) == 1
        assert _until_gone(store, ended)
        assert list(store.load([live, forever])) == [Row(1, "text"), Row(1, "text")]
        if store.capabilities.index:
            assert {key for key, _ in store.list(user)} == {live, forever}

    def test_a_sweep_removes_at_most_its_limit(self, store: Store) -> None:
        if store.capabilities.expiry:
            raise SkipTest("the server itself removes what ended")
        for _ in range(5):
            store.put(_key(), Entry("text", None, 1_000))
        assert [store.sweep(_in_ms(0), 2) for _ in range(4)] == [2, 2, 1, 0]

    # By user

    def test_without_an_index_what_needs_it_is_unsupported(self, store: Store) -> None:
        if store.capabilities.index:
            raise SkipTest("the store has an index")
        for call in (store.list, store.revoke):
            try:
                call(_user())
            except Unsupported:
                continue
            raise AssertionError(f"{call} must raise Unsupported")

    def test_the_records_of_a_user_are_listed(self, store: Store) -> None:
        _needs(store, "index")
        user = _user()
        keys = {_key(): text for text in ("a", "b")}
        for key, text in keys.items():
            store.create(key, Entry(text, user, _soon()))
        for other in (f"{user}2", user.upper(), None):
            store.create(_key(), Entry("c", other, _soon()))
        assert dict(store.list(user)) == keys
        assert list(store.list(_user())) == []

    def test_a_list_shows_what_was_saved_last(self, store: Store) -> None:
        _needs(store, "index")
        key, user = _key(), _user()
        store.create(key, Entry("one", user))
        store.save(key, 1, Entry("two", user))
        assert list(store.list(user)) == [(key, "two")]

    def test_what_ended_is_not_listed(self, store: Store) -> None:
        _needs(store, "index")
        user, live = _user(), _key()
        store.create(live, Entry("live", user, _soon()))
        store.create(_key(), Entry("ended", user, _in_ms(-1)))
        assert list(store.list(user)) == [(live, "live")]

    def test_a_record_that_a_save_makes_anothers_leaves_the_list(self, store: Store) -> None:
        self._becomes_anothers(store, lambda key, entry: store.save(key, 1, entry))

    def test_a_record_that_a_put_makes_anothers_leaves_the_list(self, store: Store) -> None:
        self._becomes_anothers(store, store.put)

    @staticmethod
    def _becomes_anothers(store: Store, write: Callable[[str, Entry], Any]) -> None:
        _needs(store, "index")
        key, user = _key(), _user()
        store.create(key, Entry("one", user))
        assert write(key, Entry("two", f"{user}2")) == "done"
        assert list(store.list(user)) == []
        assert list(store.list(f"{user}2")) == [(key, "two")]
        assert store.revoke(user) == 0
        assert list(store.load([key])) == [Row(2, "two")]

    def test_a_record_that_becomes_nobodys_leaves_the_list(self, store: Store) -> None:
        _needs(store, "index")
        key, user = _key(), _user()
        store.create(key, Entry("one", user))
        store.put(key, Entry("tombstone", None, _soon()))
        assert list(store.list(user)) == []
        assert store.revoke(user) == 0
        assert list(store.load([key])) == [Row(2, "tombstone")]

    def test_a_revoke_removes_all_records_of_a_user(self, store: Store) -> None:
        _needs(store, "index")
        user, other, keys = _user(), _key(), [_key() for _ in range(5)]
        for key in keys:
            store.create(key, Entry("text", user, _soon()))
        store.create(other, Entry("text", f"{user}2"))
        assert store.revoke(user) == 5
        assert list(store.load([*keys, other])) == [None] * 5 + [Row(1, "text")]
        assert store.save(keys[0], 1, Entry("text", user)) == "gone"
        assert list(store.list(user)) == []
        assert store.revoke(user) == 0

    def test_a_revoke_leaves_the_one_that_it_is_told_to_keep(self, store: Store) -> None:
        _needs(store, "index")
        user, keys = _user(), [_key() for _ in range(5)]
        for key in keys:
            store.create(key, Entry("text", user, _soon()))
        assert store.revoke(user, keys[2]) == 4
        assert [row is not None for row in store.load(keys)] == [False, False, True, False, False]
        assert list(store.list(user)) == [(keys[2], "text")]
        assert store.revoke(user) == 1

    # At once

    def test_of_many_creates_of_one_key_one_is_done(self, store: Store) -> None:
        _needs(store, "compare_and_swap")
        key = _key()
        texts = [str(n) for n in range(_AT_ONCE)]
        answers = _at_once(store, [_created(key, text) for text in texts])
        assert sorted(answers) == ["done"] + ["exists"] * (_AT_ONCE - 1)
        assert list(store.load([key])) == [Row(1, texts[answers.index("done")])]

    def test_of_many_saves_over_one_version_one_is_done(self, store: Store) -> None:
        _needs(store, "compare_and_swap")
        key = _key()
        store.create(key, Entry("first"))
        for version in range(1, 6):
            texts = [f"{version}.{n}" for n in range(_AT_ONCE)]
            answers = _at_once(store, [_saved(key, version, text) for text in texts])
            row = Row(version + 1, texts[answers.index("done")])
            answers.remove("done")
            assert answers == [row] * (_AT_ONCE - 1)
            assert list(store.load([key])) == [row]

    def test_puts_and_saves_at_once_are_all_counted(self, store: Store) -> None:
        _needs(store, "compare_and_swap")
        key = _key()
        store.create(key, Entry("first"))
        puts = [_put(key, str(n)) for n in range(_AT_ONCE)]
        saves = [_saved(key, version, "saved") for version in range(1, _AT_ONCE + 1)]
        calls = [call for pair in zip(puts, saves, strict=True) for call in pair]
        answers = _at_once(store, calls)
        (row,) = store.load([key])
        # A version that came twice would be missing here.
        assert row is not None and row.version == 1 + answers.count("done")

    def test_a_save_at_once_with_a_delete_brings_nothing_back(self, store: Store) -> None:
        _needs(store, "compare_and_swap")
        for _ in range(5):
            key = _key()
            store.create(key, Entry("first"))
            saves = [_saved(key, version, "saved") for version in range(1, 9)]
            _at_once(store, [*saves[:4], _deleted(key), *saves[4:]])
            assert list(store.load([key])) == [None]


def _created(key: str, text: str) -> Callable[[Any], Any]:
    return lambda store: store.create(key, Entry(text))


def _put(key: str, text: str) -> Callable[[Any], Any]:
    return lambda store: store.put(key, Entry(text))


def _saved(key: str, version: int, text: str) -> Callable[[Any], Any]:
    return lambda store: store.save(key, version, Entry(text))


def _deleted(key: str) -> Callable[[Any], Any]:
    return lambda store: store.delete(key)
