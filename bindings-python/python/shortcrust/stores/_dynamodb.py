"""What is said to DynamoDB, and what its answers mean. The layout is in docs/record-v1.md."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from .._errors import ConfigError, TooLarge
from ._base import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ._base import Entry

    Request = dict[str, Any]
    Item = Mapping[str, Any]

TABLE = "shortcrust_session"
TRIES = 64
AT_ONCE = 10
"""As many connections as a client of boto3's has."""
BATCH = 100
"""So many items DynamoDB reads in one request."""
SETTLED_MS = 3_600_000
"""An index item that is older, and has no record, waits for no write any more."""
_SLACK_MS = 86_400_000
"""The index names a record for so much longer than it lasts, and is rarely written again."""
_NEVER_MS = 10**15
_MARKS = 8
_BYTES = 400 * 1024 - 1024
"""An item may be 400 KiB, with its key and the names of its attributes."""
_KEYS = [("pk", "HASH"), ("sk", "RANGE")]
_NAME = re.compile(r"#(\w+)")


class DynamoDBError(OSError):
    """What DynamoDB or its client said in place of an answer."""

    def __init__(self, operation: str, code: str) -> None:
        # Nothing else of it: there may be a key or a record in it.
        super().__init__(f"DynamoDB: {operation} failed with {code}")
        self.code = code


class Found(NamedTuple):
    """A record that has not ended."""

    row: Row
    user: str | None
    item: Item

    def has(self, version: int, mark: str) -> bool:
        """Whether this write of that version is in it, the last or one of those before it."""
        is_known = 0 <= self.row.version - version < _MARKS
        return is_known and _text(self.item.get(_slot(version))) == mark


class Named(NamedTuple):
    """What the index says of a user's record."""

    key: str
    written: int
    ends: int


class Requests:
    """The requests to one table; ``value`` makes of a text or number what the client takes."""

    def __init__(self, table: str, value: Callable[[str | int], Any]) -> None:
        self.table = table
        self._value = value

    def key(self, key: str) -> dict[str, Any]:
        """Of a record."""
        return {"pk": self._value(f"session:{key}"), "sk": self._value("session")}

    def one(self, key: str) -> Request:
        """Reads a record."""
        return {"TableName": self.table, "Key": self.key(key), "ConsistentRead": True}

    def many(self, keys: Sequence[str]) -> Request:
        """Reads records."""
        keys_of = [self.key(key) for key in keys]
        return {"RequestItems": {self.table: {"Keys": keys_of, "ConsistentRead": True}}}

    def create(self, key: str, entry: Entry, mark: str, now: int) -> Request:
        """Writes where nothing is, or what has ended."""
        attributes = {name: self._value(to) for name, to in _attributes(entry, 1, mark).items()}
        return {
            "TableName": self.table,
            "Item": self.key(key) | attributes,
            **self._expressions(
                {"ConditionExpression": "attribute_not_exists(#pk) OR #expires <= :now"},
                {"now": now},
            ),
        }

    def save(
        self, key: str, version: int, entry: Entry, mark: str, now: int, *, is_named: bool
    ) -> Request:
        """Writes over a version; unless it ``is_named``, where the index names it long enough."""
        to = _attributes(entry, version + 1, mark)
        gone = [name for name in ("user", "expires", "ttl", "indexed") if name not in to]
        condition = "#version = :old AND (attribute_not_exists(#expires) OR #expires > :now)"
        values: dict[str, str | int] = {"old": version, "now": now}
        if entry.user is not None and not is_named:
            condition += " AND #user = :user AND #indexed >= :ends"
            values["ends"] = ends_of(entry)
            # What is there stays, as the index says no more than that.
            del to["indexed"]
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in to)
        update += f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""
        said = {"UpdateExpression": update, "ConditionExpression": condition}
        return {
            "TableName": self.table,
            "Key": self.key(key),
            **self._expressions(said, {**to, **values}),
        }

    def delete(self, key: str) -> Request:
        """Removes a record."""
        return {"TableName": self.table, "Key": self.key(key)}

    def revoke(self, key: str, user: str) -> Request:
        """Removes a record of the user's, and answers with it."""
        condition = {"ConditionExpression": "#user = :user"}
        return {
            **self.delete(key),
            **self._expressions(condition, {"user": user}),
            "ReturnValues": "ALL_OLD",
        }

    def name(self, key: str, entry: Entry, now: int) -> Request:
        """Has the index name a record of a user's; its end there is only raised."""
        ttl = _ttl(_indexed(entry))
        if ttl is None:
            update: Request = {"UpdateExpression": "SET #written = :written REMOVE #ttl"}
            values = {"written": now}
        else:
            update = {
                "UpdateExpression": "SET #written = :written, #ttl = :ttl",
                "ConditionExpression": "attribute_not_exists(#pk) OR #ttl <= :ttl",
            }
            values = {"written": now, "ttl": ttl}
        return self._of_index(entry.user or "", key, update, values)

    def name_again(self, key: str, entry: Entry, now: int) -> Request:
        """As ``name``, where it is named for longer."""
        update = {
            "UpdateExpression": "SET #written = :written",
            "ConditionExpression": "attribute_exists(#pk)",
        }
        return self._of_index(entry.user or "", key, update, {"written": now})

    def forget(self, user: str, named: Named) -> Request:
        """Removes what the index says, unless it was said again."""
        condition = {"ConditionExpression": "#written = :written"}
        return self._of_index(user, named.key, condition, {"written": named.written})

    def named(self, user: str, start: Any) -> Request:
        """Reads the index, from ``start`` on."""
        return {
            "TableName": self.table,
            "ConsistentRead": True,
            **self._expressions({"KeyConditionExpression": "#pk = :pk"}, {"pk": _index(user)}),
            **({"ExclusiveStartKey": start} if start else {}),
        }

    def make(self) -> Request:
        """Makes the table."""
        return {
            "TableName": self.table,
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"} for name, _ in _KEYS
            ],
            "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in _KEYS],
            "BillingMode": "PAY_PER_REQUEST",
        }

    def expire(self) -> Request:
        """Has DynamoDB remove what ended."""
        expiry = {"Enabled": True, "AttributeName": "ttl"}
        return {"TableName": self.table, "TimeToLiveSpecification": expiry}

    def _of_index(self, user: str, key: str, said: Request, values: Mapping[str, Any]) -> Request:
        at = {"pk": self._value(_index(user)), "sk": self._value(key)}
        return {"TableName": self.table, "Key": at, **self._expressions(said, values)}

    def _expressions(self, said: Request, values: Mapping[str, Any]) -> Request:
        """With each name aliased, as hundreds of words are reserved."""
        names = {name for text in said.values() for name in _NAME.findall(text)}
        return {
            **said,
            "ExpressionAttributeNames": {f"#{name}": name for name in sorted(names)},
            "ExpressionAttributeValues": {
                f":{name}": self._value(value) for name, value in values.items()
            },
        }


def wire(value: str | int) -> dict[str, str]:
    """What a client takes; a resource of boto3's takes the value itself."""
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def check(table: Any) -> str:
    """The name of a table, where it is one."""
    if not isinstance(table, str) or not re.fullmatch(r"[a-zA-Z0-9_.-]{3,255}", table):
        raise ConfigError("table is the name of a table in DynamoDB, of 3 to 255 letters")
    return table


def check_keys(described: Mapping[str, Any]) -> None:
    """Refuses a table of another layout."""
    found = [(key["AttributeName"], key["KeyType"]) for key in described["Table"]["KeySchema"]]
    if found != _KEYS:
        raise ConfigError(
            "the table in DynamoDB has other keys than a partition key pk and a sort key sk:"
            " name another table"
        )


def found(item: Item | None, now: int) -> Found | None:
    """What is there, unless it has ended: DynamoDB may take days to remove it."""
    if item is None or ("expires" in item and _number(item["expires"]) <= now):
        return None
    user = _text(item["user"]) if "user" in item else None
    try:
        return Found(Row(_number(item["version"]), _text(item["record"])), user, item)
    except (KeyError, ValueError):
        # Others may have written there: no record reads so, and the session is empty.
        return Found(Row(0, ""), user, item)


def named(item: Item) -> Named:
    """What an item of the index says."""
    ends = (_number(item["ttl"]) * 1000) if "ttl" in item else _NEVER_MS
    return Named(_text(item["sk"]), _number(item["written"]), ends)


def key_in(item: Item) -> str:
    """The key of a record."""
    return _text(item["pk"]).partition(":")[2]


def failure(operation: str, error: Exception) -> Exception | None:
    """What to raise for the client's error; ``None`` where the condition did not hold."""
    response = getattr(error, "response", None)
    # Of a lost connection it is there, and is None.
    said = response.get("Error", {}) if isinstance(response, dict) else {}
    code = str(said.get("Code") or type(error).__name__)
    if code == "ConditionalCheckFailedException":
        return None
    if code == "ValidationException" and "Item size" in str(said.get("Message")):
        return _too_large()
    return DynamoDBError(operation, code)


def ends_of(entry: Entry) -> int:
    """Milliseconds since 1970; late for what does not end."""
    return _NEVER_MS if entry.expires is None else entry.expires


def _indexed(entry: Entry) -> int:
    return min(ends_of(entry) + _SLACK_MS, _NEVER_MS)


def _attributes(entry: Entry, version: int, mark: str) -> dict[str, str | int]:
    if len(entry.text.encode()) > _BYTES:
        raise _too_large()
    found: dict[str, str | int] = {"version": version, "record": entry.text, _slot(version): mark}
    if entry.user is not None:
        found |= {"user": entry.user, "indexed": _indexed(entry)}
    if entry.expires is not None:
        found |= {"expires": entry.expires, "ttl": _ttl(entry.expires) or 0}
    return found


def _too_large() -> TooLarge:
    return TooLarge(f"DynamoDB keeps at most {_BYTES} bytes of a session: put less into it")


def _slot(version: int) -> str:
    return f"w{version % _MARKS}"


def _ttl(ends: int) -> int | None:
    """Seconds since 1970, and rather late than early."""
    return None if ends >= _NEVER_MS else -(-ends // 1000) + 1


def _index(user: str) -> str:
    return f"user:{sha256(user.encode()).hexdigest()}"


def _text(value: Any) -> str:
    return str(value.get("S", "") if isinstance(value, dict) else value)


def _number(value: Any) -> int:
    return int(value.get("N", 0) if isinstance(value, dict) else value)
