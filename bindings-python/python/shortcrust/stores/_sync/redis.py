# Made of _aio/redis.py by bindings-python/scripts/sync_stores.py: change that, and run it.
"""Sessions in Redis."""

from __future__ import annotations

from hashlib import sha256
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal, cast

from ... import ambient
from ..._core import STATEMENTS
from ..._errors import ConfigError
from .._base import Capabilities, Entry, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis import Redis

_PREFIX = "shortcrust:"


class RedisStore:
    """Sessions in Redis (6 or newer, and what speaks as it does), by a client of redis-py's.

    Each method is one round trip. The scripts touch a user's index and records together, so it
    goes with one server and its replicas, and not with Redis Cluster.
    """

    capabilities: Capabilities = Capabilities(expiry=True)

    def __init__(self, client: Redis) -> None:
        if isinstance(cast(Any, client), type) or not hasattr(client, "register_script"):
            raise ConfigError("a store in Redis takes a client: RedisStore(Redis.from_url(url))")
        self._client = client
        self._write = client.register_script(STATEMENTS["redis/write.lua"])
        self._list = client.register_script(STATEMENTS["redis/list.lua"])
        self._revoke = client.register_script(STATEMENTS["redis/revoke.lua"])

    def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """What is under the keys, in their order, in one round trip."""
        with self._client.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.hmget(_PREFIX + key, ["version", "record"])
            return [_row(found) for found in pipeline.execute()]

    def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """Writes where nothing is."""
        return "done" if self._written("create", key, entry) == "done" else "exists"

    def put(self, key: str, entry: Entry) -> Literal["done"]:
        """Writes, whatever is there."""
        self._written("put", key, entry)
        return "done"

    def save(self, key: str, version: int, entry: Entry) -> Literal["done", "gone"] | Row:
        """Writes only over ``version``, and raises it by one."""
        answer = self._written(str(version), key, entry)
        if isinstance(answer, Row):
            return answer
        return "done" if answer == "done" else "gone"

    def delete(self, key: str) -> Literal["done"]:
        """Removes the record, if there is one."""
        self._client.delete(_PREFIX + key)
        return "done"

    def list(self, user: str) -> Sequence[tuple[str, str]]:
        """The keys and texts of the user's records that have not ended."""
        found = self._list([_index(user)], [user, ambient.now_ms()])
        return [(_text(key), _text(text)) for key, text in found]

    def revoke(self, user: str, keep: str | None = None) -> int:
        """Removes the user's records but for the key ``keep``, and says how many."""
        return int(self._revoke([_index(user)], [user, keep or ""]))

    def sweep(self, now: int, limit: int = 1_000) -> int:  # noqa: ARG002
        """Nothing: Redis itself removes what ended."""
        return 0

    def _written(self, mode: str, key: str, entry: Entry) -> str | Row:
        keys = [_PREFIX + key]
        if entry.user is not None:
            keys.append(_index(entry.user))
        ends = "inf" if entry.expires is None else entry.expires
        # Not the core's random bytes: nobody has to guess it.
        parts = [mode, key, entry.text, ends, ambient.now_ms(), entry.user or "", token_hex(8)]
        answer = self._write(keys, parts)
        return _row(answer) or "gone" if isinstance(answer, list) else _text(answer)


def _index(user: str) -> str:
    return f"{_PREFIX}user:{sha256(user.encode()).hexdigest()}"


def _row(found: Sequence[Any]) -> Row | None:
    version, record = found
    if version is None or record is None:
        return None
    try:
        return Row(int(version), _text(record))
    except ValueError:
        # Others may have written there: no record reads so, and the session is empty.
        return Row(0, "")


def _text(value: Any) -> str:
    """A client answers with bytes, or with ``decode_responses`` with text."""
    return value.decode() if isinstance(value, bytes) else str(value)
