"""Every store, sync and async, on its real server."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aioboto3  # type: ignore[import-untyped]
import boto3  # type: ignore[import-untyped]
import groups
import pytest
import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel
import servers
import sqlalchemy
from pymemcache import PooledClient  # type: ignore[import-untyped]
from shortcrust import stores
from shortcrust.testing.stores import in_loop
from sqlalchemy.ext.asyncio import create_async_engine


def unique(what: str) -> str:
    return f"{what}-{uuid4().hex}"


def redis_client(**options: Any) -> redis.Redis:
    return redis.Redis.from_url(servers.shared_url(servers.Redis), **options)


@contextmanager
def postgres_engine() -> Iterator[sqlalchemy.Engine]:
    with postgres_schema() as options:
        engine = sqlalchemy.create_engine(**options)
        yield engine
        engine.dispose()


@contextmanager
def postgres_schema() -> Iterator[dict[str, Any]]:
    """What an engine needs to work in a schema of its own, which goes in the end."""
    url = servers.shared_url(servers.Postgres).replace("postgresql:", "postgresql+psycopg:", 1)
    name = unique("test").replace("-", "_")
    owner = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE SCHEMA {name}"))
        try:
            yield {
                "url": url,
                "connect_args": {"options": f"-csearch_path={name} -clock_timeout=5s"},
            }
        finally:
            connection.execute(sqlalchemy.text(f"DROP SCHEMA {name} CASCADE"))
    owner.dispose()


@contextmanager
def mariadb_url(driver: str = "pymysql") -> Iterator[str]:
    """Of a database of its own, which goes in the end."""
    url = servers.shared_url(servers.MariaDB).replace("mysql:", "mysql+pymysql:", 1)
    name = unique("test").replace("-", "_")
    owner = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
        try:
            own = owner.url.set(drivername=f"mysql+{driver}", database=name)
            yield own.render_as_string(hide_password=False)
        finally:
            connection.execute(sqlalchemy.text(f"DROP DATABASE {name}"))
    owner.dispose()


@contextmanager
def mariadb_engine(driver: str = "pymysql", **options: Any) -> Iterator[sqlalchemy.Engine]:
    with mariadb_url(driver) as url:
        engine = sqlalchemy.create_engine(url, **options)
        yield engine
        engine.dispose()


def mariadb(driver: str) -> Callable[..., AbstractAsyncContextManager[Any]]:
    """By SQLAlchemy's name of the driver."""
    return partial(_mariadb, driver)


@asynccontextmanager
async def _mariadb(driver: str, kind: Any, _: Path) -> AsyncIterator[Any]:
    if driver == "mysqldb":
        pytest.importorskip("MySQLdb", reason="mysqlclient is not built: make test-long builds it")
    is_async = kind is stores.AsyncSQLAlchemyStore
    make: Any = create_async_engine if is_async else sqlalchemy.create_engine
    with mariadb_url(driver) as url:
        engine = make(url)
        store = kind(engine)
        await _finished(store.create_tables())
        yield store
        await _finished(engine.dispose())


@asynccontextmanager
async def memory(kind: Any, _: Path) -> AsyncIterator[Any]:
    yield kind()


@asynccontextmanager
async def files(kind: Any, folder: Path) -> AsyncIterator[Any]:
    yield kind(folder / "sessions")


@asynccontextmanager
async def sqlite(kind: Any, folder: Path) -> AsyncIterator[Any]:
    store = kind(folder / "sessions.db")
    yield store
    await _finished(store.close())


@asynccontextmanager
async def redis_store(kind: Any, _: Path, **options: Any) -> AsyncIterator[Any]:
    module: Any = redis.asyncio if kind is stores.AsyncRedisStore else redis
    client = module.Redis.from_url(servers.shared_url(servers.Redis), **options)
    yield kind(client)
    await _finished(client.aclose() if module is redis.asyncio else client.close())


@asynccontextmanager
async def redis_cluster(kind: Any, _: Path, **options: Any) -> AsyncIterator[Any]:
    url = servers.shared_url(groups.RedisCluster)
    if kind is stores.AsyncRedisStore:
        client: Any = await redis.asyncio.RedisCluster.from_url(url)
        yield kind(client, **options)
        await client.aclose()
    else:
        client = redis.RedisCluster.from_url(url)
        yield kind(client, **options)
        client.close()


@asynccontextmanager
async def redis_cluster_waiting(kind: Any, folder: Path) -> AsyncIterator[Any]:
    async with redis_cluster(kind, folder, wait_replicas=1, wait_ms=20_000) as store:
        yield store


@asynccontextmanager
async def redis_sentinel(kind: Any, _: Path) -> AsyncIterator[Any]:
    at = urlsplit(servers.shared_url(groups.RedisSentinel))
    module: Any = redis.asyncio if kind is stores.AsyncRedisStore else redis
    sentinel = module.sentinel.Sentinel([(at.hostname, at.port)])
    client = sentinel.master_for("main")
    yield kind(client, wait_replicas=1, wait_ms=20_000)
    for each in (client, *sentinel.sentinels):
        await _finished(each.aclose() if module is redis.asyncio else each.close())


@asynccontextmanager
async def redis_text(kind: Any, folder: Path) -> AsyncIterator[Any]:
    async with redis_store(kind, folder, decode_responses=True) as store:
        yield store


@asynccontextmanager
async def memcached(kind: Any, _: Path) -> AsyncIterator[Any]:
    at = urlsplit(servers.shared_url(servers.Memcached))
    client = PooledClient((at.hostname, at.port))
    yield kind(client)
    client.close()


# It has read what AWS' services are, which takes long.
_aws = cache(aioboto3.Session)


@cache
def dynamodb_client() -> Any:
    return boto3.client("dynamodb", **dynamodb_options())


def dynamodb_options(url: str | None = None) -> dict[str, Any]:
    """What a client of boto3's needs, for the server that tests share or for another."""
    return {
        "endpoint_url": url or servers.shared_url(servers.DynamoDB),
        "region_name": "eu-central-1",
        "aws_access_key_id": "nobody",
        "aws_secret_access_key": "nothing",
    }


@asynccontextmanager
async def dynamodb(kind: Any, _: Path) -> AsyncIterator[Any]:
    """In a table of its own, which goes in the end."""
    is_async = kind is stores.AsyncDynamoDBStore
    table, options = unique("test"), dynamodb_options()
    owner = dynamodb_client()
    store = kind(_aws().client("dynamodb", **options) if is_async else owner, table)
    await _finished(store.create_table())
    yield store
    await _finished(store.close())
    owner.delete_table(TableName=table)


@asynccontextmanager
async def postgres(kind: Any, _: Path) -> AsyncIterator[Any]:
    make: Any = sqlalchemy.create_engine
    if kind is stores.AsyncSQLAlchemyStore:
        make = create_async_engine
    with postgres_schema() as options:
        engine = make(**options)
        store = kind(engine)
        await _finished(store.create_tables())
        yield store
        await _finished(engine.dispose())


@asynccontextmanager
async def sqlalchemy_sqlite(kind: Any, folder: Path) -> AsyncIterator[Any]:
    engine = sqlalchemy.create_engine(f"sqlite:///{folder / 'sessions.db'}")
    store = kind(engine)
    store.create_tables()
    yield store
    engine.dispose()


async def _finished(result: Any) -> None:
    if inspect.isawaitable(result):
        await result


SYNC: dict[str, tuple[Callable[..., AbstractAsyncContextManager[Any]], Any]] = {
    "memory": (memory, stores.MemoryStore),
    "files": (files, stores.FileStore),
    "sqlite": (sqlite, stores.SQLiteStore),
    "sqlalchemy-sqlite": (sqlalchemy_sqlite, stores.SQLAlchemyStore),
    "postgres": (postgres, stores.SQLAlchemyStore),
    "mariadb": (mariadb("pymysql"), stores.SQLAlchemyStore),
    "mariadb-mysqlclient": (mariadb("mysqldb"), stores.SQLAlchemyStore),
    "redis": (redis_store, stores.RedisStore),
    "redis-text": (redis_text, stores.RedisStore),
    "redis-cluster": (redis_cluster, stores.RedisStore),
    "redis-cluster-waiting": (redis_cluster_waiting, stores.RedisStore),
    "redis-sentinel": (redis_sentinel, stores.RedisStore),
    "memcached": (memcached, stores.MemcachedStore),
    "dynamodb": (dynamodb, stores.DynamoDBStore),
}
ASYNC: dict[str, tuple[Callable[..., AbstractAsyncContextManager[Any]], Any]] = {
    "memory-async": (memory, stores.AsyncMemoryStore),
    "files-async": (files, stores.AsyncFileStore),
    "sqlite-async": (sqlite, stores.AsyncSQLiteStore),
    "postgres-async": (postgres, stores.AsyncSQLAlchemyStore),
    "mariadb-async": (mariadb("asyncmy"), stores.AsyncSQLAlchemyStore),
    "mariadb-aiomysql": (mariadb("aiomysql"), stores.AsyncSQLAlchemyStore),
    "redis-async": (redis_store, stores.AsyncRedisStore),
    "redis-cluster-async": (redis_cluster, stores.AsyncRedisStore),
    "redis-cluster-waiting-async": (redis_cluster_waiting, stores.AsyncRedisStore),
    "redis-sentinel-async": (redis_sentinel, stores.AsyncRedisStore),
    "memcached-async": (memcached, stores.AsyncMemcachedStore),
    "dynamodb-async": (dynamodb, stores.AsyncDynamoDBStore),
}
SMALL = [name for name in (*SYNC, *ASYNC) if name.startswith("dynamodb")]
"""Those that keep no megabyte."""


@contextmanager
def faced(name: str, folder: Path) -> Iterator[Any]:
    """A store by its name; an async one is called as a sync one, in one loop of its own."""
    make, kind = (SYNC | ASYNC)[name]
    with asyncio.Runner() as runner:
        context = make(kind, folder)
        try:
            store = runner.run(_entered(context))
            yield store if name in SYNC else in_loop(store, runner.run)
        finally:
            runner.run(_left(context))


async def _entered(context: AbstractAsyncContextManager[Any]) -> Any:
    return await context.__aenter__()


async def _left(context: AbstractAsyncContextManager[Any]) -> None:
    await context.__aexit__(None, None, None)
