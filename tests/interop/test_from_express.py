"""A shop moves from Express to Flask or Starlette, and its customers stay logged in."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import sqlalchemy
from flask import Flask, jsonify, request, session
from httpx2 import ASGITransport, AsyncClient
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from servers import Postgres, shared_url
from servers import Redis as RedisServer
from shortcrust import ConfigError, reason
from shortcrust import express_session as kept
from shortcrust.flask import Shortcrust, logout, sessions
from shortcrust.starlette import SessionMiddleware
from shortcrust.stores import (
    AsyncRedisStore,
    AsyncSQLAlchemyStore,
    MemoryStore,
    RedisStore,
    SQLAlchemyStore,
)
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

HERE = Path(__file__).parent
OLD_SECRET = "what express-session signs with"
SECRET = "what we seal with: thirty-two bytes, or more"
UNTIL = "2199-01-01"
SESSIONS = 60
KEYS = ["a", "b", "c", "d"]
STORES = ["redis", "postgres"]


class Old(NamedTuple):
    """What express-session left in a place of this test's own."""

    cookies: list[str]
    rows: Any
    store: Any
    left: Callable[[], int]
    put_back: Callable[[], None]
    """Writes the rows once more, as an Express that still runs may."""


def express_cookies(store: str, url: str, place: str, count: int) -> list[str]:
    env = {"STORE": store, "URL": url, "PLACE": place, "SECRET": OLD_SECRET, "COUNT": str(count)}
    command = ["node", str(HERE / "express_sessions.mjs")]
    done = subprocess.run(
        command, env=os.environ | env, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return list(json.loads(done.stdout))


@contextmanager
def redis_place(count: int) -> Iterator[Old]:
    url, prefix = shared_url(RedisServer), f"sess-{uuid4()}:"
    cookies = express_cookies("redis", url, prefix, count)
    with Redis.from_url(url) as client:
        rows = {key: client.get(key) for key in client.scan_iter(prefix + "*")}
        yield Old(
            cookies,
            kept.RedisRows(client, prefix),
            RedisStore(client),
            lambda: len(list(client.scan_iter(prefix + "*"))),
            lambda: [client.set(key, row, ex=60) for key, row in rows.items()] and None,
        )


@contextmanager
def schema(count: int) -> Iterator[tuple[str, str, list[str]]]:
    url, name = shared_url(Postgres), f"test_{uuid4().hex}"
    sqlalchemy_url = url.replace("postgresql:", "postgresql+psycopg:", 1)
    owner = sqlalchemy.create_engine(sqlalchemy_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE SCHEMA {name}"))
        try:
            yield name, sqlalchemy_url, express_cookies("postgres", url, name, count)
        finally:
            connection.execute(sqlalchemy.text(f"DROP SCHEMA {name} CASCADE"))
    owner.dispose()


@contextmanager
def postgres_place(count: int) -> Iterator[Old]:
    with schema(count) as (name, url, cookies):
        engine = sqlalchemy.create_engine(url, connect_args={"options": f"-csearch_path={name}"})
        store = SQLAlchemyStore(engine)
        store.create_tables()
        table = sqlalchemy.text(f"SELECT sid, sess::text, expire FROM {name}.session")
        add = sqlalchemy.text("INSERT INTO session VALUES (:sid, CAST(:sess AS json), :expire)")

        def found() -> list[Any]:
            with engine.connect() as connection:
                return [dict(row) for row in connection.execute(table).mappings()]

        def put_back() -> None:
            with engine.begin() as connection:
                connection.execute(add, rows)

        rows = found()
        yield Old(cookies, kept.SQLRows(engine, schema=name), store, lambda: len(found()), put_back)
        engine.dispose()


PLACES = {"redis": redis_place, "postgres": postgres_place}


def reader(rows: Any, **more: Any) -> dict[str, Any]:
    named = {"format": "express-session", "store": rows, "secrets": [OLD_SECRET], "until": UNTIL}
    return named | more


def flask_app(store: Any, *readers: dict[str, Any], **config: Any) -> Flask:
    app = Flask(__name__)
    app.secret_key = SECRET
    config |= {"SHORTCRUST_STORE": store, "SHORTCRUST_READERS": list(readers)}
    app.config.update(SHORTCRUST_NAMESPACE=uuid4().hex, **config)
    Shortcrust(app)

    @app.get("/")
    def show() -> Any:
        if "key" in request.args:
            session[request.args["key"]] = 1
        why = reason(request)
        return jsonify(dict(session, reason=why) if session else why)

    @app.get("/leave")
    def leave() -> str:
        logout()
        return ""

    @app.get("/revoke")
    def revoke() -> str:
        return str(sessions.revoke_all("user0"))

    return app


def ask(app: Flask, cookie: str, path: str = "/") -> tuple[Any, str | None]:
    answer = app.test_client(use_cookies=False).get(path, headers={"Cookie": cookie})
    assert answer.status_code == 200
    set_cookie = answer.headers.get("Set-Cookie")
    data = answer.json if answer.is_json else answer.text
    return data, set_cookie and set_cookie.partition(";")[0]


def begun(at: int) -> dict[str, Any]:
    return {"user": f"user{at}", "basket": ["tea"], "seen": {" t": [1]}}


@pytest.mark.parametrize("kind", STORES)
def test_of_first_requests_to_flask_at_the_same_time_none_loses_the_session(kind: str) -> None:
    with PLACES[kind](SESSIONS) as old, ThreadPoolExecutor(4) as pool:
        assert old.left() == SESSIONS
        app = flask_app(old.store, reader(old.rows))
        for at, cookie in enumerate(old.cookies):
            asked = [pool.submit(ask, app, cookie, f"/?key={key}") for key in KEYS]
            answers = [one.result() for one in asked]
            assert [data["user"] for data, _ in answers] == [f"user{at}"] * len(KEYS)
            (ours,) = {str(set_cookie) for _, set_cookie in answers}
            expected = begun(at) | dict.fromkeys(KEYS, 1) | {"reason": None}
            assert ask(app, ours)[0] == expected
        assert old.left() == 0


@pytest.mark.parametrize("kind", STORES)
def test_a_logout_ends_the_old_cookie_though_its_row_is_written_again(kind: str) -> None:
    with PLACES[kind](1) as old:
        app = flask_app(old.store, reader(old.rows))
        _, ours = ask(app, old.cookies[0])
        ask(app, str(ours), "/leave")
        old.put_back()
        assert ask(app, old.cookies[0]) == ("ended", None)
        assert old.left() == 0


def test_revoking_a_user_reaches_sessions_that_no_request_has_brought_yet() -> None:
    with redis_place(1) as old:
        app = flask_app(old.store, reader(old.rows))
        ask(app, "", "/revoke")
        assert ask(app, old.cookies[0])[0] == "revoked"
        assert old.left() == 0


async def show(request: Request) -> Response:
    request.session[request.query_params.get("key", "a")] = 1
    return JSONResponse(dict(request.session))


@asynccontextmanager
async def async_redis() -> AsyncIterator[tuple[list[str], Any, Any]]:
    url, prefix = shared_url(RedisServer), f"sess-{uuid4()}:"
    cookies = express_cookies("redis", url, prefix, SESSIONS)
    async with AsyncRedis.from_url(url) as client:
        store = AsyncRedisStore(client)
        yield cookies, kept.AsyncRedisRows(client, prefix), store


@asynccontextmanager
async def async_postgres() -> AsyncIterator[tuple[list[str], Any, Any]]:
    with schema(SESSIONS) as (name, url, cookies):
        engine = create_async_engine(url, connect_args={"options": f"-csearch_path={name}"})
        store = AsyncSQLAlchemyStore(engine)
        await store.create_tables()
        yield cookies, kept.AsyncSQLRows(engine, schema=name), store
        await engine.dispose()


ASYNC_PLACES = {"redis": async_redis, "postgres": async_postgres}


@pytest.mark.parametrize("kind", STORES)
def test_of_first_requests_to_starlette_at_the_same_time_none_loses_the_session(kind: str) -> None:
    async def moved() -> None:
        async with ASYNC_PLACES[kind]() as (cookies, rows, store):
            options = {"store": store, "readers": [reader(rows)], "namespace": uuid4().hex}
            front = Middleware(SessionMiddleware, secret_key=SECRET, **options)
            app = Starlette(routes=[Route("/", show)], middleware=[front])
            async with AsyncClient(transport=ASGITransport(app), base_url="http://shop") as browser:
                for at, cookie in enumerate(cookies):
                    await first_requests(browser, at, cookie)

    async def first_requests(browser: AsyncClient, at: int, cookie: str) -> None:
        asked = [browser.get(f"/?key={key}", headers={"Cookie": cookie}) for key in KEYS]
        answers = await asyncio.gather(*asked)
        (ours,) = {answer.headers["Set-Cookie"].partition(";")[0] for answer in answers}
        browser.cookies.clear()
        after = await browser.get("/", headers={"Cookie": ours})
        assert after.json() == begun(at) | dict.fromkeys(KEYS, 1)

    asyncio.run(moved())


class Rows:
    """One session, signed with OLD_SECRET."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails

    def read(self, id: str) -> str | None:
        if self.fails:
            raise ConnectionError
        return '{"cookie":{"path":"/"},"user":"ada"}'

    def remove(self, id: str) -> None:
        raise ConnectionError


class AsyncRows:
    async def read(self, id: str) -> str | None: ...

    async def remove(self, id: str) -> None: ...


def test_a_reader_of_express_session_says_what_it_lacks() -> None:
    rows = Rows()
    for readers, store, message in [
        ([reader(None)], MemoryStore(), "must be RedisRows or SQLRows"),
        ([reader(AsyncRows())], MemoryStore(), "must be a sync one in this framework"),
        ([reader(rows, prefix="sess:")], MemoryStore(), "has no prefix"),
        ([reader(rows, name=1)], MemoryStore(), '"name" must be str'),
        ([reader(rows)], None, "taken over into a store: set one"),
    ]:
        with pytest.raises(ConfigError, match=message):
            flask_app(store, *readers)
    with pytest.raises(ConfigError, match="must be an async one"):
        SessionMiddleware(
            Starlette(), SECRET, store=AsyncRedisStore(AsyncRedis()), readers=[reader(rows)]
        )


def test_where_the_old_rows_fail_the_request_fails_or_has_no_session() -> None:
    with redis_place(1) as old:
        failing = reader(Rows(fails=True))
        app = flask_app(MemoryStore(), failing)
        client = app.test_client(use_cookies=False)
        assert client.get("/", headers={"Cookie": old.cookies[0]}).status_code == 500
        tolerant = flask_app(MemoryStore(), failing, SHORTCRUST_OUTAGE="empty")
        assert ask(tolerant, old.cookies[0]) == ("unavailable", None)
        # Only the removal fails: the session is ours.
        half = flask_app(MemoryStore(), reader(Rows()))
        assert ask(half, old.cookies[0])[0] == {"user": "ada", "reason": None}
