"""Flask-Session's (0.8) rows, in Redis, in SQL, in Memcached and in DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from importlib import import_module
from secrets import token_hex
from typing import Any, NamedTuple, Protocol

from .. import ambient
from .._core import STATEMENTS
from .._redis_errors import without_command
from ..stores._dynamodb import failure
from ..stores._sql_errors import row_hidden

TABLE = "sessions"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc).replace(tzinfo=None)


class Found(NamedTuple):
    """A row that has not ended."""

    data: bytes
    expires: int | None
    """Milliseconds since 1970; ``None`` is never."""


class OldRows(Protocol):
    """What Flask-Session kept, by the session's id, to be taken over."""

    def get(self, sid: str) -> Found | None:
        """The row, if it has not ended."""

    def delete(self, sid: str) -> None:
        """Removes the row."""


class Rows(OldRows, Protocol):
    """What Flask-Session keeps, where it stays."""

    expires_by_itself: bool
    """The server removes what has ended."""

    def add(self, sid: str, data: bytes, expires: int | None) -> bool:
        """Writes where nothing is; whether that was so."""

    def swap(self, sid: str, old: bytes, new: bytes | None, expires: int | None) -> bool:
        """Writes over ``old``, or removes it for ``None``; whether it was still there."""

    def sweep(self, now: int, limit: int) -> int:
        """Removes at most ``limit`` rows that ended before ``now``, and says how many."""


class RedisRows:
    """Under Flask-Session's prefix."""

    expires_by_itself: bool = True

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._swap = client.register_script(
            STATEMENTS["redis/once.lua"] + STATEMENTS["redis/swap_text.lua"]
        )

    def get(self, sid: str) -> Found | None:
        with without_command(), self._client.pipeline(transaction=False) as pipeline:
            data, left = pipeline.get(self._prefix + sid).pttl(self._prefix + sid).execute()
        if not data:
            return None
        return Found(_bytes(data), ambient.now_ms() + left if left >= 0 else None)

    def add(self, sid: str, data: bytes, expires: int | None) -> bool:
        return bool(self._client.set(self._prefix + sid, data, px=_left(expires), nx=True))

    def swap(self, sid: str, old: bytes, new: bytes | None, expires: int | None) -> bool:
        left = "" if expires is None else _left(expires)
        values = [token_hex(8), old] if new is None else [token_hex(8), old, new, left]
        return bool(self._swap([self._prefix + sid], values))

    def delete(self, sid: str) -> None:
        self._client.delete(self._prefix + sid)

    def sweep(self, now: int, limit: int) -> int:  # noqa: ARG002
        return 0


class SQLRows:
    """In Flask-Session's table. Each method commits by itself."""

    expires_by_itself: bool = False

    def __init__(self, engine: Any, prefix: str, table: Any) -> None:
        self._engine = engine
        self._prefix = prefix
        self._table = table
        self._sql = import_module("sqlalchemy")

    def get(self, sid: str) -> Found | None:
        with row_hidden(), self._engine.connect() as connection:
            found = connection.execute(self._table.select().where(self._is(sid))).first()
        if not found or not found.expiry:
            return None
        expires = _millis(found.expiry)
        return Found(bytes(found.data), expires) if expires > ambient.now_ms() else None

    def add(self, sid: str, data: bytes, expires: int | None) -> bool:
        values = {"session_id": self._prefix + sid, "data": data, "expiry": _moment(expires)}
        try:
            self._run(self._table.insert().values(**values))
        except self._sql.exc.IntegrityError:
            return False
        return True

    def swap(self, sid: str, old: bytes, new: bytes | None, expires: int | None) -> bool:
        where = self._sql.and_(self._is(sid), self._table.c.data == old)
        if new is None:
            return self._run(self._table.delete().where(where)) > 0
        update = self._table.update().where(where).values(data=new, expiry=_moment(expires))
        return self._run(update) > 0

    def delete(self, sid: str) -> None:
        self._run(self._table.delete().where(self._is(sid)))

    def sweep(self, now: int, limit: int) -> int:
        columns = self._table.c
        ended = columns.expiry < _moment(now)
        with row_hidden(), self._engine.connect() as connection:
            query = self._sql.select(columns.session_id).where(ended).limit(limit)
            keys = connection.execute(query).scalars().all()
        # Whoever writes one of them meanwhile gives it another end.
        where = self._sql.and_(columns.session_id.in_(keys), ended)
        return self._run(self._table.delete().where(where)) if keys else 0

    def _is(self, sid: str) -> Any:
        return self._table.c.session_id == self._prefix + sid

    def _run(self, statement: Any) -> int:
        with row_hidden(), self._engine.begin() as connection:
            return int(connection.execute(statement).rowcount)


class MemcachedRows:
    """Under Flask-Session's prefix, to be taken over: Memcached tells no row's end."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def get(self, sid: str) -> Found | None:
        data = self._client.get(self._prefix + sid)
        # With a serde of its own the client answers with anything.
        is_row = isinstance(data, (bytes, str)) and len(data) > 0
        return Found(_bytes(data), None) if is_row else None

    def delete(self, sid: str) -> None:
        self._client.delete(self._prefix + sid)


class DynamoDBRows:
    """In Flask-Session's table, to be taken over."""

    def __init__(self, table: Any, prefix: str) -> None:
        self._table = table
        self._prefix = prefix

    def get(self, sid: str) -> Found | None:
        item = self._ask("get_item", sid, ConsistentRead=True).get("Item", {})
        # A row that others wrote may have any types.
        data = getattr(item.get("val"), "value", None)
        if not isinstance(data, (bytes, bytearray)) or not data:
            return None
        try:
            # Flask-Session takes UTC for the server's own time when it counts the seconds.
            expires = _millis(datetime.fromtimestamp(float(item["expiration"])))  # noqa: DTZ006
        except (KeyError, TypeError, ValueError, OverflowError, OSError):
            return None
        return Found(bytes(data), expires) if expires > ambient.now_ms() else None

    def delete(self, sid: str) -> None:
        self._ask("delete_item", sid)

    def _ask(self, operation: str, sid: str, **options: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._table, operation)(
                Key={"id": self._prefix + sid}, **options
            )
        except Exception as error:  # noqa: BLE001
            failed = failure(operation, error)
        else:
            return answer
        # Not within the except, whose error may show the id.
        raise failed or RuntimeError(operation)


def dynamodb_rows(resource: Any, name: str, prefix: str) -> DynamoDBRows | None:
    """``None`` where Flask-Session never made its table."""
    try:
        resource.meta.client.describe_table(TableName=name)
    except resource.meta.client.exceptions.ResourceNotFoundException:
        return None
    return DynamoDBRows(resource.Table(name), prefix)


def sql_rows(
    engine: Any, config: Mapping[str, Any], prefix: str, metadata: Any, *, is_needed: bool
) -> SQLRows | None:
    """``None`` where Flask-Session never made its table, unless it ``is_needed``."""
    sql = import_module("sqlalchemy")
    name = str(config.get("SESSION_SQLALCHEMY_TABLE", TABLE))
    schema = config.get("SESSION_SQLALCHEMY_SCHEMA")
    if not sql.inspect(engine).has_table(name, schema=schema):
        if not is_needed:
            return None
        _made(sql, engine, config, sql.Table(name, sql.MetaData(), schema=schema))
    table = sql.Table(name, metadata, schema=schema, autoload_with=engine, extend_existing=True)
    return SQLRows(engine, prefix, table)


def _made(sql: Any, engine: Any, config: Mapping[str, Any], table: Any) -> None:
    """As Flask-Session makes it."""
    sequence = config.get("SESSION_SQLALCHEMY_SEQUENCE")
    counted = [sql.Sequence(sequence)] if sequence else []
    columns = [
        sql.Column("id", sql.Integer, *counted, primary_key=True),
        sql.Column("session_id", sql.String(255), unique=True),
        sql.Column("data", sql.LargeBinary),
        sql.Column("expiry", sql.DateTime),
    ]
    for column in columns:
        table.append_column(column)
    table.create(engine, checkfirst=True)


def _left(expires: int | None) -> int | None:
    """Milliseconds, of which Redis wants one at least."""
    return None if expires is None else max(expires - ambient.now_ms(), 1)


def _moment(millis: int | None) -> datetime | None:
    """Flask-Session writes UTC without saying so."""
    return None if millis is None else _EPOCH + timedelta(milliseconds=millis)


def _millis(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _bytes(value: Any) -> bytes:
    """With ``decode_responses`` a client answers with text."""
    return value.encode() if isinstance(value, str) else bytes(value)
