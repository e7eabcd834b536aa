# Made of _aio/redis.py by bindings-python/scripts/sync_stores.py: change that, and run it.
"""Sessions in Redis."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha1, sha256
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal, cast

from ... import ambient
from ..._core import STATEMENTS
from ..._errors import ConfigError
from ..._redis_errors import without_command
from .._base import Capabilities, Entry, Row
from ._redis_node import to_node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis import Redis
    from redis.cluster import RedisCluster

_PREFIX = "shortcrust:"


class RedisStore:
    """Sessions in Redis (6 or newer, and what speaks as it does), by a client of redis-py's.

    The client may be one of a single server, of Redis Cluster, or what Sentinel's ``master_for``
    gives. Each method is one round trip; on a cluster a write with a user is two, ``list`` and
    ``revoke`` at most three, since a user's index and records lie on different nodes there. The
    store knows a cluster by the client's ``get_node_from_key``.

    :param wait_replicas: how many replicas must have a write before it is told as done; 0 (the
        default) waits for none, and a master that dies may take writes along that were told as
        done.
    :param wait_ms: for how many milliseconds they are waited for. When they are too few by then
        the write fails with ``TimeoutError``, though the master has it.
    :raises ConfigError: for what is no client, and for numbers that cannot be waited for.
    """

    capabilities: Capabilities = Capabilities(expiry=True)

    def __init__(
        self,
        client: Redis | RedisCluster,
        *,
        wait_replicas: int = 0,
        wait_ms: int = 1_000,
    ) -> None:
        if isinstance(cast(Any, client), type) or not hasattr(client, "register_script"):
            raise ConfigError("a store in Redis takes a client: RedisStore(Redis.from_url(url))")
        if wait_replicas < 0 or wait_ms < 1:
            raise ConfigError(
                "wait_replicas is a number of replicas from 0 on, and wait_ms is milliseconds from"
                " 1 on: RedisStore(client, wait_replicas=1, wait_ms=1_000)"
            )
        self._client = cast(Any, client)
        self._is_cluster = hasattr(client, "get_node_from_key")
        self._wait = (wait_replicas, wait_ms)

    def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """What is under the keys, in their order, in one round trip, or one to each node."""
        commands = [("HMGET", _PREFIX + key, "version", "record") for key in keys]
        if len(commands) == 1:
            # Without a pipeline, which costs the client half as much again.
            return [_row(self._client.execute_command(*commands[0]))]
        return [_row(found) for found in self._at_once(commands)]

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
        self._done("DEL", _PREFIX + key)
        return "done"

    def list(self, user: str) -> Sequence[tuple[str, str]]:
        """The keys and texts of the user's records that have not ended."""
        if self._is_cluster:
            return self._listed(user)
        found = self._run("list", [_index(user)], user, ambient.now_ms())
        return [(_text(key), _text(text)) for key, text in found]

    def revoke(self, user: str, keep: str | None = None) -> int:
        """Removes the user's records but for the key ``keep``, and says how many."""
        if self._is_cluster:
            return self._revoked(user, keep)
        return int(self._written_by("revoke", [_index(user)], user, keep or ""))

    def sweep(self, now: int, limit: int = 1_000) -> int:  # noqa: ARG002
        """Nothing: Redis itself removes what ended."""
        return 0

    def _written(self, mode: str, key: str, entry: Entry) -> str | Row:
        ends = "inf" if entry.expires is None else entry.expires
        # Not the core's random bytes: nobody has to guess it.
        parts = [key, entry.text, ends, ambient.now_ms(), token_hex(8)]
        keys = [_PREFIX + key]
        if entry.user is not None:
            parts.append(entry.user)
            if self._is_cluster:
                # Before the record, which nobody would find if we ended between the two.
                self._written_by("write", [_index(entry.user)], "index", *parts)
            else:
                keys.append(_index(entry.user))
        answer = self._written_by("write", keys, mode, *parts)
        return _row(answer) or "gone" if isinstance(answer, list) else _text(answer)

    def _listed(self, user: str) -> Sequence[tuple[str, str]]:
        keys = [_text(key) for key in self._keys(user, ambient.now_ms())]
        commands = [("HMGET", _PREFIX + key, "user", "record") for key in keys]
        found = dict(zip(keys, self._at_once(commands), strict=True))
        theirs = {
            key: _text(text)
            for key, (owner, text) in found.items()
            if owner is not None and text is not None and _text(owner) == user
        }
        self._drop(user, [key for key in keys if key not in theirs])
        return [*theirs.items()]

    def _revoked(self, user: str, keep: str | None) -> int:
        keys = [_text(key) for key in self._keys(user, 0)]
        keys = [key for key in keys if key != keep]
        remove = STATEMENTS["redis/remove.lua"]
        commands = [("EVAL", remove, 1, _PREFIX + key, user) for key in keys]
        if self._wait[0]:
            counts = [self._done(*command) for command in commands]
        else:
            counts = [*self._at_once(commands)]
        self._drop(user, keys)
        return sum(map(int, counts))

    def _keys(self, user: str, since: int) -> Sequence[Any]:
        found: Sequence[Any] = self._run("read", [_index(user)], since)
        return found

    def _drop(self, user: str, keys: Sequence[str]) -> None:
        if keys:
            self._run("drop", [_index(user)], *keys)

    def _at_once(self, commands: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """On a cluster to all nodes at the same time."""
        with self._client.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            with without_command():
                return cast("list[Any]", pipeline.execute())

    def _written_by(self, name: str, keys: Sequence[str], *values: Any) -> Any:
        if not self._wait[0]:
            return self._run(name, keys, *values)
        return self._done("EVAL", STATEMENTS[f"redis/{name}.lua"], len(keys), *keys, *values)

    def _done(self, *command: Any) -> Any:
        """What may be sent twice, with the replicas that are to have it."""
        replicas, ms = self._wait
        if not replicas:
            return self._client.execute_command(*command)
        key = command[3] if command[0] == "EVAL" else command[1]
        wait = ("WAIT", replicas, ms)
        # WAIT waits for what its own connection wrote, so both go through one.
        if self._is_cluster:
            answer, count = to_node(self._client, key, [command, wait])
        else:
            answer, count = self._at_once([command, wait])
        if count < replicas:
            raise TimeoutError(f"{count} of {replicas} replicas have the write within {ms} ms")
        return answer

    def _run(self, name: str, keys: Sequence[str], *values: Any) -> Any:
        text, digest = _script(name)
        try:
            return self._client.evalsha(digest, len(keys), *keys, *values)
        except Exception as error:
            # The server was started anew, or another one took over.
            if type(error).__name__ != "NoScriptError":
                raise
            return self._client.eval(text, len(keys), *keys, *values)


@lru_cache
def _script(name: str) -> tuple[str, str]:
    """A script and what Redis knows it by."""
    text = STATEMENTS[f"redis/{name}.lua"]
    return text, sha1(text.encode(), usedforsecurity=False).hexdigest()


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
