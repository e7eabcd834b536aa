"""Rows that stay Flask-Session's: there, back again, and nothing lost on the way."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import pytest
from flask import Flask, request, session
from flask_session import Session  # type: ignore[import-untyped]
from flask_session.sqlalchemy import sqlalchemy as peer_sql  # type: ignore[import-untyped]
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from servers import Postgres, shared_url
from servers import Redis as RedisServer
from shortcrust import ConfigError, Unsupported, ambient
from shortcrust.flask import Shortcrust, kept_rows, login, logout, regenerate, save, sessions
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

SECRET = "a secret of the tests, of thirty-two bytes or more"
KEPT = {"SHORTCRUST_ROWS": "flask-session"}
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
LIFETIME = timedelta(days=31)
VALUES: dict[str, Any] = {
    "user": "ada",
    "at": NOW.replace(microsecond=678_901),
    "raw": b"\x00\xff",
    "nested": {"basket": [{"tea": 1}, "pie", None, 1.5, True]},
    "é": "ü\u2028",
    "naive": datetime(2026, 1, 2, 3, 4, 5),
    "odd": [{1}, Decimal("1.50"), (1, {2: 3}), b"\0msgpack\0"],
}


class Place(NamedTuple):
    """Where Flask-Session keeps rows, for one test alone."""

    options: dict[str, Any]
    row: Callable[[str], tuple[bytes, Any] | None]
    """A row and its end, or the seconds that are left."""
    put: Callable[[str, bytes], None]
    """Over a row that is there."""
    left: Callable[[], int]
    """How many rows there are."""


@pytest.fixture(params=["redis", "sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    prefix = f"{uuid4()}:"
    if request.param == "redis":
        with Redis.from_url(shared_url(RedisServer)) as client:
            yield _in_redis(client, prefix)
        return
    url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    if request.param == "postgres":
        url = shared_url(Postgres).replace("postgresql://", "postgresql+psycopg://", 1)
    table = f"sessions_{uuid4().hex}"
    engine = create_engine(url, poolclass=NullPool)
    options = {
        "SESSION_TYPE": "sqlalchemy",
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": {"poolclass": NullPool},
        "SESSION_KEY_PREFIX": prefix,
        "SESSION_SQLALCHEMY_TABLE": table,
    }
    yield _in_sql(engine, options)
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE IF EXISTS {table}"))


def _in_redis(client: Any, prefix: str) -> Place:
    def row(sid: str) -> tuple[bytes, Any] | None:
        data = client.get(prefix + sid)
        return None if data is None else (data, client.ttl(prefix + sid))

    return Place(
        {"SESSION_TYPE": "redis", "SESSION_REDIS": client, "SESSION_KEY_PREFIX": prefix},
        row,
        lambda sid, data: client.set(prefix + sid, data, keepttl=True),
        lambda: len(client.keys(f"{prefix}*")),
    )


def _in_sql(engine: Any, options: dict[str, Any]) -> Place:
    table, prefix = options["SESSION_SQLALCHEMY_TABLE"], options["SESSION_KEY_PREFIX"]

    def run(statement: str, **values: Any) -> Any:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.fetchall() if result.returns_rows else []

    def row(sid: str) -> tuple[bytes, Any] | None:
        query = f"SELECT data, expiry FROM {table} WHERE session_id = :key"
        found = run(query, key=prefix + sid)
        return (bytes(found[0][0]), str(found[0][1])) if found else None

    def put(sid: str, data: bytes) -> None:
        update = f"UPDATE {table} SET data = :data WHERE session_id = :key"
        run(update, data=data, key=prefix + sid)

    return Place(options, row, put, lambda: len(run(f"SELECT id FROM {table}")))


def app_of(layer: Any, place: Place, **more: Any) -> Flask:
    app = Flask(__name__)
    rows = KEPT if layer is Shortcrust else {}
    app.config.update(place.options | rows | more, SECRET_KEY=SECRET)
    if "SQLALCHEMY_DATABASE_URI" in place.options:
        app.config["SESSION_SQLALCHEMY"] = SQLAlchemy(app)
    layer(app)
    app.testing = True

    @app.get("/set")
    def set_values() -> str:
        session.update(VALUES)
        return ""

    @app.get("/add")
    def add() -> str:
        session[request.args["key"]] = 1
        return ""

    @app.get("/drop")
    def drop() -> str:
        session.pop(request.args["key"])
        return ""

    @app.get("/in")
    def go_in() -> str:
        login("ada")
        session["user"] = "ada"
        return ""

    @app.get("/out")
    def go_out() -> str:
        logout()
        return ""

    @app.get("/anew")
    def anew() -> str:
        regenerate()
        return ""

    @app.get("/do")
    def do() -> str:
        app.config["DO"]()
        return ""

    @app.get("/all")
    def everything() -> str:
        return repr(dict(session))

    return app


class Browser:
    """The cookie that apps set goes along to the next, whichever it is."""

    def __init__(self) -> None:
        self.sid: str | None = None

    def get(self, app: Flask, path: str) -> str:
        headers = {} if self.sid is None else {"Cookie": f"session={self.sid}"}
        response = app.test_client(use_cookies=False).get(path, headers=headers)
        assert response.status_code == 200
        for line in response.headers.getlist("Set-Cookie"):
            self.sid = line.removeprefix("session=").partition(";")[0] or None
        return str(response.text)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    class Fixed(datetime):
        at: datetime = NOW

        @classmethod
        def utcnow(cls) -> Any:
            return cls.at.replace(tzinfo=None)

    def is_now(moment: datetime) -> None:
        Fixed.at = moment

    monkeypatch.setattr(peer_sql, "datetime", Fixed)
    monkeypatch.setattr(ambient, "now_ms", lambda: int(Fixed.at.timestamp() * 1000))
    return is_now


@pytest.mark.parametrize("written", ["msgpack", "json"])
def test_swapped_there_and_back_a_row_is_what_flask_session_alone_would_have_written(
    place: Place, written: str, clock: Callable[[datetime], None]
) -> None:
    stock = app_of(Session, place, SESSION_SERIALIZATION_FORMAT=written)
    ours = app_of(Shortcrust, place, SESSION_SERIALIZATION_FORMAT=written)
    script = ["/set", "/add?key=more", "/all", "/drop?key=raw", "/add?key=raw", "/all"]
    rows = []
    for apps in ([stock], [stock, ours], [ours, stock], [ours]):
        browser = Browser()
        for at, path in enumerate(script):
            clock(NOW + timedelta(seconds=at))
            browser.get(apps[at % len(apps)], path)
        assert browser.sid is not None
        # Flask-Session writes again for who only reads.
        clock(NOW + timedelta(seconds=len(script)))
        browser.get(stock, "/all")
        row = place.row(browser.sid)
        assert row is not None
        rows.append(row)
    first, *rest = rows
    if place.options["SESSION_TYPE"] == "redis":
        # Redis counts by its own clock.
        assert all(LIFETIME.total_seconds() - row[1] < 300 for row in rows)
        first, rest = (first[0], None), [(row[0], None) for row in rest]
    assert rest == [first] * 3


def test_going_back_logs_nobody_out(place: Place) -> None:
    stock, ours = app_of(Session, place), app_of(Shortcrust, place)
    old, new = Browser(), Browser()
    old.get(stock, "/set")
    new.get(ours, "/in")
    for browser in (old, new):
        before = browser.sid
        for app in (ours, stock, ours):
            assert "'user': 'ada'" in browser.get(app, "/all")
        assert browser.sid == before
    assert place.left() == 2


def test_a_session_that_began_here_is_permanent_there(place: Place) -> None:
    browser = Browser()
    browser.get(app_of(Shortcrust, place), "/add?key=n")
    row = place.row(browser.sid or "")
    assert row is not None
    assert row[0] == msgspec.msgpack.encode({"_permanent": True, "n": 1})
    shorter = Browser()
    shorter.get(app_of(Shortcrust, place, SESSION_PERMANENT=False), "/add?key=n")
    row = place.row(shorter.sid or "")
    assert row is not None
    assert row[0] == msgspec.msgpack.encode({"n": 1})


def test_who_only_reads_writes_nothing(place: Place) -> None:
    browser = Browser()
    browser.get(app_of(Session, place), "/set")
    row = place.row(browser.sid or "")
    ours = app_of(Shortcrust, place)
    rows = ours.session_interface._store._rows  # type: ignore[attr-defined]
    rows.swap = rows.add = rows.delete = None
    assert "'user': 'ada'" in browser.get(ours, "/all")
    assert (place.row(browser.sid or "") or b"")[0] == (row or b"")[0]


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_requests_that_overlap_lose_nothing(
    place: Place, is_forgotten: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_forgotten:
        monkeypatch.setattr(kept_rows, "_MOST_KNOWN", 1)
    one = app_of(Shortcrust, place)
    other = one if is_forgotten else app_of(Shortcrust, place)
    browser = Browser()
    browser.get(app_of(Session, place), "/set")

    def slow() -> None:
        session["nested"]["basket"].append("mine")
        for key in ("b", "c"):
            browser.get(other, f"/add?key={key}")
        session["a"] = 1

    one.config["DO"] = slow
    browser.get(one, "/do")
    row = place.row(browser.sid or "")
    assert row is not None
    nested = {"basket": [*VALUES["nested"]["basket"], "mine"]}
    expected = {"_permanent": True, **VALUES, "nested": nested, "b": 1, "c": 1, "a": 1}
    assert row[0] == msgspec.msgpack.encode(expected)


def test_a_logout_is_not_undone_by_a_request_that_is_under_way(place: Place) -> None:
    one, other = app_of(Shortcrust, place), app_of(Shortcrust, place)
    browser = Browser()
    browser.get(one, "/in")
    late = Browser()
    late.sid = browser.sid

    def slow() -> None:
        session.get("user")
        browser.get(other, "/out")
        session["late"] = 1

    one.config["DO"] = slow
    late.get(one, "/do")
    assert late.sid is not None
    assert (browser.sid, place.row(late.sid), place.left()) == (None, None, 0)
    assert late.get(app_of(Session, place), "/all") == "{'_permanent': True}"


@pytest.mark.parametrize("path", ["/in", "/anew"])
def test_a_new_id_takes_along_what_others_wrote_and_the_old_row_goes(
    place: Place, path: str
) -> None:
    one, other = app_of(Shortcrust, place), app_of(Shortcrust, place)
    browser = Browser()
    browser.get(one, "/add?key=n")
    old = Browser()
    old.sid = browser.sid

    def slow() -> None:
        session.get("n")
        old.get(other, "/add?key=theirs")
        one.view_functions["go_in" if path == "/in" else "anew"]()

    one.config["DO"] = slow
    browser.get(one, "/do")
    assert browser.sid not in (None, old.sid)
    found = browser.get(other, "/all")
    assert "'n': 1" in found
    assert "'theirs': 1" in found
    assert (place.row(old.sid or ""), place.left()) == (None, 1)


def test_save_writes_now_and_again(place: Place) -> None:
    app = app_of(Shortcrust, place)
    browser = Browser()
    seen = []

    def twice() -> None:
        session["pair"] = (1, 2)
        save()
        seen.append(place.left())
        session["n"] = 1
        save()
        session["n"] = 2

    app.config["DO"] = twice
    browser.get(app, "/do")
    row = place.row(browser.sid or "")
    assert row is not None
    assert msgspec.msgpack.decode(row[0]) == {"_permanent": True, "pair": [1, 2], "n": 2}
    assert seen == [1]


def test_a_session_in_which_nothing_is_left_ends(place: Place) -> None:
    app = app_of(Shortcrust, place)
    browser = Browser()
    browser.get(app, "/add?key=n")
    browser.get(app, "/drop?key=n")
    assert (browser.sid, place.left()) == (None, 0)


def test_a_row_in_pickle_is_not_read_and_stays_where_it_is(place: Place) -> None:
    ran: list[str] = []

    class Trap:
        def __reduce__(self) -> Any:
            return (ran.append, ("it ran",))

    browser = Browser()
    browser.get(app_of(Session, place), "/set")
    trap = pickle.dumps(Trap())
    place.put(browser.sid or "", trap)
    app = app_of(Shortcrust, place)
    assert browser.get(app, "/all") == "{}"
    row = place.row(browser.sid or "")
    assert row is not None
    assert (row[0], ran) == (trap, [])


@pytest.mark.parametrize("row", [b"\xc1", b"[1]", msgspec.msgpack.encode({1: 2}), b"[" * 99_999])
def test_a_strange_row_is_an_empty_session(place: Place, row: bytes) -> None:
    browser = Browser()
    browser.get(app_of(Session, place), "/set")
    place.put(browser.sid or "", row)
    assert browser.get(app_of(Shortcrust, place), "/all") == "{}"


def test_values_that_json_lacks_are_seen_as_flask_session_shows_them(place: Place) -> None:
    stock, ours = app_of(Session, place), app_of(Shortcrust, place)
    browser = Browser()
    browser.get(ours, "/set")
    before = browser.get(stock, "/all")
    assert "678901" in before
    assert browser.get(ours, "/all") == before
    browser.get(ours, "/add?key=n")
    browser.get(ours, "/drop?key=n")
    assert browser.get(stock, "/all") == before


def test_a_value_that_flask_session_can_not_hold_is_refused_there_and_here(place: Place) -> None:
    for layer in (Session, Shortcrust):
        app = app_of(layer, place)

        app.config["DO"] = lambda: session.update(odd=object())

        with pytest.raises(TypeError):
            Browser().get(app, "/do")
    assert place.left() == 0


def test_rows_that_ended_open_nothing_and_are_swept(
    place: Place, clock: Callable[[datetime], None]
) -> None:
    if place.options["SESSION_TYPE"] == "redis":
        pytest.skip("Redis itself removes them")
    app = app_of(Shortcrust, place)
    browser = Browser()
    browser.get(app, "/in")
    clock(NOW + LIFETIME + timedelta(minutes=2))
    later = Browser()
    later.get(app, "/in")
    assert browser.get(app, "/all") == "{}"
    store = app.session_interface._store  # type: ignore[attr-defined]
    assert (store.sweep(ambient.now_ms()), place.left()) == (1, 1)
    assert "'user': 'ada'" in later.get(app, "/all")


def test_lists_and_revocations_have_no_index_to_look_into(place: Place) -> None:
    app = app_of(Shortcrust, place)
    with app.test_request_context():
        app.preprocess_request()
        with pytest.raises(Unsupported, match="no index by user"):
            sessions.list("ada")
        with pytest.raises(Unsupported, match="no index by user"):
            sessions.revoke_all("ada")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"SHORTCRUST_ROWS": "ours"}, "SHORTCRUST_ROWS must be"),
        ({"SESSION_SERIALIZATION_FORMAT": "pickle"}, "SESSION_SERIALIZATION_FORMAT must be"),
        ({"SESSION_TYPE": None}, "goes with SESSION_TYPE"),
    ],
)
def test_a_configuration_that_can_not_be_is_refused_at_the_start(
    more: dict[str, Any], message: str
) -> None:
    options = {"SESSION_TYPE": "redis", "SESSION_REDIS": Redis(), **KEPT}
    app = Flask(__name__)
    app.config.update(options | more, SECRET_KEY=SECRET)
    with pytest.raises(ConfigError, match=message):
        Shortcrust(app)
