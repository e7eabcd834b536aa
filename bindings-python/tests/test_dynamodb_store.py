"""What is DynamoDB's own; the contract is tested with every store's."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import aioboto3  # type: ignore[import-untyped]
import boto3  # type: ignore[import-untyped]
import pytest
from conftest import Clock
from every_store import dynamodb_client, dynamodb_options, unique
from shortcrust import ConfigError, TooLarge
from shortcrust.stores import AsyncDynamoDBStore, DynamoDBStore, Entry, Row

HOUR, DAY = 3_600_000, 86_400_000


class Spy:
    """A client that tells what it is asked, and lets a test come between."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.between: dict[str, Callable[[Any, dict[str, Any]], Any]] = {}

    def __getattr__(self, operation: str) -> Any:
        real: Any = getattr(dynamodb_client(), operation)

        def ask(**request: Any) -> Any:
            self.asked.append(operation)
            between = self.between.get(operation)
            return between(real, request) if between else real(**request)

        return ask

    def count(self, run: Callable[[], Any]) -> int:
        self.asked.clear()
        run()
        return len(self.asked)


@pytest.fixture
def spy() -> Spy:
    return Spy()


@pytest.fixture
def store(spy: Spy) -> Iterator[DynamoDBStore]:
    table = unique("test")
    DynamoDBStore(dynamodb_client(), table).create_table()
    yield DynamoDBStore(spy, table)
    dynamodb_client().delete_table(TableName=table)


def items(store: DynamoDBStore, kind: str) -> list[dict[str, str]]:
    """What the table has, of sessions or of users, as plain text."""
    found = dynamodb_client().scan(TableName=store._requests.table)["Items"]
    plain = [{name: next(iter(value.values())) for name, value in each.items()} for each in found]
    return [each for each in plain if each["pk"].startswith(kind)]


def now_of(clock: Clock) -> int:
    return int(clock.seconds * 1000)


# A write that the client repeats


@pytest.mark.parametrize("others", [0, 7])
def test_a_write_that_comes_again_behind_others_is_one_write(
    store: DynamoDBStore, spy: Spy, others: int
) -> None:
    other, key = DynamoDBStore(dynamodb_client(), store._requests.table), unique("key")

    def twice(real: Any, request: dict[str, Any]) -> Any:
        real(**request)
        for _ in range(others):
            (row,) = other.load([key])
            assert row is not None
            other.save(key, row.version, Entry(row.text + "+"))
        return real(**request)

    spy.between = {"put_item": twice, "update_item": twice}
    assert store.create(key, Entry("1")) == "done"
    (row,) = other.load([key])
    assert row == Row(1 + others, "1" + "+" * others)
    assert store.save(key, row.version, Entry("2")) == "done"
    assert other.load([key]) == [Row(2 + 2 * others, "2" + "+" * others)]
    assert store.create(key, Entry("3")) == "exists"
    assert store.save(key, 1, Entry("4")) == Row(2 + 2 * others, "2" + "+" * others)


# What ended


def test_what_ended_is_gone_before_dynamodb_removes_it(store: DynamoDBStore, clock: Clock) -> None:
    key, user, ends = unique("key"), unique("user"), now_of(clock) + 10_000
    store.create(key, Entry("1", user, ends))
    store.save(key, 1, Entry("2", user, ends))
    clock.advance(seconds=9.9)
    assert store.load([key]) == [Row(2, "2")]
    clock.advance(seconds=0.1)
    assert store.load([key]) == [None]
    assert store.load([key, "other"]) == [None, None]
    assert store.list(user) == []
    assert store.save(key, 2, Entry("3", user, ends + DAY)) == "gone"
    assert len(items(store, "session")) == 1
    assert store.create(key, Entry("3", user, ends + DAY)) == "done"
    assert store.list(user) == [(key, "3")]
    assert store.load([key]) == [Row(1, "3")]


def test_what_ended_is_not_counted_as_revoked(store: DynamoDBStore, clock: Clock) -> None:
    user = unique("user")
    store.create("ended", Entry("1", user, now_of(clock) + 10))
    store.create("live", Entry("1", user, now_of(clock) + HOUR))
    clock.advance(seconds=1)
    assert store.revoke(user) == 1


def test_dynamodb_is_told_seconds_and_rather_late_than_early(
    store: DynamoDBStore, clock: Clock
) -> None:
    clock.set_ms(1_000_000)
    store.create("key", Entry("1", "ada", 1_000_001))
    (record,), (index,) = items(store, "session"), items(store, "user")
    assert (record["expires"], record["ttl"]) == ("1000001", "1002")
    # A day later, so that it is rarely written.
    assert index["ttl"] == str(1002 + 86_400)
    store.save("key", 1, Entry("2"))
    (record,) = items(store, "session")
    assert record.keys() & {"expires", "ttl", "user", "indexed"} == set()


# The index by user


def test_a_session_has_a_round_trip_more_only_when_the_index_names_it(
    store: DynamoDBStore, spy: Spy, clock: Clock
) -> None:
    start = now_of(clock)

    def saved(version: int, ends: int, user: str | None = "ada") -> int:
        return spy.count(lambda: store.save("key", version, Entry("x", user, start + ends)))

    assert spy.count(lambda: store.create("key", Entry("x", "ada", start + HOUR))) == 2
    assert saved(1, 2 * HOUR) == 1
    assert saved(2, HOUR + DAY) == 1
    # The update that is refused, a look at what is there, the index, and the update.
    assert saved(3, 2 * HOUR + DAY) == 4
    assert saved(4, HOUR + 2 * DAY) == 1
    assert saved(5, HOUR, "bob") == 4
    assert saved(6, HOUR, None) == 1
    assert spy.count(lambda: store.create("other", Entry("x"))) == 1
    assert spy.count(lambda: store.put("other", Entry("x"))) == 3
    assert spy.count(lambda: store.load(["key"])) == 1
    assert spy.count(lambda: store.load(["key", "other", "third"])) == 1
    assert spy.count(lambda: store.delete("other")) == 1
    store.create("other", Entry("x", "ada", start + HOUR))
    store.create("third", Entry("x", "ada", start + HOUR))
    assert spy.count(lambda: store.list("ada")) == 2
    # The index, and at the same time each of what it names.
    assert spy.count(lambda: store.revoke("ada")) == 1 + 3


def test_a_session_is_named_before_it_is_there(store: DynamoDBStore, spy: Spy) -> None:
    other = DynamoDBStore(dynamodb_client(), store._requests.table)

    def between(real: Any, request: dict[str, Any]) -> Any:
        assert other.list("ada") == []
        assert other.revoke("ada") == 0
        return real(**request)

    spy.between["put_item"] = between
    store.create("key", Entry("x", "ada"))
    # Who looked in between has not made it forgotten.
    assert other.list("ada") == [("key", "x")]
    assert other.revoke("ada") == 1
    assert store.load(["key"]) == [None]


def test_what_names_nothing_is_removed_when_no_write_can_be_on_its_way(
    store: DynamoDBStore, clock: Clock
) -> None:
    start = now_of(clock)
    for key in ("kept", "gone", "again"):
        store.create(key, Entry("x", "ada", start + DAY))
    for key in ("gone", "again"):
        store.delete(key)
    clock.advance(minutes=59)
    store.list("ada")
    assert len(items(store, "user")) == 3
    store.create("again", Entry("x", "ada", start + DAY))
    store.delete("again")
    clock.advance(minutes=2)
    assert [key for key, _ in store.list("ada")] == ["kept"]
    assert {each["sk"] for each in items(store, "user")} == {"kept", "again"}
    clock.advance(hours=1)
    assert store.revoke("ada") == 1
    assert items(store, "user") == []


def test_a_name_that_is_said_again_meanwhile_stays(
    store: DynamoDBStore, spy: Spy, clock: Clock
) -> None:
    other = DynamoDBStore(dynamodb_client(), store._requests.table)
    store.create("key", Entry("x", "ada", now_of(clock) + DAY))
    store.delete("key")
    clock.advance(hours=2)

    def between(real: Any, request: dict[str, Any]) -> Any:
        other.create("key", Entry("y", "ada", now_of(clock) + DAY))
        return real(**request)

    spy.between["delete_item"] = between
    assert store.list("ada") == []
    assert other.list("ada") == [("key", "y")]


def test_the_index_is_never_told_an_earlier_end(store: DynamoDBStore, clock: Clock) -> None:
    start = now_of(clock)
    store.create("key", Entry("x", "ada", start + 9 * DAY))
    ((ttl, written),) = [(each["ttl"], each["written"]) for each in items(store, "user")]
    clock.advance(minutes=1)
    store.put("key", Entry("x", "ada", start + DAY))
    ((again, later),) = [(each["ttl"], each["written"]) for each in items(store, "user")]
    assert again == ttl
    assert int(later) == int(written) + 60_000
    store.put("key", Entry("x", "ada"))
    assert "ttl" not in items(store, "user")[0]


# Many at once, and too many


def test_more_keys_than_dynamodb_reads_at_once_come_in_their_order(
    store: DynamoDBStore, spy: Spy
) -> None:
    keys = [f"key{at}" for at in range(130)]
    for key in keys[::2]:
        store.create(key, Entry(key))
    left: list[str] = []

    def half(real: Any, request: dict[str, Any]) -> Any:
        """As where the answer would be too large."""
        ((table, of),) = request["RequestItems"].items()
        at = max(len(of["Keys"]) // 2, 1)
        rest = of["Keys"][at:]
        left.append(table)
        answer = real(RequestItems={table: of | {"Keys": of["Keys"][:at]}})
        return answer | {"UnprocessedKeys": {table: of | {"Keys": rest}} if rest else {}}

    spy.between["batch_get_item"] = half
    rows = store.load(keys)
    assert [row and row.text for row in rows] == [
        key if at % 2 == 0 else None for at, key in enumerate(keys)
    ]
    assert len(left) > 2


def test_a_session_that_dynamodb_can_not_hold_is_refused_and_stays(store: DynamoDBStore) -> None:
    store.create("key", Entry("x"))
    for text in ("x" * 409_600, "é" * 210_000):
        with pytest.raises(TooLarge, match="at most 408576 bytes of a session: put less into it"):
            store.save("key", 1, Entry(text))
    # What the server itself measures.
    with pytest.raises(TooLarge):
        store.save("key", 1, Entry("x" * 408_000, "u" * 2_000))
    assert store.load(["key"]) == [Row(1, "x")]


# Faults


def test_an_error_shows_no_key_and_no_record(store: DynamoDBStore, spy: Spy) -> None:
    table = store._requests.table
    absent = DynamoDBStore(dynamodb_client(), table + "x")
    entry = Entry("the-record", "the-user")
    asks: list[Callable[[], Any]] = [
        lambda: absent.load(["the-key"]),
        lambda: absent.load(["the-key", "another"]),
        lambda: absent.create("the-key", entry),
        lambda: absent.put("the-key", entry),
        lambda: absent.save("the-key", 1, entry),
        lambda: absent.delete("the-key"),
        lambda: absent.list("the-user"),
        lambda: absent.revoke("the-user"),
    ]
    for ask in asks:
        with pytest.raises(OSError, match="failed with ResourceNotFound") as caught:
            ask()
        assert caught.value.__context__ is None
        assert set(str(caught.value).split()) & {"the-key", "the-user", "the-record"} == set()
    spy.between["put_item"] = lambda real, request: real(**request, Nonsense="the-record")
    with pytest.raises(OSError, match="put_item failed with ParamValidationError") as caught:
        store.create("the-key", entry)
    told = "".join(traceback.format_exception(caught.value, chain=True))
    assert "the-record" not in told.replace('Nonsense="the-record"', "")


# The table and the client


def test_the_table_is_made_once_and_dynamodb_is_to_remove_what_ended(
    store: DynamoDBStore, spy: Spy
) -> None:
    asked: list[dict[str, Any]] = []

    def told(_: Any, request: dict[str, Any]) -> Any:
        """The server for tests has no such operation."""
        asked.append(request)
        return {}

    spy.between["update_time_to_live"] = told
    store.create_table()
    (request,) = asked
    assert request["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": "ttl"}
    enabled = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}}
    spy.between["describe_time_to_live"] = lambda *_: enabled
    store.create_table()
    assert len(asked) == 1


def test_a_table_of_other_keys_is_refused(store: DynamoDBStore) -> None:
    table = unique("test")
    dynamodb_client().create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(ConfigError, match="a partition key pk and a sort key sk"):
        DynamoDBStore(dynamodb_client(), table).create_table()
    dynamodb_client().delete_table(TableName=table)


def test_what_is_no_client_and_no_table_is_refused_at_once() -> None:
    resource = boto3.resource("dynamodb", **dynamodb_options())
    for wrong in (None, "http://localhost", boto3, resource.Table("sessions")):
        with pytest.raises(ConfigError, match="takes a client"):
            DynamoDBStore(wrong)
    for wrong in (None, object(), AsyncDynamoDBStore):
        with pytest.raises(ConfigError, match="takes a client"):
            AsyncDynamoDBStore(wrong)
    for table in (None, "", "ab", "a table"):
        with pytest.raises(ConfigError, match="name of a table"):
            DynamoDBStore(dynamodb_client(), table)  # type: ignore[arg-type]


def test_a_resource_is_taken_for_its_client(store: DynamoDBStore) -> None:
    resource = boto3.resource("dynamodb", **dynamodb_options())
    twin = DynamoDBStore(resource, store._requests.table)
    twin.create_table()
    for one, other in ((store, twin), (twin, store)):
        key, user = unique("key"), unique("user")
        assert one.create(key, Entry("1", user, 10**13)) == "done"
        assert other.save(key, 1, Entry("2", user, 10**13)) == "done"
        assert one.save(key, 1, Entry("3")) == Row(2, "2")
        assert one.load([key, "other"]) == other.load([key, "other"]) == [Row(2, "2"), None]
        assert one.list(user) == other.list(user) == [(key, "2")]
        assert one.revoke(user) == 1
        assert other.load([key]) == [None]


def test_an_async_client_is_entered_once_and_closed_by_who_opened_it(store: DynamoDBStore) -> None:
    session = aioboto3.Session()

    async def run() -> list[Any]:
        table = store._requests.table
        own = AsyncDynamoDBStore(session.client("dynamodb", **dynamodb_options()), table)
        answers = await asyncio.gather(*(own.create("key", Entry(str(at))) for at in range(4)))
        await own.close()
        async with session.client("dynamodb", **dynamodb_options()) as client:
            theirs = AsyncDynamoDBStore(client, table)
            await theirs.close()
            return [*answers, len(await theirs.load(["key"]))]

    assert sorted(asyncio.run(run()), key=str) == [1, "done", "exists", "exists", "exists"]
