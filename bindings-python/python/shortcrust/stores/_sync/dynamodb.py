# Made of _aio/dynamodb.py by bindings-python/scripts/sync_stores.py: change that, and run it.
"""Sessions in DynamoDB."""

from __future__ import annotations

from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal

from ... import ambient
from .. import _dynamodb as said
from .._base import Capabilities, Entry, Row
from ._dynamodb_calls import Calls, at_once, pause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._dynamodb import Found, Named


class DynamoDBStore:
    """Sessions in a table of DynamoDB's, by a client of aioboto3's.

    ``create_table`` makes the table, or the definition that the manual's page about stores has.
    All reads are consistent. ``load`` and ``delete`` are one round trip; a write is one, and one or
    two more where the user's index has to name the session. ``list`` and ``revoke`` are two or
    three. DynamoDB removes what ended; until it does, what ended is left out here.

    :param client: ``aioboto3.Session().client("dynamodb")``, entered or not.
    :param table: the table's name.
    :raises ConfigError: for what is no client or no name.
    """

    capabilities: Capabilities = Capabilities(expiry=True)

    def __init__(self, client: Any, table: str = said.TABLE) -> None:
        self._calls = Calls(client)
        self._requests = said.Requests(said.check(table), self._calls.value)

    def create_table(self) -> None:
        """Makes the table if it is not there, and has DynamoDB remove what ended.

        :raises ConfigError: where there is a table of other keys.
        """
        said.check_keys(self._described())
        table = {"TableName": self._requests.table}
        now = self._calls.ask("describe_time_to_live", table) or {}
        if now["TimeToLiveDescription"]["TimeToLiveStatus"] in ("ENABLED", "ENABLING"):
            return
        try:
            self._calls.ask("update_time_to_live", self._requests.expire())
        except said.DynamoDBError as error:
            # Servers for tests may remove nothing.
            if error.code != "UnknownOperationException":
                raise

    def close(self) -> None:
        """Closes the client if the store has opened it; another is its owner's to close."""
        self._calls.close()

    def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """What is under the keys, in their order, in one round trip for up to 100 of them."""
        there = self._there(list(dict.fromkeys(keys)))
        return [there[key].row if key in there else None for key in keys]

    def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """Writes where nothing is."""
        # Before the record, which nobody would find if we ended between the two.
        self._name(key, entry)
        return "done" if self._created(key, entry) == "done" else "exists"

    def put(self, key: str, entry: Entry) -> Literal["done"]:
        """Writes, whatever is there."""
        self._name(key, entry)
        there: Any = None
        for _ in range(said.TRIES):
            if there is None:
                there = self._created(key, entry)
            else:
                there = self._saved(key, there.row.version, entry, is_named=True)
            if there == "done":
                return "done"
        raise TimeoutError(f"others wrote the record first, {said.TRIES} times")

    def save(self, key: str, version: int, entry: Entry) -> Literal["done", "gone"] | Row:
        """Writes only over ``version``, and raises it by one."""
        answer = self._saved(key, version, entry, is_named=False)
        if isinstance(answer, said.Found) and answer.row.version == version:
            # The index names it for too short, or as another's.
            self._name(key, entry)
            answer = self._saved(key, version, entry, is_named=True)
        if answer is None:
            return "gone"
        return answer.row if isinstance(answer, said.Found) else answer

    def delete(self, key: str) -> Literal["done"]:
        """Removes the record, if there is one."""
        self._calls.ask("delete_item", self._requests.delete(key))
        return "done"

    def list(self, user: str) -> Sequence[tuple[str, str]]:
        """The keys and texts of the user's records that have not ended."""
        now = ambient.now_ms()
        named = self._named(user)
        there = self._there([each.key for each in named if each.ends > now])
        theirs = {key: each.row.text for key, each in there.items() if each.user == user}
        self._forget(user, [each for each in named if each.key not in theirs], now)
        return [*theirs.items()]

    def revoke(self, user: str, keep: str | None = None) -> int:
        """Removes the user's records but for the key ``keep``, and says how many."""
        now = ambient.now_ms()
        named = [each for each in self._named(user) if each.key != keep]
        asks = [
            partial(self._calls.ask, "delete_item", self._requests.revoke(each.key, user))
            for each in named
        ]
        answers = at_once(asks)
        self._forget(user, named, now)
        removed = [said.found((answer or {}).get("Attributes"), now) for answer in answers]
        return len([each for each in removed if each is not None])

    def sweep(self, now: int, limit: int = 1_000) -> int:  # noqa: ARG002
        """Nothing: DynamoDB itself removes what ended."""
        return 0

    def _described(self) -> Any:
        """What DynamoDB says of the table when it is there."""
        for attempt in range(said.TRIES):
            try:
                table = {"TableName": self._requests.table}
                described: Any = self._calls.ask("describe_table", table)
            except said.DynamoDBError as error:
                if error.code != "ResourceNotFoundException":
                    raise
                self._make()
            else:
                if described["Table"]["TableStatus"] in ("ACTIVE", "UPDATING"):
                    return described
            pause(attempt)
        raise TimeoutError("DynamoDB has not made the table")

    def _make(self) -> None:
        try:
            self._calls.ask("create_table", self._requests.make())
        except said.DynamoDBError as error:
            # Another process made it, and the one that was asked has not heard of it yet.
            if error.code != "ResourceInUseException":
                raise

    def _created(self, key: str, entry: Entry) -> Literal["done"] | Found | None:
        """What is there instead; ``None`` for nothing any more."""
        # Not the core's random bytes: nobody has to guess it.
        mark = token_hex(8)
        request = self._requests.create(key, entry, mark, ambient.now_ms())
        if self._calls.ask("put_item", request) is not None:
            return "done"
        there = self._one(key)
        # A client sends a write once more when its answer was lost.
        return "done" if there is not None and there.has(1, mark) else there

    def _saved(
        self, key: str, version: int, entry: Entry, *, is_named: bool
    ) -> Literal["done"] | Found | None:
        """What is there instead; ``None`` for nothing."""
        mark, now = token_hex(8), ambient.now_ms()
        request = self._requests.save(key, version, entry, mark, now, is_named=is_named)
        if self._calls.ask("update_item", request) is not None:
            return "done"
        there = self._one(key)
        return "done" if there is not None and there.has(version + 1, mark) else there

    def _name(self, key: str, entry: Entry) -> None:
        if entry.user is None:
            return
        requests, now = self._requests, ambient.now_ms()
        for _ in range(said.TRIES):
            for request in (requests.name(key, entry, now), requests.name_again(key, entry, now)):
                if self._calls.ask("update_item", request) is not None:
                    return
        raise TimeoutError(f"others wrote the index first, {said.TRIES} times")

    def _named(self, user: str) -> Sequence[Named]:
        found: list[Named] = []
        start: Any = None
        while True:
            answer = self._calls.ask("query", self._requests.named(user, start)) or {}
            found += map(said.named, answer["Items"])
            start = answer.get("LastEvaluatedKey")
            if not start:
                return found

    def _forget(self, user: str, named: Sequence[Named], now: int) -> None:
        """What names no record of the user's and waits for none; the rest DynamoDB removes."""
        old = [each for each in named if each.written < now - said.SETTLED_MS]
        asks = [
            partial(self._calls.ask, "delete_item", self._requests.forget(user, each))
            for each in old
        ]
        at_once(asks)

    def _one(self, key: str) -> Found | None:
        answer = self._calls.ask("get_item", self._requests.one(key)) or {}
        return said.found(answer.get("Item"), ambient.now_ms())

    def _there(self, keys: Sequence[str]) -> dict[str, Found]:
        if len(keys) == 1:
            one = self._one(keys[0])
            return {} if one is None else {keys[0]: one}
        parts = [keys[at : at + said.BATCH] for at in range(0, len(keys), said.BATCH)]
        items = at_once([partial(self._batch, part) for part in parts])
        now = ambient.now_ms()
        found = {said.key_in(item): said.found(item, now) for part in items for item in part}
        return {key: each for key, each in found.items() if each is not None}

    def _batch(self, keys: Sequence[str]) -> Sequence[Any]:
        request, items = self._requests.many(keys), []
        for attempt in range(said.TRIES):
            answer = self._calls.ask("batch_get_item", request) or {}
            items += answer["Responses"].get(self._requests.table, [])
            # What was too much for one answer, or for the table in this moment.
            rest = answer.get("UnprocessedKeys")
            if not rest:
                return items
            request = {"RequestItems": rest}
            pause(attempt)
        raise TimeoutError(f"DynamoDB left keys unread, {said.TRIES} times")
