"""The stores of the load, which count how often another request was first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from pymemcache import PooledClient
from redis import Redis, RedisCluster
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio import RedisCluster as AsyncRedisCluster
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from shortcrust import stores
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

conflicts: list[None] = []


class Counting:
    """Stands before a store of ours."""

    def save(self, *arguments: Any) -> Any:
        answer = super().save(*arguments)  # type: ignore[misc]
        conflicts.extend([None] * (answer not in ("done", "gone")))
        return answer


def count_conflicts(kind: Any) -> None:
    """Of a store that a front makes for itself."""
    save = kind.save

    def counting(self: Any, *arguments: Any) -> Any:
        answer = save(self, *arguments)
        conflicts.extend([None] * (answer not in ("done", "gone")))
        return answer

    kind.save = counting


class AsyncCounting:
    """Stands before an asynchronous store of ours."""

    async def save(self, *arguments: Any) -> Any:
        answer = await super().save(*arguments)  # type: ignore[misc]
        conflicts.extend([None] * (answer not in ("done", "gone")))
        return answer


def store_of(name: str) -> Any:
    kind = {
        "dynamodb": stores.DynamoDBStore,
        "files": stores.FileStore,
        "redis": stores.RedisStore,
        "redis-cluster": stores.RedisStore,
        "sqlite": stores.SQLiteStore,
        "mariadb": stores.SQLAlchemyStore,
        "memcached": stores.MemcachedStore,
        "postgres": stores.SQLAlchemyStore,
    }
    counting = type("Store", (Counting, kind[name]), {})
    if name == "redis":
        return counting(Redis.from_url(os.environ["REDIS_URL"]))
    if name == "redis-cluster":
        retry = Retry(ConstantBackoff(0.1), 20)
        client = RedisCluster.from_url(os.environ["REDIS_CLUSTER_URL"], retry=retry)
        return counting(client, wait_replicas=1, wait_ms=10_000)
    if name == "memcached":
        return counting(PooledClient(_memcached()))
    if name in ("sqlite", "files"):
        return counting(_path(name))
    if name == "dynamodb":
        store = counting(_dynamodb())
        store.create_table()
        return store
    store = counting(create_engine(_database(name, "pymysql"), pool_size=20))
    store.create_tables()
    return store


def async_store_of(name: str) -> Any:
    kind = {
        "files": stores.AsyncFileStore,
        "redis": stores.AsyncRedisStore,
        "redis-cluster": stores.AsyncRedisStore,
        "sqlite": stores.AsyncSQLiteStore,
        "mariadb": stores.AsyncSQLAlchemyStore,
        "memcached": stores.AsyncMemcachedStore,
        "postgres": stores.AsyncSQLAlchemyStore,
    }
    counting = type("Store", (AsyncCounting, kind[name]), {})
    if name == "redis-cluster":
        options = {"retry": AsyncRetry(ConstantBackoff(0.1), 20)}
        client = AsyncRedisCluster.from_url(os.environ["REDIS_CLUSTER_URL"], **options)
        return counting(client, wait_replicas=1, wait_ms=10_000)
    if name == "redis":
        return counting(AsyncRedis.from_url(os.environ["REDIS_URL"]))
    if name == "memcached":
        return counting(PooledClient(_memcached()))
    if name in ("sqlite", "files"):
        return counting(_path(name))
    # Before the event loop runs.
    store_of(name)
    return counting(create_async_engine(_database(name, "asyncmy"), pool_size=20))


def _path(name: str) -> str:
    return str(Path(os.environ["FOLDER"]) / f"sessions.{name}")


def _memcached() -> str:
    return urlsplit(os.environ["MEMCACHED_URL"]).netloc


def _dynamodb() -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=os.environ["DYNAMODB_URL"],
        region_name="eu-central-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        config=Config(max_pool_connections=20),
    )


def _database(name: str, mysql: str) -> str:
    """The URL with the driver's name in it."""
    driver = "psycopg" if name == "postgres" else mysql
    scheme, rest = os.environ[f"{name.upper()}_URL"].split("://", 1)
    return f"{scheme}+{driver}://{rest}"
