"""The tool on sessions in a store that a URL names."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import servers
from flask import Flask, session
from shortcrust import ambient
from shortcrust.flask import Shortcrust, login
from shortcrust.stores import FileStore, RedisStore, SQLAlchemyStore, SQLiteStore
from test_tool import Tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from shortcrust.stores import Store

NOW = 1_800_000_000.0
DAY = 86_400


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Tool:
    return Tool(monkeypatch)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def at(seconds: float) -> None:
        monkeypatch.setattr(ambient, "now", lambda: seconds)
        monkeypatch.setattr(ambient, "now_ms", lambda: int(seconds * 1000))

    at(NOW)
    return at


def log_in(store: Store, user: str, *, label: str | None = None, namespace: str = "tool") -> None:
    app = Flask(__name__)
    app.config["SHORTCRUST_SECRETS"] = ["a secret for the tests only, of thirty-two bytes"]
    app.config["SHORTCRUST_NAMESPACE"] = namespace
    app.config["SHORTCRUST_STORE"] = store
    Shortcrust(app)

    @app.get("/")
    def page() -> str:
        login(user, label=label)
        session["n"] = 1
        return ""

    assert app.test_client().get("/").status_code == 200


OURS = ("--namespace", "tool")


def test_a_users_sessions_are_listed_and_all_but_one_are_revoked(
    run: Tool, clock: Callable[[float], None], tmp_path: Path
) -> None:
    store = SQLiteStore(tmp_path / "sessions.db")
    url = f"sqlite:///{tmp_path}/sessions.db"
    log_in(store, "ada", label="Firefox")
    clock(NOW + 3 * 3600)
    log_in(store, "ada")
    log_in(store, "bob")
    clock(NOW + 5 * 3600)
    listed = run("sessions", "list", url, "--user", "ada", *OURS).out.splitlines()
    handle = r"[A-Za-z0-9_-]{43}"
    assert re.fullmatch(f"{handle}  used 2 hours ago, began 2 hours ago", listed[0])
    assert re.fullmatch(f"{handle}  used 5 hours ago, began 5 hours ago  Firefox", listed[1])
    assert listed[2:] == ["2 sessions"]
    assert run("sessions", "list", url, "--user", "ada").out == "0 sessions\n"
    (newest, _) = json.loads(run("sessions", "list", url, "--user", "ada", "--json", *OURS).out)[
        "sessions"
    ]
    kept = ("--keep", newest["handle"])
    assert (
        run("sessions", "revoke", url, "--user", "ada", *kept, *OURS).out == "1 session removed\n"
    )
    assert run("sessions", "list", url, "--user", "ada", *OURS).out.endswith("1 session\n")
    assert run("sessions", "list", url, "--user", "bob", *OURS).out.endswith("1 session\n")
    store.close()


def test_what_has_ended_is_swept_in_batches(
    run: Tool, clock: Callable[[float], None], tmp_path: Path
) -> None:
    store = SQLiteStore(tmp_path / "sessions.db")
    url = f"sqlite:///{tmp_path}/sessions.db"
    for at in range(5):
        log_in(store, f"user {at}")
    assert run("sweep", url).out == "0 sessions removed\n"
    clock(NOW + 400 * DAY)
    assert run("sweep", url, "--limit", "2").out == "2 sessions removed\n"
    assert run("sweep", url, "--json").out == '{"removed":3}\n'
    with sqlite3.connect(tmp_path / "sessions.db") as database:
        assert database.execute("SELECT count(*) FROM shortcrust_session").fetchone() == (0,)
    database.close()
    store.close()


@pytest.mark.parametrize("kind", ["file", "redis", "postgresql"])
def test_each_kind_of_store_has_its_url(
    kind: str, run: Tool, clock: Callable[[float], None], tmp_path: Path
) -> None:
    store: Store
    if kind == "file":
        store, url = FileStore(tmp_path), f"file://{tmp_path}"
    elif kind == "redis":
        redis = pytest.importorskip("redis")
        url = servers.shared_url(servers.Redis)
        client = redis.Redis.from_url(url)
        store = RedisStore(client)
    else:
        sqlalchemy = pytest.importorskip("sqlalchemy")
        url = servers.shared_url(servers.Postgres)
        engine = sqlalchemy.create_engine(
            sqlalchemy.make_url(url).set(drivername="postgresql+psycopg")
        )
        store = SQLAlchemyStore(engine)
        store.create_tables()
    user = ("--user", f"the tool's {kind}", *OURS)
    log_in(store, f"the tool's {kind}")
    assert run("sessions", "list", url, *user).out.endswith("1 session\n")
    assert run("sessions", "revoke", url, *user).out == "1 session removed\n"
    assert run("sessions", "list", url, *user).out == "0 sessions\n"
    if kind == "redis":
        client.close()
    elif kind == "postgresql":
        engine.dispose()


def test_a_store_that_fails_is_said_without_its_url(run: Tool) -> None:
    done = run("sessions", "list", "redis://:password@127.0.0.1:1/0", "--user", "ada")
    assert done == ("", "shortcrust: the store failed: ConnectionError\n", 1)
