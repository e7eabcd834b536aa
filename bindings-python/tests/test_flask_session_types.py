"""The types of Flask-Session's beside Redis and SQL."""

from __future__ import annotations

import os
import pickle
import time
import traceback
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import boto3  # type: ignore[import-untyped]
import every_store
import pytest
from cachelib import FileSystemCache, NullCache, RedisCache, SimpleCache
from flask import Flask, request, session
from flask_session import Session  # type: ignore[import-untyped]
from flask_sqlalchemy import SQLAlchemy
from pymemcache import PooledClient  # type: ignore[import-untyped]
from redis import Redis
from servers import Memcached as MemcachedServer
from servers import Redis as RedisServer
from servers import shared_url
from shortcrust import ConfigError, ShortcrustWarning
from shortcrust.flask import Shortcrust, login, logout, reason, sessions
from shortcrust.stores import FileStore, MemoryStore, RedisStore

SECRET = "a secret of the tests, of thirty-two bytes or more"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of the defaults are folders where the process runs."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["filesystem", "files", "simple", "redis"])
def options(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    folder = str(tmp_path / "cache")
    if request.param == "filesystem":
        yield {"SESSION_TYPE": "filesystem", "SESSION_FILE_DIR": folder}
    elif request.param == "redis":
        with Redis.from_url(shared_url(RedisServer)) as client:
            cache = RedisCache(client, key_prefix=f"{uuid4()}:")
            yield {"SESSION_TYPE": "CacheLib", "SESSION_CACHELIB": cache}
    else:
        made: Any = FileSystemCache(folder) if request.param == "files" else SimpleCache()
        yield {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": made}


def app_of(layer: Any, options: dict[str, Any]) -> Flask:
    app, user = Flask(__name__), str(uuid4())
    app.config.update(options, SECRET_KEY=SECRET)
    layer(app)

    @app.get("/login")
    def log_in() -> str:
        session["basket"] = ["tea"]
        if layer is Shortcrust:
            login(user)
        return ""

    @app.get("/")
    def index() -> dict[str, Any]:
        return {"basket": session.get("basket"), "reason": reason(request)}

    @app.get("/logout")
    def log_out() -> str:
        logout()
        return ""

    @app.get("/sessions")
    def listed() -> list[int]:
        return [len(sessions.list(user))]

    return app


def store_of(options: dict[str, Any]) -> Any:
    return app_of(Shortcrust, options).session_interface._store  # type: ignore[attr-defined]


def test_sessions_are_kept_where_the_type_says(options: dict[str, Any]) -> None:
    app = app_of(Shortcrust, options)
    client, other = app.test_client(), app.test_client()
    for one in (client, other):
        one.get("/login")
        assert one.get("/").json == {"basket": ["tea"], "reason": None}
    assert client.get("/sessions").json == [2]
    client.get("/logout")
    assert client.get("/").json == {"basket": None, "reason": "no_cookie"}
    assert other.get("/").json == {"basket": ["tea"], "reason": None}
    other.get("/logout")


@pytest.mark.parametrize("spelling", ["msgpack", "json"])
def test_a_session_in_memcached_is_taken_over(spelling: str) -> None:
    address = urlsplit(shared_url(MemcachedServer)).netloc
    with closing(PooledClient(address)) as client:
        options = {
            "SESSION_TYPE": "memcached",
            "SESSION_MEMCACHED": client,
            "SESSION_SERIALIZATION_FORMAT": spelling,
        }
        theirs = app_of(Session, options).test_client()
        theirs.get("/login")
        cookie = theirs.get_cookie("session")
        assert cookie is not None
        app = app_of(Shortcrust, options)
        ours = app.test_client()
        ours.set_cookie("session", cookie.value)
        assert ours.get("/").json == {"basket": ["tea"], "reason": None}
        assert client.get(f"session:{cookie.value}") is None
        assert ours.get("/").json == {"basket": ["tea"], "reason": None}
        ours.get("/logout")
        ours.set_cookie("session", cookie.value)
        assert ours.get("/").get_json()["basket"] is None


@pytest.fixture
def dynamodb() -> Iterator[dict[str, Any]]:
    resource = boto3.resource("dynamodb", **every_store.dynamodb_options())
    name = f"test-{uuid4()}"
    yield {
        "SESSION_TYPE": "dynamodb",
        "SESSION_DYNAMODB": resource,
        "SESSION_DYNAMODB_TABLE": name,
    }
    for each in (name, f"{name}-shortcrust"):
        with suppress(resource.meta.client.exceptions.ResourceNotFoundException):
            resource.Table(each).delete()
    resource.meta.client.close()


def theirs_in(dynamodb: dict[str, Any]) -> str:
    """The id of a session of Flask-Session's."""
    client = app_of(Session, dynamodb).test_client()
    client.get("/login")
    assert client.get("/").get_json()["basket"] == ["tea"]
    cookie = client.get_cookie("session")
    assert cookie is not None
    return str(cookie.value)


@pytest.mark.parametrize("spelling", ["msgpack", "json"])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_a_session_in_dynamodb_is_taken_over(
    dynamodb: dict[str, Any], spelling: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    # Less than a zone is from UTC.
    dynamodb |= {"SESSION_SERIALIZATION_FORMAT": spelling, "PERMANENT_SESSION_LIFETIME": 3_600}
    sid = theirs_in(dynamodb)
    ours = app_of(Shortcrust, dynamodb).test_client()
    ours.set_cookie("session", sid)
    assert ours.get("/").json == {"basket": ["tea"], "reason": None}
    table = dynamodb["SESSION_DYNAMODB"].Table(dynamodb["SESSION_DYNAMODB_TABLE"])
    assert "Item" not in table.get_item(Key={"id": f"session:{sid}"})
    assert ours.get("/").json == {"basket": ["tea"], "reason": None}
    ours.get("/login")
    assert ours.get("/sessions").json == [1]
    ours.get("/logout")
    ours.set_cookie("session", sid)
    assert ours.get("/").get_json()["basket"] is None
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "row",
    [
        {"val": pickle.dumps({"basket": ["tea"]}), "expiration": 10**10},
        {"val": b'{"basket":["tea"]}', "expiration": 10**9},
        {"val": b'{"basket":["tea"]}'},
        {"val": "text", "expiration": 10**10},
        {"val": b'{"basket":["tea"]}', "expiration": "soon"},
    ],
    ids=["pickle", "ended", "endless", "text", "strange"],
)
def test_a_row_in_dynamodb_that_is_none_is_empty_and_stays(
    dynamodb: dict[str, Any], row: dict[str, Any]
) -> None:
    sid = theirs_in(dynamodb)
    table = dynamodb["SESSION_DYNAMODB"].Table(dynamodb["SESSION_DYNAMODB_TABLE"])
    key = {"id": f"session:{sid}"}
    table.put_item(Item=key | row)
    ours = app_of(Shortcrust, dynamodb).test_client()
    ours.set_cookie("session", sid)
    assert ours.get("/").json == {"basket": None, "reason": "not_found"}
    assert "Item" in table.get_item(Key=key)


def test_dynamodb_without_flask_sessions_table_has_ours_alone(dynamodb: dict[str, Any]) -> None:
    client = app_of(Shortcrust, dynamodb).test_client()
    client.get("/login")
    assert client.get("/").json == {"basket": ["tea"], "reason": None}
    names = dynamodb["SESSION_DYNAMODB"].meta.client.list_tables()["TableNames"]
    ours = f"{dynamodb['SESSION_DYNAMODB_TABLE']}-shortcrust"
    assert [name for name in names if name in ours] == [ours]


def test_an_error_of_flask_sessions_table_shows_no_id(dynamodb: dict[str, Any]) -> None:
    sid = theirs_in(dynamodb)
    ours = app_of(Shortcrust, dynamodb).test_client()
    dynamodb["SESSION_DYNAMODB"].Table(dynamodb["SESSION_DYNAMODB_TABLE"]).delete()
    ours.set_cookie("session", sid)
    ours.application.testing = True
    with pytest.raises(OSError, match="failed with ResourceNotFoundException") as caught:
        ours.get("/")
    assert sid not in "".join(traceback.format_exception(caught.value))


class Trap:
    """What reading a pickle can run."""

    ran: list[str]

    def __reduce__(self) -> Any:
        return (os.mkdir, ("it ran",))


def test_a_session_in_a_pickle_is_empty_with_its_reason_and_is_not_read(
    options: dict[str, Any],
) -> None:
    app = app_of(Session, options)
    client = app.test_client()
    client.get("/login")
    interface: Any = app.session_interface
    cookie = client.get_cookie("session")
    assert cookie is not None
    key = f"session:{cookie.value}"
    assert interface.cache.get(key)["basket"] == ["tea"]
    interface.cache.set(key, Trap())
    ours = app_of(Shortcrust, options).test_client()
    ours.set_cookie("session", cookie.value)
    assert ours.get("/").json == {"basket": None, "reason": "not_found"}
    assert not Path("it ran").exists()
    # Nor is it removed: whoever goes back finds it.
    assert interface.cache.has(key)


def test_the_defaults_are_flask_sessions(tmp_path: Path) -> None:
    for options in ({"SESSION_TYPE": "filesystem"}, {"SESSION_TYPE": "cachelib"}):
        store = store_of(options)
        assert isinstance(store, FileStore)
        assert (tmp_path / "flask_session/shortcrust/records").is_dir()
        assert store._files._max_records == 500


@pytest.mark.parametrize(("threshold", "most"), [(7, 7), (0, float("inf"))])
def test_a_threshold_bounds_the_number_of_files(
    tmp_path: Path, threshold: int, most: float
) -> None:
    cache = FileSystemCache(str(tmp_path / "cache"), threshold)
    for options in (
        {"SESSION_TYPE": "filesystem", "SESSION_FILE_THRESHOLD": threshold},
        {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": cache},
    ):
        assert store_of(options)._files._max_records == most


def test_a_cache_of_one_process_is_a_store_of_one_process() -> None:
    store = store_of({"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": SimpleCache(threshold=9)})
    assert isinstance(store, MemoryStore)
    assert store.max_records == 9


def test_a_cache_in_redis_is_a_store_on_its_client() -> None:
    client = Redis()
    options = {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": RedisCache(client)}
    assert isinstance(store_of(options), RedisStore)


def test_files_are_their_owners_alone_whatever_the_mode_says(tmp_path: Path) -> None:
    with pytest.warns(ShortcrustWarning, match="SESSION_FILE_MODE is not followed"):
        app = app_of(Shortcrust, {"SESSION_TYPE": "filesystem", "SESSION_FILE_MODE": 0o644})
    app.test_client().get("/login")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"SESSION_TYPE": "mongodb"},
            "no store of ours is in MongoDB, as there was no server to test one on: set SHORTCRUST",
        ),
        (
            {"SESSION_TYPE": "Memcached", "SESSION_MEMCACHED": Redis()},
            "a store in Memcached takes a PooledClient",
        ),
        (
            {"SESSION_TYPE": "dynamodb", "SESSION_DYNAMODB": Redis()},
            "SESSION_DYNAMODB must be a resource",
        ),
        (
            {"SESSION_TYPE": "peewee"},
            "one of null, redis, sqlalchemy, memcached, dynamodb, filesystem, cachelib; for",
        ),
        (
            {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": NullCache()},
            "takes the place of NullCache: set SHORTCRUST_STORE",
        ),
        (
            {"SESSION_TYPE": "filesystem", "SESSION_FILE_DIR": ""},
            "SESSION_FILE_DIR must be the path of a folder",
        ),
        (
            {"SESSION_TYPE": "filesystem", "SESSION_FILE_THRESHOLD": "500"},
            "SESSION_FILE_THRESHOLD must be a number of files",
        ),
        (
            {"SESSION_TYPE": "filesystem", "SHORTCRUST_ROWS": "flask-session"},
            "SHORTCRUST_ROWS goes with SESSION_TYPE redis or sqlalchemy, and not with filesystem",
        ),
    ],
)
def test_what_has_no_store_is_refused_with_the_way_out(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        app_of(Shortcrust, options)


def test_apps_with_tables_of_their_own_stay_apart(tmp_path: Path) -> None:
    def made(table: str) -> Any:
        app = Flask(__name__)
        url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
        app.config.update(SECRET_KEY=SECRET, SQLALCHEMY_DATABASE_URI=url)
        app.config.update(SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=SQLAlchemy(app))
        app.config["SESSION_SQLALCHEMY_TABLE"] = table
        Shortcrust(app)
        app.add_url_rule("/", view_func=lambda: str(session.setdefault("table", table)))
        return app.test_client()

    one, other = made("one"), made("other")
    assert one.get("/").text == "one"
    cookie = one.get_cookie("session")
    other.set_cookie("session", cookie.value)
    assert other.get("/").text == "other"
