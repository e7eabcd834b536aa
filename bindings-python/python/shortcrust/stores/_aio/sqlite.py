"""Sessions in a file, by SQLite."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager, suppress
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING, Any, Literal

from ..._errors import ConfigError
from .. import _sql
from .._base import Capabilities, Entry, Row
from ._blocking import blocking
from .slices import in_slices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# Seconds until a database is asked again that another process just prepares.
_PAUSE = 0.01


class AsyncSQLiteStore:
    """Sessions in a file of one machine, shared by all its threads and processes.

    ``database`` is a path, or a function that opens a connection with ``check_same_thread=False``.
    The table is made at the first use. A write waits up to ``busy_timeout`` seconds for another
    process's. In asyncio the work is done in threads.
    """

    capabilities: Capabilities = Capabilities()

    def __init__(
        self,
        database: str | os.PathLike[str] | Callable[[], sqlite3.Connection],
        *,
        busy_timeout: float = 5.0,
    ) -> None:
        self._open = database if callable(database) else _opener(os.fspath(database))
        self._busy_timeout = int(busy_timeout * 1000)
        self._owner = 0
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._inherited: list[LifoQueue[sqlite3.Connection]] = []

    async def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """What is under the keys, in their order, by one statement."""
        found, _ = await blocking(self._run, *_sql.load(keys))
        return _sql.in_order(keys, found)

    async def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """Writes where nothing is."""
        _, count = await blocking(self._run, _sql.CREATE, _sql.written(key, entry))
        return "done" if count else "exists"

    async def put(self, key: str, entry: Entry) -> Literal["done"]:
        """Writes, whatever is there."""
        await blocking(self._run, _sql.PUT, _sql.written(key, entry))
        return "done"

    async def save(self, key: str, version: int, entry: Entry) -> Literal["done", "gone"] | Row:
        """Writes only over ``version``, and raises it by one."""
        parameters = _sql.written(key, entry) | {"version": version}
        _, count = await blocking(self._run, _sql.SAVE, parameters)
        if count:
            return "done"
        (row,) = await self.load([key])
        return row or "gone"

    async def delete(self, key: str) -> Literal["done"]:
        """Removes the record, if there is one."""
        await blocking(self._run, _sql.DELETE, {"key": key})
        return "done"

    async def list(self, user: str) -> Sequence[tuple[str, str]]:
        """The keys and texts of the user's records that have not ended."""
        found, _ = await blocking(self._run, _sql.LIST, _sql.listed(user))
        return _sql.listing(found)

    async def revoke(self, user: str, keep: str | None = None) -> int:
        """Removes the user's records but for the key ``keep``, and says how many."""
        parameters = {"user": user, "keep": keep or ""}
        _, count = await blocking(self._run, _sql.REVOKE, parameters)
        return count

    async def sweep(self, now: int, limit: int = 1_000) -> int:
        """Removes at most ``limit`` records that ended before ``now`` (ms), and says how many."""
        return await in_slices(lambda some: blocking(self._sweep, now, some), limit)

    async def close(self) -> None:
        """Closes the connections that nobody uses; the next use opens new ones."""
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def _sweep(self, now: int, limit: int) -> int:
        return self._run(_sql.statement("sweep", "sqlite"), {"now": now, "limit": limit})[1]

    def _run(self, statement: str, parameters: _sql.Parameters) -> tuple[Sequence[Any], int]:
        """The rows that were found, and how many were changed. A statement is a transaction."""
        with self._connection() as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall(), cursor.rowcount

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """One that nobody else uses."""
        if self._owner != os.getpid():
            # SQLite forbids to use, and to close, a connection from before a fork.
            self._inherited.append(self._idle)
            self._owner, self._idle = os.getpid(), LifoQueue()
        idle = self._idle
        try:
            connection = idle.get_nowait()
        except Empty:
            connection = self._connected()
        try:
            yield connection
        finally:
            idle.put(connection)

    def _connected(self) -> sqlite3.Connection:
        connection = self._open()
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Every statement commits by itself.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {self._busy_timeout}")
        deadline = time.monotonic() + self._busy_timeout / 1000
        while True:
            try:
                _make(connection)
                return
            except sqlite3.OperationalError as error:  # noqa: PERF203 - it is seldom tried twice
                # For a change of the mode SQLite asks the busy handler not, or not always.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)


def _make(connection: sqlite3.Connection) -> None:
    known = "SELECT 1 FROM sqlite_master WHERE name = 'shortcrust_session_expires'"
    # The last that is made: a connection to a database that is ready waits for no writer.
    if connection.execute(known).fetchone() is None:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _sql.TABLES:
            connection.execute(statement)
        connection.execute("COMMIT")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")


def _opener(path: str) -> Callable[[], sqlite3.Connection]:
    if path in ("", ":memory:"):
        raise ConfigError("a database in memory is another one in each connection: use MemoryStore")

    def connected() -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False)
        # A logout is to outlast a power cut: each commit is on the disk before it is answered.
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    return connected
