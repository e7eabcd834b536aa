"""Rows that starsessions left in Redis, under ``SessionMiddleware(take_over=...)``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
import starsessions
from conftest import SECRET, Clock
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from servers import Redis as RedisServer
from servers import shared_url
from shortcrust import ConfigError
from shortcrust.starlette import SessionMiddleware, StarsessionsRows, logout, sessions
from shortcrust.stores import AsyncMemoryStore
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starsessions.stores.redis import RedisStore


@pytest.fixture
def prefix() -> str:
    return f"{uuid4()}."


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis.from_url(shared_url(RedisServer)) as client:
        yield client


def rows(prefix: str) -> StarsessionsRows:
    # A connection of its own for each call: the test clients have an event loop each.
    return StarsessionsRows(_Calls(), prefix)


class _Calls:
    async def eval(self, *arguments: Any) -> Any:
        async with AsyncRedis.from_url(shared_url(RedisServer)) as client:
            return await client.eval(*arguments)

    async def delete(self, key: str) -> None:
        async with AsyncRedis.from_url(shared_url(RedisServer)) as client:
            await client.delete(key)


async def enter(request: Request) -> Response:
    request.session.update(user="ada", cart=["tea", {" t": [1]}])
    return Response()


async def leave(request: Request) -> Response:
    logout(request)
    return Response()


async def show(request: Request) -> Response:
    return JSONResponse(dict(request.session))


async def listed(request: Request) -> Response:
    return JSONResponse(len(await sessions.list(request, "ada")))


ROUTES = [Route("/enter", enter), Route("/leave", leave), Route("/", show), Route("/list", listed)]


def theirs(prefix: str) -> str:
    """The cookie of a session that starsessions made."""
    connection = AsyncRedis.from_url(shared_url(RedisServer))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await connection.aclose()

    store = RedisStore(connection=connection, prefix=prefix)
    layers = [
        Middleware(
            starsessions.SessionMiddleware, store=store, lifetime=3600, cookie_https_only=False
        ),
        Middleware(starsessions.SessionAutoloadMiddleware),
    ]
    with TestClient(Starlette(routes=ROUTES, middleware=layers, lifespan=lifespan)) as client:
        client.get("/enter")
        return str(client.cookies["session"])


def ours(prefix: str, **options: Any) -> Starlette:
    front = Middleware(
        SessionMiddleware,
        secret_key=SECRET,
        **{"store": AsyncMemoryStore(), "take_over": rows(prefix), **options},
    )
    return Starlette(routes=ROUTES, middleware=[front])


def seen(app: Starlette, cookie: str, path: str = "/") -> Any:
    response = TestClient(app).get(path, headers={"Cookie": f"session={cookie}"})
    return response.json() if response.text else None


DATA = {"user": "ada", "cart": ["tea", {" t": [1]}]}


def test_a_session_of_starsessions_goes_on_and_its_row_is_gone(prefix: str, redis: Redis) -> None:
    cookie = theirs(prefix)
    app = ours(prefix)
    assert seen(app, cookie) == DATA
    assert redis.get(prefix + cookie) is None
    assert seen(app, cookie) == DATA


def test_who_logs_out_after_it_was_taken_over_stays_out(prefix: str, redis: Redis) -> None:
    cookie = theirs(prefix)
    app = ours(prefix)
    seen(app, cookie, "/leave")
    assert seen(app, cookie) == {}


def test_a_row_that_a_crash_leaves_is_gone_before_a_tombstone_is(prefix: str, redis: Redis) -> None:
    cookie = theirs(prefix)
    assert redis.ttl(prefix + cookie) > 60

    class Crashing(StarsessionsRows):
        async def remove(self, id: str) -> None:
            raise ConnectionError

    app = ours(prefix, take_over=Crashing(_Calls(), prefix))
    with pytest.raises(ConnectionError):
        seen(app, cookie)
    assert 0 < redis.pttl(prefix + cookie) <= 60_000


def test_of_many_first_requests_none_loses_the_session(prefix: str, redis: Redis) -> None:
    for _ in range(5):
        cookie = theirs(prefix)
        app = ours(prefix)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(seen, [app] * 16, [cookie] * 16))
        assert found == [DATA] * 16


def test_the_user_of_a_session_that_was_only_read_can_be_listed(prefix: str, redis: Redis) -> None:
    app = ours(prefix, user_key="user")
    assert seen(app, theirs(prefix), "/list") == 1


def test_an_old_session_ends_by_its_old_beginning(prefix: str, redis: Redis, clock: Clock) -> None:
    sid = uuid4().hex
    created = clock.seconds - 89 * 86_400
    redis.set(prefix + sid, json.dumps({"n": 1, "__metadata__": {"created": created}}), ex=60)
    app = ours(prefix)
    assert seen(app, sid) == {"n": 1}
    clock.advance(days=2)
    assert seen(app, sid) == {}


@pytest.mark.parametrize(
    "row",
    ["", "{", "[1]", "null", '"x"', "[" * 100_000, '{"a":' + "[" * 300 + "]" * 300 + "}", "{}"],
    ids=lambda row: row[:12],
)
def test_a_row_that_is_no_session_is_left_alone(row: str, prefix: str, redis: Redis) -> None:
    sid = uuid4().hex
    redis.set(prefix + sid, row, ex=60)
    assert seen(ours(prefix), sid) == {}
    assert redis.get(prefix + sid) == row.encode()


@pytest.mark.parametrize("id", ["unknown", "0" * 32, "../x", "0" * 31 + "*", "A" * 32])
def test_an_id_that_nobody_knows_is_not_adopted(id: str, prefix: str, redis: Redis) -> None:
    app = ours(prefix)
    response = TestClient(app).get("/enter", headers={"Cookie": f"session={id}"})
    assert response.cookies["session"] != id


def test_strange_metadata_are_no_beginning(prefix: str, redis: Redis) -> None:
    app = ours(prefix)
    for metadata in (None, 1, {"created": "x"}, {"created": -1}, {"created": 1e300}):
        sid = uuid4().hex
        redis.set(prefix + sid, json.dumps({"n": 1, "__metadata__": metadata}), ex=60)
        assert seen(app, sid) == {"n": 1}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"store": None}, "take_over needs a store"),
        ({"format": "express"}, 'take_over needs format="id"'),
    ],
)
def test_what_take_over_needs_is_said_at_the_start(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        SessionMiddleware(
            Starlette(), SECRET, **{"store": AsyncMemoryStore(), "take_over": rows(""), **options}
        )
