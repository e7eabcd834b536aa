"""What stands behind each ``SESSION_TYPE`` of Flask-Session's (0.8): our store, and old rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .._errors import ConfigError
from .._warnings import warn
from .rows import MemcachedRows, RedisRows, dynamodb_rows, sql_rows

if TYPE_CHECKING:
    from flask import Flask

    from .rows import OldRows

PREFIX = "session:"
# Flask-Session's own: so many files, and then those that end first go.
_THRESHOLD = 500
_MODE = 0o600
_FOLDER = "flask_session"
_OURS = "shortcrust"
_LOCAL = {
    "endpoint_url": "http://localhost:8000",
    "region_name": "us-west-2",
    "aws_access_key_id": "dummy",
    "aws_secret_access_key": "dummy",
}
_OTHERS = "set SHORTCRUST_STORE to a store of shortcrust.stores, or to one of your own"


class Place(NamedTuple):
    """Where sessions lie from now on, and where they lay."""

    store: Any
    rows: OldRows | None
    """None where nothing can be taken over."""


def place_of(app: Flask, kind: str, *, stays: bool) -> Place:
    """The place of a ``SESSION_TYPE``; where rows stay, those that they stay in."""
    return _PLACES[kind](app, stays)


def check(kind: str) -> None:
    """Refuses what ``SESSION_TYPE`` can't be here, in lower case."""
    if kind == "mongodb":
        raise ConfigError(
            "SESSION_TYPE mongodb: no store of ours is in MongoDB, as there was no server to test"
            f" one on: {_OTHERS}, and visitors log in once more"
        )
    if kind not in ("null", *_PLACES):
        types = ", ".join(["null", *_PLACES])
        raise ConfigError(f"SESSION_TYPE must be one of {types}; for others set SHORTCRUST_STORE")


def prefix_of(config: Mapping[str, Any]) -> str:
    """What stands before Flask-Session's ids."""
    return str(config.get("SESSION_KEY_PREFIX", PREFIX))


def _redis(app: Flask, stays: bool) -> Place:
    client = app.config.get("SESSION_REDIS") or import_module("redis").Redis()
    rows = RedisRows(client, prefix_of(app.config))
    return Place(None if stays else _store("RedisStore", client), rows)


def _sqlalchemy(app: Flask, stays: bool) -> Place:
    engine, metadata = _database(app)
    rows = sql_rows(engine, app.config, prefix_of(app.config), metadata, is_needed=stays)
    if stays:
        return Place(None, rows)
    store = _store("SQLAlchemyStore", engine)
    store.create_tables()
    # Else a migration that is generated would drop them.
    store.table(metadata)
    return Place(store, rows)


def _database(app: Flask) -> tuple[Any, Any]:
    """The engine and the metadata of Flask-SQLAlchemy."""
    client = app.config.get("SESSION_SQLALCHEMY")
    if client is None:
        raise ConfigError("SESSION_SQLALCHEMY must be your Flask-SQLAlchemy object")
    bind = app.config.get("SESSION_SQLALCHEMY_BIND_KEY")
    with app.app_context():
        engine = client.engines[bind] if bind else client.engine
        return engine, client.metadatas[bind]


def _memcached(app: Flask, _stays: bool) -> Place:
    client = app.config.get("SESSION_MEMCACHED")
    if client is None:
        client = import_module("pymemcache").PooledClient("127.0.0.1:11211")
    return Place(_store("MemcachedStore", client), MemcachedRows(client, prefix_of(app.config)))


def _dynamodb(app: Flask, _stays: bool) -> Place:
    """Flask-Session's table has no room for an index by user, so ours is beside it."""
    resource = app.config.get("SESSION_DYNAMODB")
    if resource is None:
        warn("SESSION_DYNAMODB is not set: Flask-Session's default is taken, localhost:8000")
        resource = import_module("boto3").resource("dynamodb", **_LOCAL)
    if not hasattr(resource, "Table"):
        raise ConfigError('SESSION_DYNAMODB must be a resource: boto3.resource("dynamodb")')
    name = str(app.config.get("SESSION_DYNAMODB_TABLE", "Sessions"))
    store = import_module("shortcrust.stores").DynamoDBStore(resource, f"{name}-{_OURS}")
    store.create_table()
    return Place(store, dynamodb_rows(resource, name, prefix_of(app.config)))


def _filesystem(app: Flask, _stays: bool) -> Place:
    config = app.config
    folder = config.get("SESSION_FILE_DIR", _FOLDER)
    if not isinstance(folder, (str, os.PathLike)) or not os.fspath(folder):
        raise ConfigError("SESSION_FILE_DIR must be the path of a folder")
    if config.get("SESSION_FILE_MODE", _MODE) != _MODE:
        warn("SESSION_FILE_MODE is not followed: our files are 0600, their owner's alone")
    threshold = config.get("SESSION_FILE_THRESHOLD", _THRESHOLD)
    if type(threshold) is not int or threshold < 0:
        raise ConfigError("SESSION_FILE_THRESHOLD must be a number of files, or 0 for no bound")
    return Place(_files(folder, threshold), None)


def _cachelib(app: Flask, _stays: bool) -> Place:
    """A store that keeps sessions where the cache does. Its rows are pickles, and not read."""
    client = app.config.get("SESSION_CACHELIB")
    if client is None:
        return Place(_files(_FOLDER, _THRESHOLD), None)
    cachelib = import_module("cachelib")
    if isinstance(client, cachelib.FileSystemCache):
        return Place(_files(client._path, client._threshold), None)  # noqa: SLF001
    if isinstance(client, cachelib.SimpleCache):
        return Place(_store("MemoryStore", client._threshold), None)  # noqa: SLF001
    if isinstance(client, cachelib.RedisCache):
        return Place(_store("RedisStore", client._write_client), None)  # noqa: SLF001
    name = type(client).__name__
    raise ConfigError(f"SESSION_CACHELIB: no store of ours takes the place of {name}: {_OTHERS}")


def _files(folder: Any, threshold: int) -> Any:
    """In a folder of its own within: going back finds the old files as they were."""
    # Absolute, as the application may go elsewhere later.
    path = Path(folder).absolute() / _OURS
    return import_module("shortcrust.stores").FileStore(path, max_records=threshold or None)


def _store(name: str, client: Any) -> Any:
    return getattr(import_module("shortcrust.stores"), name)(client)


_PLACES: dict[str, Callable[[Flask, bool], Place]] = {
    "redis": _redis,
    "sqlalchemy": _sqlalchemy,
    "memcached": _memcached,
    "dynamodb": _dynamodb,
    "filesystem": _filesystem,
    "cachelib": _cachelib,
}
