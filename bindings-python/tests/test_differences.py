"""Where the drop-in differs from Flask, and the switch that takes each difference back."""

from __future__ import annotations

import hmac
import logging
import warnings
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import pytest
from conftest import SECRET, Clock, since_flask
from flask import Flask, request, session
from flask.json.provider import DefaultJSONProvider
from flask.sessions import SecureCookieSessionInterface
from freezegun import freeze_time
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode
from shortcrust import ConfigError, ShortcrustWarning, TooLarge, reason
from shortcrust._cookie_header import places_elsewhere
from shortcrust.flask import SessionInterface
from test_drop_in import cookies, serve, setter, show, token


@pytest.fixture
def app(clock: Clock) -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    app.session_interface = SessionInterface()
    return app


def exact(app: Flask) -> None:
    app.session_interface = SessionInterface(peer_exact=True)
    app.testing = False
    app.logger.setLevel(logging.CRITICAL)


def sign(payload: bytes) -> str:
    """Whatever bytes, signed as Flask signs."""
    key = hmac.digest(SECRET.encode(), b"cookie-session", "sha1")
    signer = TimestampSigner(key, key_derivation="none")
    return signer.sign(base64_encode(payload)).decode()


# A change inside a nested list or dict is saved.


def test_a_nested_change_is_saved(app: Flask) -> None:
    serve(app, login=setter(basket=[]), add=lambda: session["basket"].append("pear"), show=show)
    client = app.test_client()
    client.get("/login")
    assert cookies(client.get("/add")) == [
        f"session={token(app, {'basket': ['pear']})}; HttpOnly; Path=/"
    ]
    assert client.get("/show").text == "{'basket': ['pear']}"


def test_a_nested_change_in_a_session_transaction_is_saved(app: Flask) -> None:
    serve(app, show=show)
    client = app.test_client()
    with client.session_transaction() as opened:
        opened["basket"] = []
    with client.session_transaction() as opened:
        opened["basket"].append("pear")
    assert client.get("/show").text == "{'basket': ['pear']}"


def test_a_nested_session_that_was_only_read_sets_nothing(app: Flask) -> None:
    serve(app, login=setter(basket=[("pear", {"n": 1.5})], when=[datetime(2026, 1, 1)]), show=show)
    client = app.test_client()
    client.get("/login")
    assert cookies(client.get("/show")) == []


@pytest.mark.parametrize(
    "payload", [b'{ "b": [1.0, 1e2], "a": "\\u00e9" }', '{"b":[],"a":"\xe9"}'.encode()]
)
def test_a_payload_that_another_writer_spelled_is_unchanged_when_read(
    app: Flask, payload: bytes
) -> None:
    serve(app, show=show)
    client = app.test_client(use_cookies=False)
    response = client.get("/show", headers={"Cookie": f"session={sign(payload)}"})
    assert "'a': 'é'" in response.text
    assert cookies(response) == []


def test_peer_exact_loses_a_nested_change_as_flask_does(app: Flask) -> None:
    exact(app)
    serve(app, login=setter(basket=[]), add=lambda: session["basket"].append("pear"), show=show)
    client = app.test_client()
    client.get("/login")
    assert cookies(client.get("/add")) == []
    assert client.get("/show").text == "{'basket': []}"


def test_a_decimal_put_into_a_nested_copy_by_a_view_that_reads_is_no_500(app: Flask) -> None:
    def price() -> None:
        for item in session["basket"]:
            item["price"] = Decimal("1.50")

    serve(app, login=setter(basket=[{"n": 1}]), price=price)
    client = app.test_client()
    client.get("/login")
    assert client.get("/price").status_code == 200


@pytest.mark.parametrize("permanent", [False, True])
def test_an_object_put_into_a_nested_copy_by_a_view_that_reads_is_no_500(
    app: Flask, permanent: bool
) -> None:
    def load() -> None:
        session["basket"][0]["product"] = object()

    serve(app, login=setter(basket=[{"n": 1}], _permanent=permanent), load=load, show=show)
    client = app.test_client()
    client.get("/login")
    response = client.get("/load")
    assert response.status_code == 200
    assert len(cookies(response)) == permanent
    assert client.get("/show").text == f"{{'_permanent': {permanent}, 'basket': [{{'n': 1}}]}}"


def test_an_interrupt_while_comparing_is_no_change_that_may_be_ignored(app: Flask) -> None:
    assert isinstance(app.json, DefaultJSONProvider)
    app.testing = True

    class Interrupting(tzinfo):
        def utcoffset(self, moment: datetime | None) -> timedelta:
            raise KeyboardInterrupt

        dst = utcoffset
        tzname = None  # type: ignore[assignment]

    def read() -> None:
        session["basket"].append(datetime(2026, 1, 1, tzinfo=Interrupting()))

    serve(app, login=setter(basket=[]), read=read)
    client = app.test_client()
    client.get("/login")
    with pytest.raises(KeyboardInterrupt):
        client.get("/read")


# A strange cookie is an empty session.

STRANGE = [
    (b"[1,2]", "not_an_object"),
    (b'"text"', "not_an_object"),
    (b"null", "not_an_object"),
    (b'{" t":[1]}', "not_an_object"),
    (b"{", "malformed"),
    (b"\xff", "malformed"),
    (b'{"a":{" u":"no uuid"}}', "malformed"),
    (b'{"a":' + b"9" * 5000 + b"}", "malformed"),
    (b'{"a":' * 1000 + b"1" + b"}" * 1000, "too_large"),
]


@pytest.mark.parametrize(("payload", "why"), STRANGE)
def test_a_signed_cookie_with_a_strange_payload_is_an_empty_session(
    app: Flask, payload: bytes, why: str
) -> None:
    serve(app, show=lambda: (dict(session), reason(request)))
    client = app.test_client(use_cookies=False)
    response = client.get("/show", headers={"Cookie": f"session={sign(payload)}"})
    assert (response.status_code, response.text) == (200, repr(({}, why)))


def test_peer_exact_ends_in_a_500_as_flask_does(app: Flask) -> None:
    exact(app)
    serve(app, show=show)
    client = app.test_client(use_cookies=False)
    assert client.get("/show", headers={"Cookie": f"session={sign(b'{')}"}).status_code == 500


@pytest.mark.parametrize(
    ("cookie", "why"),
    [
        (None, "no_cookie"),
        ("", "no_cookie"),
        ("garbage", "bad_signature"),
        ("eyJhIjoxfQ.aaaaaa.bbbb", "bad_signature"),
        (b"{", "malformed"),
        (b"null", "not_an_object"),
        (b'"text"', "not_an_object"),
    ],
)
def test_where_flasks_own_code_opens_a_strange_cookie_is_still_an_empty_session(
    app: Flask, cookie: str | bytes | None, why: str
) -> None:
    cookie = sign(cookie) if isinstance(cookie, bytes) else cookie
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.default = lambda value: str(value)
    serve(app, show=lambda: (dict(session), reason(request)))
    headers = {} if cookie is None else {"Cookie": f"session={cookie}"}
    response = app.test_client(use_cookies=False).get("/show", headers=headers)
    assert (response.status_code, response.text) == (200, repr(({}, why)))


def test_where_flasks_own_code_opens_an_old_cookie_is_expired(app: Flask, clock: Clock) -> None:
    class Resigned(SessionInterface):
        def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer:
            return URLSafeTimedSerializer("another secret")

    app.session_interface = Resigned()
    serve(app, login=setter(user="ada"), show=lambda: (dict(session), reason(request)))
    client = app.test_client()
    client.get("/login")
    assert client.get("/show").text == "({'user': 'ada'}, None)"
    clock.advance(days=32)
    assert client.get("/show").text == "({}, 'expired')"


# Further duplicates are tried when the first does not open.


def test_the_first_of_several_cookies_that_opens_is_the_session(app: Flask) -> None:
    serve(app, show=show)
    one, two = token(app, {"user": "one"}), token(app, {"user": "two"})
    client = app.test_client(use_cookies=False)
    for header in (f"session=x; session={one}; session={two}", f"session={one}; session={two}"):
        assert client.get("/show", headers={"Cookie": header}).text == "{'user': 'one'}"


def test_peer_exact_looks_at_the_first_cookie_alone(app: Flask) -> None:
    exact(app)
    serve(app, show=show)
    header = f"session=x; session={token(app, {'user': 'one'})}"
    client = app.test_client(use_cookies=False)
    assert client.get("/show", headers={"Cookie": header}).text == "{}"


# Another server's clock may be 60 seconds ahead.


@pytest.mark.parametrize(
    ("ahead", "shown"), [(60, "({'user': 'ada'}, None)"), (61, "({}, 'not_yet_valid')")]
)
def test_a_cookie_from_a_minute_ahead_opens(
    app: Flask, clock: Clock, ahead: int, shown: str
) -> None:
    serve(app, login=setter(user="ada"), show=lambda: (dict(session), reason(request)))
    client = app.test_client()
    client.get("/login")
    clock.advance(seconds=-ahead)
    assert client.get("/show").text == shown


def test_peer_exact_refuses_a_cookie_from_a_second_ahead(app: Flask, clock: Clock) -> None:
    exact(app)
    serve(app, login=setter(user="ada"), show=show)
    client = app.test_client()
    client.get("/login")
    clock.advance(seconds=-1)
    assert client.get("/show").text == "{}"


# What would come back, and not be read, is an error when it is saved.


def nested(levels: int) -> list[Any]:
    return [] if levels == 1 else [nested(levels - 1)]


@pytest.mark.parametrize(
    "data", [nested(250), "x" * 300_000], ids=["deep", "long, and short as a token"]
)
def test_a_session_that_could_not_be_read_again_is_not_written(app: Flask, data: object) -> None:
    app.testing = True
    serve(app, save=setter(data=data))
    with pytest.raises(TooLarge, match="put less into it"):
        app.test_client().get("/save")


def test_a_session_that_no_browser_keeps_is_sent_as_flask_sends_it(app: Flask) -> None:
    noise = "".join(map(str, range(100_000)))
    serve(app, save=setter(noise=noise, deep=nested(250)))
    with pytest.warns(UserWarning, match="cookie is too large"):
        assert len(cookies(app.test_client().get("/save"))[0]) > 100_000


# Both ways.


@pytest.mark.parametrize("size", [1, 60])
def test_stock_flask_opens_our_cookies_and_we_open_its(app: Flask, size: int) -> None:
    data = {"basket": [f"item {n}" for n in range(size)], "who": ("ada", b"\x00")}
    serve(app, save=setter(**data), show=show)
    for writer in (SessionInterface(), SecureCookieSessionInterface()):
        client = app.test_client()
        app.session_interface = writer
        value = cookies(client.get("/save"))[0]
        assert value.startswith("session=.") == (size == 60)
        for reader in (SessionInterface(), SecureCookieSessionInterface()):
            app.session_interface = reader
            assert client.get("/show").text == repr(data)


def test_freezegun_is_obeyed() -> None:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    app.session_interface = SessionInterface()
    serve(app, save=lambda: session.update(at=datetime.now(timezone.utc)), show=show)
    client = app.test_client()
    with freeze_time("2026-01-02 03:04:05"):
        signed = token(app, {"at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)})
        assert cookies(client.get("/save")) == [f"session={signed}; HttpOnly; Path=/"]
    with freeze_time("2026-02-01"):
        assert "datetime.datetime(2026, 1, 2, 3, 4, 5" in client.get("/show").text
    with freeze_time("2026-02-03"):
        assert client.get("/show").text == "{}"


# A logout among duplicates.


@pytest.mark.parametrize("peer_exact", [False, True])
def test_a_logout_among_duplicates_deletes_the_one_without_domain_too(
    app: Flask, peer_exact: bool
) -> None:
    app.config["SESSION_COOKIE_DOMAIN"] = "shop.test"
    app.session_interface = SessionInterface(peer_exact=peer_exact)
    serve(app, logout=lambda: session.clear())
    client = app.test_client(use_cookies=False)
    one, two = (f"session={token(app, {'n': n})}" for n in (1, 2))
    gone = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/"
    with_domain = f"session=; Domain=shop.test; {gone}"
    both = [with_domain, f"session=; {gone}"]
    assert cookies(client.get("/logout", headers={"Cookie": f"{one}; {two}"})) == (
        [with_domain] if peer_exact else both
    )
    assert cookies(client.get("/logout", headers={"Cookie": one})) == [with_domain]


def test_a_logout_among_duplicates_deletes_the_one_of_another_path_too(app: Flask) -> None:
    serve(app, logout=lambda: session.clear())
    app.add_url_rule("/shop/eu/logout", view_func=app.view_functions["logout"])
    client = app.test_client(use_cookies=False)
    pair = "; ".join(f"session={token(app, {'n': n})}" for n in (1, 2))
    for options in ({}, {"SESSION_COOKIE_PATH": "/shop"}):
        app.config.update(options)
        lines = cookies(client.get("/shop/eu/logout", headers={"Cookie": pair}))
        paths = [line.partition("Path=")[2] for line in lines]
        assert paths[0] == options.get("SESSION_COOKIE_PATH", "/")
        assert sorted(paths) == ["/", "/shop", "/shop/eu"]
        assert all(line.startswith("session=; Expires=Thu, 01 Jan 1970") for line in lines)


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        ("/", ["/"]),
        ("/logout", ["/"]),
        ("/a/b/c/d/e", ["/", "/a", "/a/b", "/a/b/c"]),
        ("/a/x;y/c/", ["/", "/a"]),
        ("/\r\nSet-Cookie: a=b/c", ["/"]),
    ],
)
def test_only_folders_that_need_no_escape_are_looked_into(asked: str, places: list[str]) -> None:
    assert places_elsewhere(None, "/own", asked) == [(None, place) for place in places]
    both = [(on, at) for at in places for on in ("x.test", None)]
    assert places_elsewhere("x.test", "/own", asked) == [(None, "/own"), *both]


# Configuration.


@since_flask(3, 1)
@pytest.mark.parametrize("fallbacks", ["old", b"old"])
@pytest.mark.parametrize("peer_exact", [False, True])
def test_fallbacks_that_are_no_list_are_refused(
    app: Flask, fallbacks: Any, peer_exact: bool
) -> None:
    app.config["SECRET_KEY_FALLBACKS"] = fallbacks
    app.session_interface = SessionInterface(peer_exact=peer_exact)
    app.testing = True
    serve(app, show=show)
    with pytest.raises(ConfigError, match="SECRET_KEY_FALLBACKS must be a list") as raised:
        app.test_client().get("/show")
    assert raised.value.code == "secret"


@since_flask(3, 1)
def test_an_empty_fallback_is_refused(app: Flask) -> None:
    app.config["SECRET_KEY_FALLBACKS"] = [""]
    app.testing = True
    serve(app, show=show)
    with pytest.raises(ConfigError, match="a secret is empty"):
        app.test_client().get("/show")


WEAK = pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"SECRET_KEY": "dev"}, "can be guessed"),
        ({"SESSION_COOKIE_SAMESITE": "None"}, "without Secure"),
        pytest.param({"SECRET_KEY_FALLBACKS": ["dev"]}, "can be guessed", marks=since_flask(3, 1)),
        pytest.param(
            {"SESSION_COOKIE_PARTITIONED": True},
            "SESSION_COOKIE_PARTITIONED",
            marks=since_flask(3, 1),
        ),
    ],
)


def weaknesses(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "shortcrust"]


@WEAK
def test_weak_configuration_is_one_line_in_the_log_and_no_warning_in_a_request(
    app: Flask, config: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    app.config.update(config)
    serve(app, save=setter(user="ada"))
    client = app.test_client()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [client.get("/save").status_code for _ in range(3)] == [200] * 3
    (line,) = weaknesses(caplog)
    assert words in line


@WEAK
def test_weak_configuration_is_a_warning_where_the_front_is_told_of_the_app(
    app: Flask, config: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    app.config.update(config)
    with pytest.warns(ShortcrustWarning, match=words) as caught:
        app.session_interface = SessionInterface(app)
    assert [warning.filename for warning in caught] == [__file__]
    serve(app, save=setter(user="ada"))
    assert app.test_client().get("/save").status_code == 200
    assert weaknesses(caplog) == []


@since_flask(3, 1)
def test_an_interface_that_is_told_of_the_app_refuses_fallbacks_that_are_no_list() -> None:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, SECRET_KEY_FALLBACKS="old")
    with pytest.raises(ConfigError, match="SECRET_KEY_FALLBACKS must be a list"):
        SessionInterface(app)


@since_flask(3, 1)
def test_more_secrets_than_the_core_tries_are_left_to_flask(app: Flask) -> None:
    serve(app, login=setter(user="ada"), show=show)
    client = app.test_client()
    client.get("/login")
    others = [f"one of many secrets, number {n}" for n in range(20)]
    app.config.update(SECRET_KEY=others[0], SECRET_KEY_FALLBACKS=[SECRET, *others[1:]])
    assert client.get("/show").text == "{'user': 'ada'}"


@since_flask(3, 1)
def test_a_secret_of_another_type_is_left_to_flask(app: Flask) -> None:
    app.config["SECRET_KEY"] = bytearray(SECRET.encode())
    serve(app, login=setter(user="ada"), show=show)
    client = app.test_client()
    client.get("/login")
    assert client.get("/show").text == "{'user': 'ada'}"


def test_a_negative_lifetime_is_left_to_flask(app: Flask) -> None:
    app.config["PERMANENT_SESSION_LIFETIME"] = -5
    serve(app, login=setter(user="ada"), show=show)
    client = app.test_client()
    client.get("/login")
    assert client.get("/show").text == "{}"


def test_sound_configuration_is_not_warned_of(app: Flask) -> None:
    app.config.update(SESSION_COOKIE_SAMESITE="None", SESSION_COOKIE_SECURE=True)
    serve(app, save=setter(user="ada"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert app.test_client().get("/save").status_code == 200
