"""Sessions in PostgreSQL or SQLite, by SQLAlchemy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import BigInteger, Column, Index, Table, Text, text
from sqlalchemy.exc import StatementError

from ..._errors import ConfigError
from .. import _sql
from .._base import Capabilities, Entry, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import MetaData
    from sqlalchemy.ext.asyncio import AsyncEngine

# Two servers that start at once would otherwise both make the table, and one of them fail.
_ALONE = "SELECT pg_advisory_xact_lock(hashtext('shortcrust_session'))"


class AsyncSQLAlchemyStore:
    """Sessions in the database of an engine of SQLAlchemy's (2.0): PostgreSQL or SQLite.

    Call ``create_tables`` once, when you deploy, or have your migrations make the table that
    docs/record-v1.md shows. Each method is a statement that commits by itself.
    """

    capabilities: Capabilities = Capabilities()

    def __init__(self, engine: AsyncEngine) -> None:
        if not hasattr(engine, "dialect"):
            raise ConfigError("a store of SQLAlchemy's takes an engine: create_engine(url)")
        if engine.dialect.name not in ("postgresql", "sqlite"):
            raise ConfigError(
                f"there is no SQL for {engine.dialect.name}: use PostgreSQL or SQLite"
            )
        self._transactional = engine
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._sweep = _sql.sweep(engine.dialect.name)

    @staticmethod
    def table(metadata: MetaData) -> Table:
        """The table in a ``MetaData`` of the application's.

        Alembic compares a database with that, and a table that is not in it would be dropped by
        the next migration that it generates.
        """
        if "shortcrust_session" in metadata.tables:
            return metadata.tables["shortcrust_session"]
        table = Table(
            "shortcrust_session",
            metadata,
            Column("key", Text, primary_key=True),
            Column("version", BigInteger, nullable=False),
            Column("user_id", Text),
            Column("expires", BigInteger),
            Column("record", Text, nullable=False),
        )
        Index("shortcrust_session_user_id", table.c.user_id)
        Index("shortcrust_session_expires", table.c.expires)
        return table

    async def create_tables(self) -> None:
        """Makes the table and its indexes, if they are not there."""
        lock = [_ALONE] if self._engine.dialect.name == "postgresql" else []
        async with self._transactional.begin() as connection:
            for statement in [*lock, *_sql.TABLES]:
                await connection.execute(text(statement))

    async def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """What is under the keys, in their order, by one statement."""
        found, _ = await self._run(*_sql.load(keys))
        return _sql.in_order(keys, found)

    async def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """Writes where nothing is."""
        _, count = await self._run(_sql.CREATE, _sql.written(key, entry))
        return "done" if count else "exists"

    async def put(self, key: str, entry: Entry) -> Literal["done"]:
        """Writes, whatever is there."""
        await self._run(_sql.PUT, _sql.written(key, entry))
        return "done"

    async def save(self, key: str, version: int, entry: Entry) -> Literal["done", "gone"] | Row:
        """Writes only over ``version``, and raises it by one."""
        _, count = await self._run(_sql.SAVE, _sql.written(key, entry) | {"version": version})
        if count:
            return "done"
        (row,) = await self.load([key])
        return row or "gone"

    async def delete(self, key: str) -> Literal["done"]:
        """Removes the record, if there is one."""
        await self._run(_sql.DELETE, {"key": key})
        return "done"

    async def list(self, user: str) -> Sequence[tuple[str, str]]:
        """The keys and texts of the user's records that have not ended."""
        found, _ = await self._run(_sql.LIST, _sql.listed(user))
        return [(key, record) for key, record in found]

    async def revoke(self, user: str, keep: str | None = None) -> int:
        """Removes the user's records but for the key ``keep``, and says how many."""
        _, count = await self._run(_sql.REVOKE, {"user": user, "keep": keep or ""})
        return count

    async def sweep(self, now: int, limit: int = 1_000) -> int:
        """Removes at most ``limit`` records that ended before ``now`` (ms), and says how many."""
        _, count = await self._run(self._sweep, {"now": now, "limit": limit})
        return count

    async def _run(self, statement: str, parameters: _sql.Parameters) -> tuple[Sequence[Any], int]:
        """The rows that were found, and how many were changed."""
        async with self._engine.connect() as connection:
            try:
                result: Any = await connection.execute(text(statement), parameters)
            except StatementError as error:
                # Its message would have the record.
                error.hide_parameters = True
                raise
            return (result.fetchall() if result.returns_rows else []), result.rowcount
