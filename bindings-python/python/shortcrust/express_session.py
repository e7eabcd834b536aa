"""The rows that express-session's stores keep, for a reader of our own fronts.

Each session is taken over when its browser comes by::

    reader = {
        "format": "express-session",
        "store": RedisRows(client),
        "secrets": [...],
        "until": "2027-03-01",
    }

``RedisRows`` and ``SQLRows`` are for Flask, ``AsyncRedisRows`` and ``AsyncSQLRows`` for Starlette
and FastAPI. For another server write a class with ``read`` and ``remove``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from . import ambient
from .stores._sql_errors import row_hidden

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncRedisRows", "AsyncRows", "AsyncSQLRows", "RedisRows", "Rows", "SQLRows"]


class Rows(Protocol):
    """Where rows lie, by the ids that express-session's cookies have. A failure is its client's."""

    def read(self, id: str) -> str | None:
        """The JSON of a row, with its ``cookie``; ``None`` where there is none or it has ended."""

    def remove(self, id: str) -> None:
        """Called when the session is ours, once more or later too."""


class AsyncRows(Protocol):
    """As :class:`Rows`, with methods that are awaited."""

    async def read(self, id: str) -> str | None:
        """As in :class:`Rows`."""

    async def remove(self, id: str) -> None:
        """As in :class:`Rows`."""


class _Shared:
    """A copy of a configuration goes on with the same client."""

    def __deepcopy__(self, memo: object) -> Self:
        return self


class _OfRedis(_Shared):
    def __init__(self, client: Any, prefix: str = "sess:") -> None:
        self._client = client
        self._prefix = prefix


class RedisRows(_OfRedis):
    """connect-redis' (6 to 10): ``client`` is a ``redis.Redis``, ``prefix`` the store's."""

    def read(self, id: str) -> str | None:
        return _text(self._client.get(self._prefix + id))

    def remove(self, id: str) -> None:
        self._client.delete(self._prefix + id)


class AsyncRedisRows(_OfRedis):
    """As :class:`RedisRows`; ``client`` is a ``redis.asyncio.Redis``."""

    async def read(self, id: str) -> str | None:
        return _text(await self._client.get(self._prefix + id))

    async def remove(self, id: str) -> None:
        await self._client.delete(self._prefix + id)


class _OfSQL(_Shared):
    def __init__(self, engine: Any, table: str = "session", schema: str | None = None) -> None:
        sql = import_module("sqlalchemy")
        columns = map(sql.column, ("sid", "sess", "expire"))
        self._engine = engine
        self._sql = sql
        self._table = sql.table(table, *columns, schema=schema)

    def _query(self, id: str) -> Any:
        sql, columns = self._sql, self._table.c
        # As connect-pg-simple looks for it: its column has no time zone, so the server's counts.
        is_live = columns.expire >= sql.func.to_timestamp(ambient.now_ms() / 1000)
        text = sql.cast(columns.sess, sql.Text)
        return sql.select(text).where(columns.sid == id, is_live)

    def _removal(self, id: str) -> Any:
        return self._table.delete().where(self._table.c.sid == id)


class SQLRows(_OfSQL):
    """connect-pg-simple's (9 and 10): ``engine`` is SQLAlchemy's, for the same database.

    ``table`` and ``schema`` are what the store's ``tableName`` and ``schemaName`` were.
    """

    def read(self, id: str) -> str | None:
        with row_hidden(), self._engine.connect() as connection:
            return _text(connection.execute(self._query(id)).scalar())

    def remove(self, id: str) -> None:
        with row_hidden(), self._engine.begin() as connection:
            connection.execute(self._removal(id))


class AsyncSQLRows(_OfSQL):
    """As :class:`SQLRows`; ``engine`` is an ``AsyncEngine``."""

    async def read(self, id: str) -> str | None:
        with row_hidden():
            async with self._engine.connect() as connection:
                return _text((await connection.execute(self._query(id))).scalar())

    async def remove(self, id: str) -> None:
        with row_hidden():
            async with self._engine.begin() as connection:
                await connection.execute(self._removal(id))


def _text(row: bytes | str | None) -> str | None:
    """With ``decode_responses`` a client answers with text."""
    return row.decode("utf-8", "replace") if isinstance(row, bytes) else row
