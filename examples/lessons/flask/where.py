"""The lessons about where a session lies: the same page on each store."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from hashlib import sha256
from struct import pack
from urllib.parse import urlsplit

from flask import Flask, request, session
from lesson import Lesson, Part
from pymemcache import PooledClient
from redis import Redis
from sessions import FOLDER, SECRET
from shortcrust.flask import Shortcrust
from shortcrust.stores import FileStore, MemcachedStore, RedisStore, SQLAlchemyStore
from sqlalchemy import create_engine, text

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
MYSQL = os.environ.get("MARIADB_URL", "mysql://root@localhost:3306/test")
MEMCACHED = os.environ.get("MEMCACHED_URL", "memcached://localhost:11211")


def app_with(store):
    app = Flask("stores")
    app.config["SECRET_KEY"] = SECRET
    app.config["SESSION_COOKIE_NAME"] = "stored"
    app.config["SHORTCRUST_STORE"] = store
    Shortcrust(app)
    return app


def put_something_in():
    session["user"] = "guest"
    session["note"] = "I like pears"
    return "The session is written."


def show_the_session():
    return dict(session) or "The session is empty."


def end_it():
    session.clear()
    return "The session is gone, here and in the store."


def key_of_the_row():
    """The store does not have the id, only a hash of it: who reads the store can't log in."""
    parts = ["shortcrust/v1", "record", "", "stored", "", request.cookies["stored"]]
    packed = b"".join(pack("<Q", len(part)) + part.encode() for part in parts)
    digest = sha256(pack("<Q", len(parts)) + packed).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def in_redis():
    return app_with(RedisStore(Redis.from_url(REDIS)))


def row_in_redis():
    key = f"shortcrust:{key_of_the_row()}"
    row = Redis.from_url(REDIS, decode_responses=True).hgetall(key)
    return {"key": key, **row}


def in_memcached():
    place = urlsplit(MEMCACHED)
    return app_with(MemcachedStore(PooledClient((place.hostname, place.port))))


def row_in_memcached():
    key, place = f"shortcrust:{key_of_the_row()}", urlsplit(MEMCACHED)
    row = PooledClient((place.hostname, place.port)).get(key)
    return {"key": key, "value": row and row.decode()}


def in_mysql():
    store = SQLAlchemyStore(create_engine(MYSQL.replace("mysql:", "mysql+pymysql:")))
    store.create_tables()
    return app_with(store)


def row_in_mysql():
    engine = create_engine(MYSQL.replace("mysql:", "mysql+pymysql:"))
    return row_in(engine, "SELECT * FROM shortcrust_session WHERE `key` = :key")


def in_a_database():
    store = SQLAlchemyStore(create_engine(f"sqlite:///{FOLDER}/rows.db"))
    store.create_tables()
    return app_with(store)


def row_in_a_database():
    engine = create_engine(f"sqlite:///{FOLDER}/rows.db")
    return row_in(engine, "SELECT * FROM shortcrust_session WHERE key = :key")


def row_in(engine, query):
    with engine.connect() as connection:
        row = connection.execute(text(query), {"key": key_of_the_row()}).mappings().first()
    engine.dispose()
    return dict(row) if row else "There is no row."


def in_files():
    return app_with(FileStore(FOLDER / "sessions"))


def row_in_files():
    key = key_of_the_row()
    file = FOLDER / "sessions" / "records" / key[:2] / key
    return file.read_text() if file.exists() else "There is no file."


SAME = """<p>This is the same page on each store: what changes is one line, the store. The cookie
    has the session's id, and the row has the data. Look at the key of the row: it is not the
    id.</p>"""


def lesson(slug, title, note, app, row, *setup, server=None):
    steps = (put_something_in, show_the_session, row, end_it)
    part = Part(steps, setup=(app_with, key_of_the_row, *setup), app=app, server=server)
    return Lesson(slug, title, f"<p>{note}</p>{SAME}", (part,))


LESSONS = [
    lesson(
        "in-a-database",
        "In a database",
        "SQLAlchemy knows many databases. Here it is SQLite, a file, and no server must run.",
        in_a_database,
        row_in_a_database,
        row_in,
    ),
    lesson(
        "in-mysql",
        "In MySQL or MariaDB",
        "Only the URL of the database is another one.",
        in_mysql,
        row_in_mysql,
        row_in,
        server=("MySQL or MariaDB", MYSQL),
    ),
    lesson(
        "in-redis",
        "In Redis",
        "Redis keeps all in memory, so it is fast, and it removes a session by itself when its time"
        " is over.",
        in_redis,
        row_in_redis,
        server=("Redis", REDIS),
    ),
    lesson(
        "in-memcached",
        "In Memcached",
        "Memcached is a cache: where its memory is full it drops what nobody used for long. So a"
        " session may be gone before its time.",
        in_memcached,
        row_in_memcached,
        server=("Memcached", MEMCACHED),
    ),
    lesson(
        "in-a-file",
        "In files",
        "Each session is a file of its own. That is enough for one machine.",
        in_files,
        row_in_files,
    ),
]
