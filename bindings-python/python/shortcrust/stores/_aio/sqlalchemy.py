"""Sessions in PostgreSQL, MySQL, MariaDB or SQLite, by SQLAlchemy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import BigInteger, Column, Index, Table, Text, text
from sqlalchemy.dialects.mysql import LONGTEXT, VARCHAR
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from ..._errors import ConfigError
from .. import _sql
from .._base import Capabilities, Entry, Row
from .._sql_errors import without_row
from .slices import in_slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import MetaData
    from sqlalchemy.ext.asyncio import AsyncEngine

# Two servers that start at once would otherwise both make the table, and one of them fail.
_ALONE = "SELECT pg_advisory_xact_lock(hashtext('shortcrust_session'))"


_DUPLICATE = 1062
_DEADLOCK = 1213
"""MySQL has undone the whole transaction, so it may be tried again."""
_TRIES = 5

_KEY = Text().with_variant(VARCHAR(255, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
_USER = Text().with_variant(
    VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)
_RECORD = Text().with_variant(
    LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)


class AsyncSQLAlchemyStore:
    """Sessions in the database of an engine of SQLAlchemy's (2.0).

    That is PostgreSQL, SQLite, MariaDB (10.6 or newer) or MySQL (8.0 or newer). Call
    ``create_tables`` once, when you deploy, or have your migrations make the table that
    docs/record-v1.md shows. Each method commits by itself.
    """

    capabilities: Capabilities = Capabilities()

    def __init__(self, engine: AsyncEngine) -> None:
        if not hasattr(engine, "dialect"):
            raise ConfigError("a store of SQLAlchemy's takes an engine: create_engine(url)")
        if engine.dialect.name not in ("postgresql", "sqlite", "mysql", "mariadb"):
            raise ConfigError(
                f"there is no SQL for {engine.dialect.name}: "
                "use PostgreSQL, MySQL, MariaDB or SQLite"
            )
        self._transactional = engine
        self._is_mysql = engine.dialect.name in ("mysql", "mariadb")
        self._dialect = "mysql" if self._is_mysql else engine.dialect.name
        # MySQL's drivers would send four statements more to switch it on and off.
        self._engine = (
            engine if self._is_mysql else engine.execution_options(isolation_level="AUTOCOMMIT")
        )

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
            Column("key", _KEY, primary_key=True),
            Column("version", BigInteger, nullable=False),
            Column("user_id", _USER),
            Column("expires", BigInteger),
            Column("record", _RECORD, nullable=False),
            mysql_engine="InnoDB",
            mariadb_engine="InnoDB",
        )
        Index("shortcrust_session_user_id", table.c.user_id)
        Index("shortcrust_session_expires", table.c.expires)
        return table

    async def create_tables(self) -> None:
        """Makes the table and its indexes, if they are not there."""
        lock = [_ALONE] if self._engine.dialect.name == "postgresql" else []
        async with self._transactional.begin() as connection:
            for statement in [*lock, *_sql.statement("tables", self._dialect).split(";")]:
                await connection.execute(text(statement))

    async def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """What is under the keys, in their order, by one statement."""
        found, _ = await self._run(*_sql.load(keys))
        return _sql.in_order(keys, found)

    async def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """Writes where nothing is."""
        create = _sql.statement("create", self._dialect)
        try:
            _, count = await self._run(create, _sql.written(key, entry))
        except IntegrityError as error:
            if self._is_mysql and _code(error) == _DUPLICATE:
                return "exists"
            raise
        return "done" if count else "exists"

    async def put(self, key: str, entry: Entry) -> Literal["done"]:
        """Writes, whatever is there."""
        await self._run(_sql.statement("put", self._dialect), _sql.written(key, entry))
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
        return _sql.listing(found)

    async def revoke(self, user: str, keep: str | None = None) -> int:
        """Removes the user's records but for the key ``keep``, and says how many."""
        named: _sql.Parameters = {"user": user, "keep": keep or ""}
        if not self._is_mysql:
            return (await self._run(_sql.REVOKE, named))[1]
        found, _ = await self._run(_sql.statement("owned", "mysql"), named)
        revoked = 0
        for some in _sql.batches(found):
            statement, keys = _sql.by_keys("revoke_mysql", some)
            _, count = await self._run(statement, {"user": user, **keys})
            revoked += count
        return revoked

    async def sweep(self, now: int, limit: int = 1_000) -> int:
        """Removes at most ``limit`` records that ended before ``now`` (ms), and says how many."""
        if self._dialect == "sqlite":
            return await in_slices(lambda some: self._sweep(now, some), limit)
        if not self._is_mysql:
            return await self._sweep(now, limit)
        found, _ = await self._run(_sql.statement("ended", "mysql"), {"now": now, "limit": limit})
        swept = 0
        for some in _sql.batches(found):
            swept += await self._sweep_keys(now, some)
        return swept

    async def _sweep(self, now: int, limit: int) -> int:
        statement = _sql.statement("sweep", self._dialect)
        return (await self._run(statement, {"now": now, "limit": limit}))[1]

    async def _sweep_keys(self, now: int, keys: Sequence[str]) -> int:
        """Removes of the keys those whose record ended and that nobody holds."""
        try:
            return await self._swept(now, keys)
        except StatementError as error:
            without_row(error)
            raise

    async def _swept(self, now: int, keys: Sequence[str]) -> int:
        # So that InnoDB locks no gap, and keeps no row locked that the statement passed over.
        engine = self._transactional.execution_options(isolation_level="READ COMMITTED")
        statement, parameters = _sql.by_keys("hold_mysql", keys)
        async with engine.begin() as connection:
            found = await connection.execute(text(statement), {"now": now, **parameters})
            held = [key for (key,) in found]
            if not held:
                return 0
            statement, parameters = _sql.by_keys("sweep_mysql", held)
            return (await connection.execute(text(statement), parameters)).rowcount

    async def _run(
        self, statement: str, parameters: _sql.Parameters, tries: int = _TRIES
    ) -> tuple[Sequence[Any], int]:
        """The rows that were found, and how many were changed."""
        try:
            return await self._once(statement, parameters)
        except StatementError as error:
            without_row(error)
            if not (self._is_mysql and _code(error) == _DEADLOCK and tries > 1):
                raise
        return await self._run(statement, parameters, tries - 1)

    async def _once(self, statement: str, parameters: _sql.Parameters) -> tuple[Sequence[Any], int]:
        async with self._engine.connect() as connection:
            result: Any = await connection.execute(text(statement), parameters)
            if result.returns_rows:
                return result.fetchall(), result.rowcount
            if self._is_mysql:
                await connection.commit()
            return [], result.rowcount


def _code(error: StatementError) -> object:
    """MySQL's number; some drivers of asyncio wrap their error once more."""
    arguments = error.orig.args if isinstance(error, DBAPIError) and error.orig else ()
    while arguments and isinstance(arguments[0], BaseException):
        arguments = arguments[0].args
    return arguments[0] if arguments else None
