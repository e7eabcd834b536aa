"""Django's cache in a database table: one statement that compares, which locks the row."""

from __future__ import annotations

import base64
import pickle
from datetime import datetime, timezone
from typing import Any

from django.conf import settings
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Expression
from django.utils.timezone import now

from .._waiting import patiently
from ._types import Answer, Found


class DatabaseSwap:
    """The token is the value's text in the row."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    @classmethod
    def of(cls, cache: BaseCache) -> DatabaseSwap | None:
        """Not in Oracle, which does not compare long texts."""
        own = isinstance(cache, DatabaseCache) and type(cache).get is DatabaseCache.get
        if not own:
            return None
        swap = cls(cache)
        return None if swap.connection.vendor == "oracle" else swap

    @property
    def connection(self) -> BaseDatabaseWrapper:
        return connections[router.db_for_write(self._cache.cache_model_class)]

    def get(self, key: str, *, fresh: bool = False) -> Found | None:
        model = self._cache.cache_model_class
        connection = self.connection if fresh else connections[router.db_for_read(model)]
        statement = "SELECT {value}, {expires} FROM {table} WHERE {cache_key} = %s"
        name = self._cache.make_and_validate_key(key)
        with connection.cursor() as cursor:
            cursor.execute(self._sql(connection, statement), [name])
            row = cursor.fetchone()
        if row is None or _time(connection, row[1]) < now():
            return None
        token = connection.ops.process_clob(row[0])
        value = pickle.loads(base64.b64decode(token.encode()))  # noqa: S301 - as Django's `get`
        return Found(value, token)

    def swap(self, key: str, found: Found, value: object, timeout: float) -> Answer:
        pickled = pickle.dumps(value, self._cache.pickle_protocol)
        text = base64.b64encode(pickled).decode("latin1")
        zone = timezone.utc if settings.USE_TZ else None
        end = datetime.fromtimestamp(int(self._cache.get_backend_timeout(timeout)), zone)
        statement = "UPDATE {table} SET {value} = %s, {expires} = %s"
        return self._if_same(key, found, statement, [text, self._adapted(end)])

    def take(self, key: str, found: Found) -> Answer:
        return self._if_same(key, found, "DELETE FROM {table}", [])

    def _if_same(self, key: str, found: Found, statement: str, values: list[Any]) -> Answer:
        connection = self.connection
        where = " WHERE {cache_key} = %s AND {value} = %s AND {expires} > %s"
        sql = self._sql(connection, statement + where)
        name = self._cache.make_and_validate_key(key)
        moment = self._adapted(now().replace(microsecond=0))

        def execute() -> bool:
            with connection.cursor() as cursor:
                cursor.execute(sql, [*values, name, found.token, moment])
                return bool(cursor.rowcount)

        if patiently(connection, execute):
            return "done"
        return "changed" if self.get(key, fresh=True) else "gone"

    def _adapted(self, moment: datetime) -> Any:
        return self.connection.ops.adapt_datetimefield_value(moment)

    def _sql(self, connection: BaseDatabaseWrapper, statement: str) -> str:
        names = {"table": self._cache._table, "cache_key": "cache_key"}  # noqa: SLF001
        names |= {"value": "value", "expires": "expires"}
        quoted = {name: connection.ops.quote_name(of) for name, of in names.items()}
        return statement.format(**quoted)


def _time(connection: BaseDatabaseWrapper, value: Any) -> datetime:
    """As Django reads the column, whatever the database gives."""
    expression: Any = Expression(output_field=DateTimeField())
    converters = connection.ops.get_db_converters(expression)
    for converter in [*converters, *expression.get_db_converters(connection)]:
        value = converter(value, expression, connection)
    moment: datetime = value
    return moment
