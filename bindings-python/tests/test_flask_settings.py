"""Flask's own keys in our front, and where a logout has to reach."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import Any

import pytest
from conftest import SECRET, Clock, since_flask
from flask import Flask, Response, session
from shortcrust import ConfigError, ShortcrustWarning
from shortcrust.flask import SessionInterface, Shortcrust, logout
from shortcrust.stores import MemoryStore
from test_drop_in import cookies, serve, setter, show

READER = {"format": "flask", "until": "never"}


def build(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update({"SECRET_KEY": SECRET, **config})
    Shortcrust(app)
    serve(app, login=setter(user="ada"), show=show, logout=logout)
    return app


def stock(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update({"SECRET_KEY": SECRET, **config})
    serve(app, login=setter(user="ada"))
    return app


def set_by(app: Flask) -> str:
    (cookie,) = cookies(app.test_client().get("/login"))
    return cookie


# Flask's keys are the defaults.


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"SESSION_COOKIE_NAME": "sid"}, "sid=v4.local."),
        ({"SESSION_COOKIE_DOMAIN": "shop.test"}, "; Domain=shop.test"),
        ({"SESSION_COOKIE_PATH": "/shop"}, "; Path=/shop"),
        ({"APPLICATION_ROOT": "/root"}, "; Path=/root"),
        ({"SESSION_COOKIE_PATH": "/shop", "APPLICATION_ROOT": "/root"}, "; Path=/shop"),
        ({"SESSION_COOKIE_SECURE": True}, "; Secure"),
        ({"SESSION_COOKIE_SAMESITE": "Strict"}, "; SameSite=Strict"),
        ({"SESSION_COOKIE_SAMESITE": "strict"}, "; SameSite=Strict"),
        ({"SESSION_COOKIE_SAMESITE": None}, "; SameSite=Lax"),
        ({"SESSION_COOKIE_SAMESITE": "none"}, "; Secure; HttpOnly; SameSite=None"),
        pytest.param(
            {"SESSION_COOKIE_PARTITIONED": True}, "; Partitioned", marks=since_flask(3, 1)
        ),
        ({"PERMANENT_SESSION_LIFETIME": 600}, "; Max-Age=600"),
        ({"PERMANENT_SESSION_LIFETIME": timedelta(hours=1)}, "; Max-Age=3600"),
        ({"PERMANENT_SESSION_LIFETIME": timedelta(days=365)}, f"; Max-Age={365 * 86_400}"),
        ({}, f"; Max-Age={14 * 86_400}"),
    ],
)
@pytest.mark.filterwarnings("ignore::shortcrust.ShortcrustWarning")
def test_flasks_keys_are_our_fronts_defaults(
    config: dict[str, Any], words: str, clock: Clock
) -> None:
    assert words in set_by(build(**config))


def test_localhost_is_kept_as_browsers_keep_it(clock: Clock) -> None:
    assert "Domain" not in set_by(build(SESSION_COOKIE_DOMAIN="localhost"))


@pytest.mark.filterwarnings("ignore::shortcrust.ShortcrustWarning")
def test_a_cookie_that_scripts_may_read_is_flasks_to_say(clock: Clock) -> None:
    assert "HttpOnly" not in set_by(build(SESSION_COOKIE_HTTPONLY=False))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"SESSION_COOKIE_NAME": "theirs", "SHORTCRUST_NAME": "ours"}, "ours=v4"),
        ({"APPLICATION_ROOT": "/root", "SHORTCRUST_COOKIE_PATH": "/"}, "; Path=/;"),
        ({"SESSION_COOKIE_SAMESITE": "Strict", "SHORTCRUST_COOKIE_SAMESITE": "Lax"}, "=Lax"),
        ({"PERMANENT_SESSION_LIFETIME": 60, "SHORTCRUST_IDLE": 600}, "; Max-Age=600"),
        (
            {"PERMANENT_SESSION_LIFETIME": timedelta(days=365), "SHORTCRUST_ABSOLUTE": 600},
            "; Max-Age=600",
        ),
    ],
)
def test_our_keys_win(config: dict[str, Any], words: str, clock: Clock) -> None:
    assert words in set_by(build(**config))


def test_the_lifetime_is_idle_time_for_every_session_permanent_or_not(clock: Clock) -> None:
    app = build(PERMANENT_SESSION_LIFETIME=600)
    serve(app, short=setter(_permanent=False, user="ada"))
    for path in ("/login", "/short"):
        client = app.test_client()
        client.get(path)
        clock.advance(seconds=590)
        assert "ada" in client.get("/show").text
        clock.advance(seconds=590)
        assert "ada" in client.get("/show").text
        clock.advance(seconds=661)
        assert client.get("/show").text == "{}"


@pytest.mark.parametrize(("permanent", "has_age"), [(True, True), (False, False), (None, True)])
def test_permanent_says_whether_the_cookie_outlives_the_browser(
    permanent: bool | None, has_age: bool, clock: Clock
) -> None:
    app = build()

    def begin() -> None:
        session["user"] = "ada"
        if permanent is not None:
            session.permanent = permanent

    serve(app, begin=begin)
    (cookie,) = cookies(app.test_client().get("/begin"))
    assert ("Max-Age" in cookie) is has_age


def test_a_key_that_changes_later_counts(clock: Clock) -> None:
    app = build()
    app.config["SESSION_COOKIE_NAME"] = "later"
    assert set_by(app).startswith("later=")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"SESSION_COOKIE_SAMESITE": "sloppy"}, "SESSION_COOKIE_SAMESITE must be one of"),
        ({"PERMANENT_SESSION_LIFETIME": -1}, "PERMANENT_SESSION_LIFETIME must be seconds"),
        ({"PERMANENT_SESSION_LIFETIME": "a day"}, "PERMANENT_SESSION_LIFETIME must be"),
        ({"SESSION_COOKIE_DOMAIN": "a b"}, "(see SESSION_COOKIE_*, APPLICATION_ROOT"),
        ({"SHORTCRUST_IDLE": -1, "PERMANENT_SESSION_LIFETIME": 9}, "SHORTCRUST_IDLE must be"),
        ({"SECRET_KEY": 1234}, "SECRET_KEY must hold str or bytes"),
        ({"SECRET_KEY_FALLBACKS": [""]}, "SECRET_KEY_FALLBACKS: a secret is empty"),
        ({"SHORTCRUST_SECRETS": []}, "SHORTCRUST_SECRETS is an empty list"),
        ({"SHORTCRUST_SECRETS": [""]}, "SHORTCRUST_SECRETS: a secret is empty"),
        ({"SHORTCRUST_STORE": "redis://localhost"}, "RedisStore(redis.Redis.from_url(...))"),
        ({"SHORTCRUST_READERS": [{**READER, "path": 1}]}, '"path" must be str'),
        ({"SHORTCRUST_READERS": [{**READER, "domain": b"x"}]}, '"domain" must be str'),
        ({"SHORTCRUST_READERS": [{**READER, "path": "app"}]}, "must begin with /"),
    ],
)
def test_a_fault_names_the_key_that_is_set(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        build(**config)
    assert words in str(raised.value)


@since_flask(3, 1)
def test_an_empty_fallback_is_named_by_the_drop_in_too(clock: Clock) -> None:
    app = stock(SECRET_KEY_FALLBACKS=[""])
    with pytest.raises(ConfigError, match="SECRET_KEY_FALLBACKS: a secret is empty"):
        SessionInterface(app)


def test_no_fallbacks_are_an_empty_list(clock: Clock) -> None:
    assert set_by(build(SECRET_KEY_FALLBACKS=[]))


def test_keys_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setenv("FLASK_SECRET_KEY", SECRET)
    monkeypatch.setenv("FLASK_SHORTCRUST_IDLE", "600")
    monkeypatch.setenv("FLASK_SHORTCRUST_READERS", '[{"format": "flask", "until": "2027-03-01"}]')
    monkeypatch.setenv("FLASK_SESSION_COOKIE_SECURE", "true")
    app = Flask(__name__)
    app.config.from_prefixed_env()
    Shortcrust(app)
    serve(app, login=setter(user="ada"))
    assert "; Max-Age=600; Secure" in set_by(app)


def test_a_reader_whose_time_has_passed_is_warned_of(clock: Clock) -> None:
    reader = {"format": "flask", "until": "2025-12-31"}
    with pytest.warns(ShortcrustWarning, match='"until" of the flask reader has passed') as caught:
        build(SHORTCRUST_READERS=[reader, READER])
    assert [warning.filename for warning in caught] == [__file__]


# A logout reaches every cookie that would open again.


SITE = "http://www.shop.test/app/"
DOMAIN = {"SESSION_COOKIE_DOMAIN": "shop.test"}
MOVES = [
    ({"APPLICATION_ROOT": "/app"}, {}),
    ({"APPLICATION_ROOT": "/app"}, {"SHORTCRUST_COOKIE_PATH": "/"}),
    (DOMAIN, {}),
    (DOMAIN, {"SHORTCRUST_COOKIE_DOMAIN": None}),
    ({}, DOMAIN),
    ({"SESSION_COOKIE_PATH": "/app/"}, {"SESSION_COOKIE_PATH": None, "path": "/app/"}),
    (
        {"SESSION_COOKIE_DOMAIN": "shop.test"},
        {"SESSION_COOKIE_DOMAIN": None, "domain": "shop.test"},
    ),
]


@pytest.mark.filterwarnings("ignore::shortcrust.ShortcrustWarning")
@pytest.mark.parametrize("has_store", [False, True], ids=["cookie", "store"])
@pytest.mark.parametrize("converts", [False, True], ids=["at once", "after a visit"])
@pytest.mark.parametrize(("before", "now"), MOVES, ids=str)
def test_a_logout_reaches_the_cookie_that_flask_had_set_elsewhere(
    before: dict[str, Any], now: dict[str, Any], converts: bool, has_store: bool, clock: Clock
) -> None:
    place = {key: now[key] for key in ("path", "domain") if key in now}
    config = {**before, **{key: now[key] for key in now if key not in place}}
    if has_store:
        config["SHORTCRUST_STORE"] = MemoryStore()
    app = build(**config, SHORTCRUST_READERS=[{**READER, **place}])
    browser = app.test_client()
    old = stock(**before).test_client()
    old.get("/login", base_url=SITE)
    browser._cookies = old._cookies
    if converts:
        clock.advance(days=5)
        assert "ada" in browser.get("/show", base_url=SITE).text
    browser.get("/logout", base_url=SITE)
    assert browser.get("/show", base_url=SITE).text == "{}"


@pytest.mark.filterwarnings("ignore::shortcrust.ShortcrustWarning")
def test_a_login_leaves_no_older_cookie_elsewhere(clock: Clock) -> None:
    config = {"SESSION_COOKIE_DOMAIN": "shop.test"}
    cookie = set_by(stock(**config)).partition(";")[0]
    app = build(**config, SHORTCRUST_COOKIE_DOMAIN=None, SHORTCRUST_READERS=[READER])

    def anew() -> None:
        logout()
        session["greeting"] = "bye"

    serve(app, anew=anew)
    client = app.test_client(use_cookies=False)
    new, gone = cookies(client.get("/anew", headers={"Cookie": cookie}))
    assert new.startswith("session=v4.local.")
    assert gone.startswith("session=; Path=/; Domain=shop.test; Max-Age=0")


def test_a_logout_without_readers_deletes_one_cookie(clock: Clock) -> None:
    app = build(APPLICATION_ROOT="/app", SHORTCRUST_COOKIE_PATH="/")
    client = app.test_client()
    client.get("/login")
    (gone,) = cookies(client.get("/logout"))
    assert gone.startswith("session=; Path=/; Max-Age=0")


# What clients send.


@pytest.mark.parametrize("front", ["drop-in", "own"])
@pytest.mark.parametrize(
    "header",
    [
        'session="{}"',
        'a="b;c"; session="{}"',
        '$Version=1; session="{}"; $Path="/"',
        'other="x"; session = "{}" ',
        'session={}; quoted="',
    ],
)
def test_a_quoted_value_is_read_as_flask_reads_it(front: str, header: str, clock: Clock) -> None:
    app = build()
    if front == "drop-in":
        app.session_interface = SessionInterface()
    value = set_by(app).partition(";")[0].removeprefix("session=")
    client = app.test_client(use_cookies=False)
    shown = client.get("/show", headers={"Cookie": header.format(value)})
    assert shown.text == "{'user': 'ada'}"


def test_a_session_is_saved_without_a_request(clock: Clock) -> None:
    app = build(SHORTCRUST_STORE=MemoryStore())
    with app.test_request_context():
        opened = app.session_interface.open_session(app, app.test_request_context().request)
    assert opened is not None
    opened["user"] = "ada"
    with app.app_context():
        response = Response()
        app.session_interface.save_session(app, opened, response)
    assert response.headers["Set-Cookie"].startswith("session=")


def test_a_short_key_of_before_stands_in_a_reader_beside_sealed(clock: Clock) -> None:
    short = "of seventeen byte"
    reader = {**READER, "secrets": [short]}
    app = build(SECRET_KEY=short, SHORTCRUST_SECRETS=[SECRET], SHORTCRUST_READERS=[reader])
    cookie = set_by(stock(SECRET_KEY=short)).partition(";")[0]
    client = app.test_client(use_cookies=False)
    assert client.get("/show", headers={"Cookie": cookie}).text == "{'user': 'ada'}"


# A weak configuration of our front


WEAK = {"SESSION_COOKIE_HTTPONLY": False}


def test_a_weakness_is_a_warning_where_the_front_is_put_in(clock: Clock) -> None:
    with pytest.warns(ShortcrustWarning, match="HttpOnly") as caught:
        app = build(**WEAK)
    assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert set_by(app)


def test_a_weakness_that_only_a_request_shows_is_one_line_in_the_log(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        app = build(SECRET_KEY=None, **WEAK)
        app.config["SECRET_KEY"] = SECRET
        client = app.test_client()
        assert [client.get("/login").status_code for _ in range(3)] == [200] * 3
    (line,) = [record.getMessage() for record in caplog.records if record.name == "shortcrust"]
    assert "HttpOnly" in line
