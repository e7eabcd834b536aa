"""Where sessions are kept: memory, files, SQL, Redis, Memcached, DynamoDB; each sync and async.

A store of your own has the methods of :class:`Store` or :class:`AsyncStore`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._errors import Unsupported
from ._base import AsyncStore, Capabilities, Entry, Row, Store

if TYPE_CHECKING:
    from ._aio.dynamodb import AsyncDynamoDBStore
    from ._aio.file import AsyncFileStore
    from ._aio.memcached import AsyncMemcachedStore
    from ._aio.memory import AsyncMemoryStore
    from ._aio.redis import AsyncRedisStore
    from ._aio.sqlalchemy import AsyncSQLAlchemyStore
    from ._aio.sqlite import AsyncSQLiteStore
    from ._sync.dynamodb import DynamoDBStore
    from ._sync.file import FileStore
    from ._sync.memcached import MemcachedStore
    from ._sync.memory import MemoryStore
    from ._sync.redis import RedisStore
    from ._sync.sqlalchemy import SQLAlchemyStore
    from ._sync.sqlite import SQLiteStore

__all__ = [
    "AsyncDynamoDBStore",
    "AsyncFileStore",
    "AsyncMemcachedStore",
    "AsyncMemoryStore",
    "AsyncRedisStore",
    "AsyncSQLAlchemyStore",
    "AsyncSQLiteStore",
    "AsyncStore",
    "Capabilities",
    "DynamoDBStore",
    "Entry",
    "FileStore",
    "MemcachedStore",
    "MemoryStore",
    "RedisStore",
    "Row",
    "SQLAlchemyStore",
    "SQLiteStore",
    "Store",
    "Unsupported",
]


def __getattr__(name: str) -> Any:
    """A store is imported when it is asked for, as not everyone has its client."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    folder = "_aio" if name.startswith("Async") else "_sync"
    module = name.removeprefix("Async").removesuffix("Store").lower()
    return getattr(import_module(f"{__name__}.{folder}.{module}"), name)
