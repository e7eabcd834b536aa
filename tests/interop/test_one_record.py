"""One store of Python's and Node's: each reads and changes what the other wrote."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import servers
from flask import Flask, session
from shortcrust.flask import Shortcrust, login, sessions
from shortcrust.stores import (
    DynamoDBStore,
    Entry,
    FileStore,
    MemcachedStore,
    RedisStore,
    Row,
    SQLAlchemyStore,
    SQLiteStore,
)

HERE = Path(__file__).parent
SECRET = "a secret for the tests only, of thirty-two bytes or more"
STORES = [
    "node-redis",
    "ioredis",
    "cluster-node-redis",
    "cluster-ioredis",
    "sentinel-node-redis",
    "sentinel-ioredis",
    "postgres",
    "mariadb",
    "sqlite",
    "sqlite-sqlalchemy",
    "files",
    "dynamodb",
]


class Node:
    """The Express app, and its store."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.cookie = ""

    def ask(self, method: str, *values: Any) -> Any:
        """What its store answers."""
        self.connection.request(
            "POST", "/store", json.dumps([method, *values]), {"Content-Type": "application/json"}
        )
        return self._answer()

    def get(self, path: str = "/") -> Any:
        self.connection.request("GET", path, headers={"Cookie": f"session={self.cookie}"})
        return self._answer()

    def _answer(self) -> Any:
        response = self.connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        if line := response.headers["Set-Cookie"]:
            self.cookie = line.partition(";")[0].partition("=")[2]
        return json.loads(body)


class Simulation(NamedTuple):
    store: Any
    node: Node
    user: str
    """Who logs in, in both apps."""


@pytest.fixture(params=STORES)
def simulation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Simulation]:
    with both(request.param, tmp_path) as simulation:
        yield simulation


@contextmanager
def both(name: str, folder: Path) -> Iterator[Simulation]:
    """The store in Python, and a Node server that has it too."""
    with python_store(name, folder) as (store, url):
        user = new()
        env = os.environ | {
            "STORE": name.partition("-sqlalchemy")[0],
            "URL": url,
            "SECRET": SECRET,
            "SHOPPER": user,
        }
        command = ["node", str(HERE / "store_app.mjs")]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            node = Node(int(process.stdout.readline()))
            yield Simulation(store, node, user)
            node.connection.close()
            process.terminate()


@contextmanager
def python_store(name: str, folder: Path) -> Iterator[tuple[Any, str]]:
    """The store in Python's kind, and where Node finds the same."""
    if name.startswith("cluster"):
        redis = pytest.importorskip("redis")
        url = servers.shared_url(servers.RedisCluster)
        with redis.RedisCluster.from_url(url) as client:
            yield RedisStore(client), url
    elif name.startswith("sentinel"):
        sentinel = pytest.importorskip("redis.sentinel")
        url = servers.shared_url(servers.RedisSentinel)
        at = urlsplit(url)
        with sentinel.Sentinel([(at.hostname, at.port)]).master_for("main") as client:
            yield RedisStore(client), url
    elif name.endswith("redis"):
        redis = pytest.importorskip("redis")
        url = servers.shared_url(servers.Redis)
        with redis.Redis.from_url(url) as client:
            yield RedisStore(client), url
    elif name == "memcached":
        url = servers.shared_url(servers.Memcached)
        client = pytest.importorskip("pymemcache").PooledClient(urlsplit(url).netloc)
        yield MemcachedStore(client), url
        client.close()
    elif name == "dynamodb":
        url = servers.shared_url(servers.DynamoDB)
        credentials = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nothing"}
        client = pytest.importorskip("boto3").client(
            "dynamodb", endpoint_url=url, region_name="eu-central-1", **credentials
        )
        store = DynamoDBStore(client)
        store.create_table()
        yield store, url
        client.close()
    elif name == "files":
        yield FileStore(folder / "sessions"), str(folder / "sessions")
    elif name == "sqlite":
        yield SQLiteStore(folder / "sessions.db"), str(folder / "sessions.db")
    elif name == "sqlite-sqlalchemy":
        with sqlalchemy_store(f"sqlite:///{folder / 'sessions.db'}") as store:
            yield store, str(folder / "sessions.db")
    else:
        kind = servers.MariaDB if name == "mariadb" else servers.Postgres
        driver = "pymysql" if name == "mariadb" else "psycopg"
        url = servers.shared_url(kind)
        scheme, _, rest = url.partition("://")
        with sqlalchemy_store(f"{scheme}+{driver}://{rest}") as store:
            yield store, url


@contextmanager
def sqlalchemy_store(url: str) -> Iterator[SQLAlchemyStore]:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine(url)
    store = SQLAlchemyStore(engine)
    store.create_tables()
    yield store
    engine.dispose()


def new() -> str:
    return secrets.token_urlsafe(32)


def soon() -> int:
    return int(time.time() * 1000) + 60_000


RECORD = '{"v":1,"c":1,"r":2,"e":0,"u":"Ada \\u0000 \U0001f600","d":{"f":1.0,"t":{" t":[1,2]}}}'


def test_node_reads_and_changes_what_python_wrote(simulation: Simulation) -> None:
    store, node, _ = simulation
    key, user, ends = new(), f"Ada ö {new()}", soon()
    assert store.create(key, Entry(RECORD, user, ends)) == "done"
    assert node.ask("load", [key, new()]) == [{"version": 1, "text": RECORD}, None]
    assert node.ask("list", user) == [{"key": key, "text": RECORD}]
    assert node.ask("create", key, {"text": "x"}) == "exists"
    assert node.ask("save", key, 1, {"text": "2", "user": user, "expires": ends}) == "done"
    assert store.save(key, 1, Entry("x", user, ends)) == Row(2, "2")
    assert store.load([key]) == [Row(2, "2")]
    assert list(map(tuple, store.list(user))) == [(key, "2")]
    assert node.ask("put", key, {"text": "3", "expires": ends}) == "done"
    assert (store.load([key]), list(store.list(user))) == ([Row(3, "3")], [])
    assert node.ask("delete", key) == "done"
    assert store.load([key]) == [None]


def test_python_reads_and_changes_what_node_wrote(simulation: Simulation) -> None:
    store, node, _ = simulation
    key, user, ends = new(), f"Ada ö {new()}", soon()
    entry = {"text": RECORD, "user": user, "expires": ends}
    assert node.ask("create", key, entry) == "done"
    assert store.load([key, new()]) == [Row(1, RECORD), None]
    assert list(map(tuple, store.list(user))) == [(key, RECORD)]
    assert store.create(key, Entry("x")) == "exists"
    assert store.save(key, 1, Entry("2", user, ends)) == "done"
    assert node.ask("save", key, 1, entry) == {"version": 2, "text": "2"}
    assert node.ask("load", [key]) == [{"version": 2, "text": "2"}]
    assert store.put(key, Entry("3", None, ends)) == "done"
    assert node.ask("list", user) == []
    assert store.delete(key) == "done"
    assert node.ask("load", [key]) == [None]


def test_each_revokes_what_the_other_wrote(simulation: Simulation) -> None:
    store, node, _ = simulation
    user, ends = new(), soon()
    mine, theirs = [new(), new()], [new(), new()]

    def fill() -> None:
        for key in mine:
            store.put(key, Entry(RECORD, user, ends))
        for key in theirs:
            node.ask("put", key, {"text": RECORD, "user": user, "expires": ends})

    fill()
    assert node.ask("revoke", user, mine[0]) == 3
    assert [key for key, _ in store.list(user)] == mine[:1]
    fill()
    assert store.revoke(user, theirs[0]) == 3
    assert [row["key"] for row in node.ask("list", user)] == theirs[:1]
    assert node.ask("revoke", user) == 1


def test_in_memcached_each_reads_and_changes_what_the_other_wrote(tmp_path: Path) -> None:
    with both("memcached", tmp_path) as (store, node, user):
        key, ends = new(), soon()
        entry = {"text": "3", "user": user, "expires": ends}
        assert store.create(key, Entry(RECORD, user, ends)) == "done"
        assert node.ask("load", [key, new()]) == [{"version": 1, "text": RECORD}, None]
        assert node.ask("create", key, entry) == "exists"
        assert node.ask("save", key, 1, {"text": RECORD, "expires": ends}) == "done"
        assert store.save(key, 1, Entry("x", user, ends)) == Row(2, RECORD)
        assert store.save(key, 2, Entry("3", user, ends)) == "done"
        assert node.ask("save", key, 2, entry) == {"version": 3, "text": "3"}
        assert node.ask("put", key, entry) == "done"
        assert store.load([key]) == [Row(4, "3")]
        assert store.delete(key) == "done"
        assert node.ask("save", key, 4, entry) == "gone"


@pytest.fixture
def flask(request: pytest.FixtureRequest, simulation: Simulation) -> Callable[[str], Any]:
    """Sends Node's cookie to a Flask app on the same store, and takes over what it sets."""
    app = Flask(__name__)
    app.config |= {"SECRET_KEY": SECRET, "SHORTCRUST_STORE": simulation.store}
    app.config["SHORTCRUST_ENCRYPT_AT_REST"] = getattr(request, "param", None) == "sealed"
    Shortcrust(app)

    @app.get("/")
    def index() -> dict[str, Any]:
        seen = dict(session)
        session["python"] = (1, 2.0, session.get("node"))
        return {"seen": str(seen)}

    @app.get("/login")
    def log_in() -> dict[str, Any]:
        login(simulation.user)
        return {}

    @app.get("/revoke")
    def revoke() -> list[int | None]:
        return [sessions.revoke_all(simulation.user, except_current=True)]

    @app.get("/count")
    def count() -> list[int]:
        return [len(sessions.list(simulation.user))]

    def get(path: str = "/") -> Any:
        headers = {"Cookie": f"session={simulation.node.cookie}"}
        response = app.test_client(use_cookies=False).get(path, headers=headers)
        assert response.status_code == 200
        if line := response.headers.get("Set-Cookie"):
            simulation.node.cookie = line.partition(";")[0].partition("=")[2]
        return response.json

    return get


@pytest.mark.parametrize("flask", ["plain", "sealed"], indirect=True)
def test_a_session_goes_to_and_fro(simulation: Simulation, flask: Callable[..., Any]) -> None:
    assert simulation.node.get() == {"seen": {}, "reason": "no_cookie"}
    assert flask() == {"seen": "{'node': 1}"}
    seen = simulation.node.get()["seen"]
    assert seen == {"node": 1, "python": [1, 2, 1]}
    # The tuple and the float survive a change by Node, which has neither.
    assert flask() == {"seen": "{'node': 2, 'python': (1, 2.0, 1)}"}


@pytest.mark.parametrize("is_python", [True, False])
def test_a_login_by_one_ends_by_the_other(
    simulation: Simulation, flask: Callable[..., Any], is_python: bool
) -> None:
    node = simulation.node
    one, other = (flask, node.get) if is_python else (node.get, flask)
    node.get()
    cookies = []
    for _ in range(3):
        one("/login")
        cookies.append(node.cookie)
        node.cookie = ""
        node.get()
    node.cookie = cookies[0]
    counted = other("/revoke")
    assert counted in (2, [2])
    kept = node.cookie
    assert kept not in cookies, "a stolen copy of this session's cookie ends too"
    node.cookie = cookies[1]
    assert node.get()["reason"] == "not_found"
    node.cookie = kept
    assert node.get()["reason"] is None
    assert flask("/count") == [1]
