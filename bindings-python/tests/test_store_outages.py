"""What becomes of requests while the store's server is down; it is really killed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aioboto3  # type: ignore[import-untyped]
import boto3  # type: ignore[import-untyped]
import every_store
import pytest
import redis
import redis.asyncio
import servers
import sqlalchemy
from aiobotocore.config import AioConfig  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from redis.backoff import NoBackoff
from redis.retry import Retry
from shortcrust import Unavailable, stores
from shortcrust.stores._dynamodb import DynamoDBError
from simulated_fronts import FlaskSimulation, StarletteSimulation, simulation
from sqlalchemy.ext.asyncio import create_async_engine

# An async connection to a server that was killed can't be closed any more.
pytestmark = pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")

DOWN = (redis.ConnectionError, sqlalchemy.exc.OperationalError, DynamoDBError)
AT_ONCE = Config(retries={"total_max_attempts": 1})


def redis_flask(url: str) -> Any:
    return stores.RedisStore(redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0)))


def redis_starlette(url: str) -> Any:
    client = redis.asyncio.Redis.from_url(url, retry=redis.asyncio.retry.Retry(NoBackoff(), 0))
    return stores.AsyncRedisStore(client)


def postgres_flask(url: str) -> Any:
    return stores.SQLAlchemyStore(sqlalchemy.create_engine(psycopg(url)))


def postgres_starlette(url: str) -> Any:
    return stores.AsyncSQLAlchemyStore(create_async_engine(psycopg(url)))


def mariadb_flask(url: str) -> Any:
    return stores.SQLAlchemyStore(sqlalchemy.create_engine(url.replace("mysql:", "mysql+pymysql:")))


def mariadb_starlette(url: str) -> Any:
    return stores.AsyncSQLAlchemyStore(create_async_engine(url.replace("mysql:", "mysql+asyncmy:")))


def dynamodb_flask(url: str) -> Any:
    options = every_store.dynamodb_options(url)
    return stores.DynamoDBStore(boto3.client("dynamodb", config=AT_ONCE, **options))


def dynamodb_starlette(url: str) -> Any:
    options = every_store.dynamodb_options(url)
    client = aioboto3.Session().client("dynamodb", config=AioConfig().merge(AT_ONCE), **options)
    return stores.AsyncDynamoDBStore(client)


def psycopg(url: str) -> str:
    return url.replace("postgresql:", "postgresql+psycopg:", 1)


@contextmanager
def shop_on(kind: Any, make: Callable[[str], Any], outage: str) -> Iterator[tuple[Any, Any]]:
    with kind(durable=True) as server:
        store = make(server.url)
        if make.__name__.endswith("flask"):
            shop: Any = FlaskSimulation(store, {"store": store, "outage": outage})
            prepare(shop, store)
            yield shop, server
            closing(store)()
            return
        shop = StarletteSimulation()
        with shop.client:
            shop.build(store, {"store": store, "outage": outage})
            prepare(shop, store)
            yield shop, server
            with suppress(*DOWN):
                shop.client.portal.call(closing(store))


def closing(store: Any) -> Any:
    """What closes the store's connections."""
    if hasattr(store, "_calls"):
        return store._calls._client.close if "Async" not in type(store).__name__ else store.close
    if hasattr(store, "_engine"):
        return store._engine.dispose
    return getattr(store._client, "aclose", store._client.close)


def prepare(shop: Any, store: Any) -> None:
    for name in ("create_tables", "create_table"):
        if hasattr(store, name):
            shop.call(name)


LONG = pytest.mark.skipif(not os.environ.get("LONG"), reason="MariaDB starts slowly: LONG=1")
EACH = pytest.mark.parametrize(
    ("kind", "make"),
    [
        (servers.Redis, redis_flask),
        (servers.Redis, redis_starlette),
        (servers.Postgres, postgres_flask),
        (servers.Postgres, postgres_starlette),
        pytest.param(servers.MariaDB, mariadb_flask, marks=LONG),
        pytest.param(servers.MariaDB, mariadb_starlette, marks=LONG),
        (servers.DynamoDB, dynamodb_flask),
        (servers.DynamoDB, dynamodb_starlette),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)


def write(visit: Any) -> None:
    visit.session["b"] = 2


@EACH
def test_by_default_the_stores_error_goes_through_and_no_session_is_lost(
    kind: Any, make: Any
) -> None:
    with shop_on(kind, make, "error") as (shop, server):
        browser = shop.logged_in("ada", a=1)
        server.kill()
        for handler in (dict, write, lambda visit: visit.logout()):
            with pytest.raises(DOWN):
                browser.visit(handler)
        assert shop.browser().visit() == {}
        server.start()
        # What a pool still has of the old server.
        with suppress(*DOWN):
            browser.visit()
        assert browser.visit() == {"a": 1}


@EACH
def test_with_empty_a_request_is_served_without_a_session_and_writes_nothing(
    kind: Any, make: Any
) -> None:
    with shop_on(kind, make, "empty") as (shop, server):
        browser = shop.logged_in("ada", a=1)
        cookie = browser.cookie
        server.kill()
        answer = browser.answer(lambda visit: (dict(visit.session), visit.reason))
        assert answer == (({}, "unavailable"), [], "unavailable")
        assert browser.answer(write) == (None, [], "unavailable")
        assert shop.browser().answer(write) == (None, [], "unavailable")
        for command in ("login", "logout", "regenerate"):
            arguments = ["ada"] if command == "login" else []
            with pytest.raises(Unavailable, match="the store failed"):
                browser.visit(lambda visit, c=command, a=arguments: getattr(visit, c)(*a))
        assert browser.cookie == cookie
        server.start()
        with suppress(*DOWN):
            browser.visit()
        assert browser.visit() == {"a": 1}


@EACH
def test_a_login_that_can_not_be_written_is_an_error_even_with_empty(kind: Any, make: Any) -> None:
    with shop_on(kind, make, "empty") as (shop, server):
        browser = shop.logged_in("ada", a=1)
        with pytest.raises(DOWN):
            browser.visit(lambda visit: (visit.login("bob"), server.kill()))


@EACH
def test_a_write_that_fails_sets_no_cookie_and_says_so(kind: Any, make: Any) -> None:
    with shop_on(kind, make, "empty") as (shop, server):
        browser = shop.logged_in("ada", a=1)

        def write_too_late(visit: Any) -> None:
            write(visit)
            server.kill()

        answer = browser.answer(write_too_late)
        assert (answer.cookies, answer.reason) == ([], "unavailable")


@pytest.mark.parametrize("front", ["flask", "starlette"])
@pytest.mark.parametrize("outage", ["error", "empty"])
def test_with_revocations_too(
    front: str, outage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulation(front, "memory", tmp_path, "revocations", outage=outage) as shop:
        browser = shop.logged_in("ada", a=1)

        def down(keys: Any) -> Any:
            raise OSError("down")

        monkeypatch.setattr(shop.store, "load", down)
        if outage == "error":
            with pytest.raises(OSError, match="down"):
                browser.visit()
            return
        answer = browser.answer(lambda visit: (visit.session.update(b=2), visit.reason))
        assert answer == ((None, "unavailable"), [], "unavailable")


def test_the_page_about_the_error_does_not_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[str] = []

    def down(key: str, *_: Any) -> Any:
        tries.append(key)
        raise OSError("down")

    with simulation("flask", "memory", tmp_path) as shop:
        shop.app.testing = False
        browser = shop.logged_in("ada", a=1)
        monkeypatch.setattr(shop.store, "save", down)
        answer = browser.answer(write)
        assert answer.cookies == []
        assert len(tries) == 1
        monkeypatch.setattr(shop.store, "load", down)
        caplog.clear()
        assert browser.answer(write).cookies == []
        assert len(tries) == 2
        assert "finalizing failed" not in caplog.text
