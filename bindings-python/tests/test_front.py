"""Our own front: what it keeps, for how long, and what it sets."""

from __future__ import annotations

import copy
import os
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from conftest import SECRET, Clock
from flask import Flask, make_response, request, session
from flask.sessions import SecureCookieSessionInterface
from shortcrust import ConfigError, Internal, Malformed, TooLarge, ambient, reason
from shortcrust.flask import SessionInterface, Shortcrust, ShortcrustInterface, login, regenerate
from test_drop_in import cookies, serve, setter, show
from werkzeug.test import Client, TestResponse

NEW = "a new secret that is long enough for the sealed format"


def build(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, **config)
    app.testing = True
    Shortcrust(app)
    serve(
        app,
        login=setter(user="ada"),
        logout=lambda: session.clear(),
        page=lambda: "hello",
        show=show,
        why=lambda: (dict(session), reason(request)),
    )
    return app


@pytest.fixture
def app(clock: Clock) -> Flask:
    return build()


def interface(app: Flask) -> ShortcrustInterface:
    assert isinstance(app.session_interface, ShortcrustInterface)
    return app.session_interface


def logged_in(app: Flask) -> Client:
    client = app.test_client()
    client.get("/login")
    return client


def attributes(response: TestResponse) -> str:
    (cookie,) = cookies(response)
    return cookie.partition("; ")[2]


def test_a_session_is_sealed_and_comes_back(app: Flask) -> None:
    client = app.test_client()
    (cookie,) = cookies(client.get("/login"))
    assert cookie.startswith("session=v4.local.")
    assert cookie.endswith("; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax")
    assert client.get("/why").text == "({'user': 'ada'}, None)"


def test_values_of_every_type_come_back(app: Flask) -> None:
    values = {
        "z": (1, [2.0]),
        "at": datetime(2026, 1, 2, tzinfo=timezone.utc),
        "b": b"\xff",
        "ü": "日🍪",
        "a": {" t": 1},
    }
    serve(app, save=setter(**values))
    client = app.test_client()
    client.get("/save")
    assert client.get("/show").text == repr(values)


def test_half_a_surrogate_pair_comes_back(app: Flask) -> None:
    serve(app, save=setter(text="\ud800"))
    client = app.test_client()
    client.get("/save")
    assert client.get("/show").text == repr({"text": "\ud800"})


def test_a_request_that_only_read_writes_nothing_and_varies(app: Flask) -> None:
    client = logged_in(app)
    response = client.get("/show")
    assert cookies(response) == []
    assert response.headers["Vary"] == "Cookie"
    assert "Cache-Control" not in response.headers


def test_a_request_that_leaves_the_session_alone_does_not_vary(app: Flask) -> None:
    assert "Vary" not in logged_in(app).get("/page").headers


def test_a_nested_change_is_saved(app: Flask) -> None:
    serve(app, start=setter(basket=[]), add=lambda: session["basket"].append("pear"))
    client = app.test_client()
    client.get("/start")
    assert len(cookies(client.get("/add"))) == 1
    assert client.get("/show").text == "{'basket': ['pear']}"


def test_a_response_that_sets_the_cookie_is_kept_out_of_caches(app: Flask) -> None:
    response = app.test_client().get("/login")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Vary"] == "Cookie"


@pytest.mark.parametrize(
    ("control", "sent"),
    [
        ("no-store", "no-store"),
        ("private, max-age=60", "private, max-age=60"),
        ("public, max-age=3600", "private, no-store"),
    ],
)
def test_the_applications_own_cache_control_is_kept_if_it_is_safe(
    app: Flask, control: str, sent: str
) -> None:
    @app.get("/cached")
    def cached() -> Any:
        session["user"] = "ada"
        response = make_response("")
        response.headers["Cache-Control"] = control
        return response

    assert app.test_client().get("/cached").headers["Cache-Control"] == sent


def test_logging_out_deletes_the_cookie(app: Flask) -> None:
    client = logged_in(app)
    assert cookies(client.get("/logout")) == [
        "session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax"
    ]
    assert client.get("/why").text == "({}, 'no_cookie')"


def test_an_empty_session_sets_no_cookie(app: Flask) -> None:
    assert cookies(app.test_client().get("/logout")) == []


def test_secure_is_as_the_connection_is(app: Flask) -> None:
    client = app.test_client()
    assert "Secure" not in attributes(client.get("/login"))
    assert "; Secure;" in attributes(client.get("/login", base_url="https://shop.test"))


@pytest.mark.filterwarnings("ignore:the session cookie")
@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"SHORTCRUST_COOKIE_SECURE": True}, "Secure; HttpOnly; SameSite=Lax"),
        ({"SHORTCRUST_COOKIE_SECURE": False}, "HttpOnly; SameSite=Lax"),
        ({"SHORTCRUST_COOKIE_HTTPONLY": False}, "Secure; SameSite=Lax"),
        ({"SHORTCRUST_COOKIE_SAMESITE": "Strict"}, "Secure; HttpOnly; SameSite=Strict"),
        ({"SHORTCRUST_COOKIE_SAMESITE": "None"}, "Secure; HttpOnly; SameSite=None"),
        ({"SHORTCRUST_COOKIE_SAMESITE": None}, "Secure; HttpOnly"),
        (
            {"SHORTCRUST_COOKIE_PARTITIONED": True},
            "Secure; HttpOnly; SameSite=Lax; Partitioned",
        ),
        (
            {"SHORTCRUST_COOKIE_PRIORITY": "High"},
            "Secure; HttpOnly; SameSite=Lax; Priority=High",
        ),
    ],
)
def test_every_cookie_option_is_obeyed(clock: Clock, options: dict[str, Any], found: str) -> None:
    response = build(**options).test_client().get("/login", base_url="https://shop.test")
    assert attributes(response) == f"Path=/; Max-Age=1209600; {found}"


@pytest.mark.filterwarnings("ignore:the session cookie")
def test_path_and_domain_are_obeyed_when_setting_and_deleting(clock: Clock) -> None:
    app = build(SHORTCRUST_COOKIE_PATH="/shop", SHORTCRUST_COOKIE_DOMAIN="shop.test")
    client = app.test_client(use_cookies=False)
    response = client.get("/login")
    assert attributes(response).startswith("Path=/shop; Domain=shop.test; Max-Age=1209600")
    sent = cookies(response)[0].partition(";")[0]
    gone = attributes(client.get("/logout", headers={"Cookie": sent}))
    assert gone.startswith("Path=/shop; Domain=shop.test; Max-Age=0")


def test_a_prefixed_name_is_always_secure(clock: Clock) -> None:
    app = build(SHORTCRUST_NAME="__Host-sid")
    (cookie,) = cookies(app.test_client().get("/login"))
    assert cookie.startswith("__Host-sid=v4.local.")
    assert "; Secure;" in cookie


# How long.


def test_a_session_that_was_left_behind_expires(app: Flask, clock: Clock) -> None:
    client = app.test_client(use_cookies=False)
    sent = {"Cookie": cookies(client.get("/login"))[0].partition(";")[0]}
    clock.advance(days=14)
    assert client.get("/why", headers=sent).text == "({'user': 'ada'}, None)"
    clock.advance(seconds=1)
    assert client.get("/why", headers=sent).text == "({}, 'expired')"


def test_a_request_that_only_read_renews_after_a_quarter_of_idle(app: Flask, clock: Clock) -> None:
    client = logged_in(app)
    clock.advance(days=3.5, seconds=-1)
    assert cookies(client.get("/page")) == []
    clock.advance(seconds=1)
    assert len(cookies(client.get("/page"))) == 1


def test_a_session_that_is_kept_warm_ends_at_absolute(app: Flask, clock: Clock) -> None:
    client = logged_in(app)
    for _ in range(9):
        clock.advance(days=10)
        assert client.get("/why").text == "({'user': 'ada'}, None)"
    clock.advance(seconds=1)
    assert client.get("/why").text == "({}, 'no_cookie')"


def test_max_age_never_reaches_beyond_absolute(app: Flask, clock: Clock) -> None:
    client = logged_in(app)
    for _ in range(8):
        clock.advance(days=10)
        client.get("/page")
    clock.advance(days=5)
    assert "; Max-Age=432000;" in attributes(client.get("/page"))


def test_seconds_and_timedeltas_of_ones_own_are_obeyed(clock: Clock) -> None:
    app = build(
        SHORTCRUST_IDLE=timedelta(hours=1), SHORTCRUST_ABSOLUTE=7200, SHORTCRUST_RENEW_AFTER=None
    )
    client = app.test_client()
    assert "; Max-Age=3600;" in attributes(client.get("/login"))
    clock.advance(hours=1)
    assert cookies(client.get("/page")) == []


def test_without_idle_and_absolute_a_session_does_not_end(clock: Clock) -> None:
    app = build(SHORTCRUST_IDLE=None, SHORTCRUST_ABSOLUTE=None)
    client = app.test_client()
    assert "; Max-Age=34560000;" in attributes(client.get("/login"))
    clock.advance(days=399)
    assert client.get("/show").text == "{'user': 'ada'}"


def test_a_cookie_may_end_with_the_browser(clock: Clock) -> None:
    app = build(SHORTCRUST_PERSISTENT=False)
    assert attributes(app.test_client().get("/login")) == "Path=/; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize("persistent", [True, False])
def test_flasks_permanent_decides_for_one_session(clock: Clock, persistent: bool) -> None:
    app = build(SHORTCRUST_PERSISTENT=persistent)

    def remember() -> None:
        session["user"] = "ada"
        session.permanent = not persistent

    serve(app, remember=remember)
    found = attributes(app.test_client().get("/remember"))
    assert ("Max-Age" in found) is not persistent


# New keys and new formats.


def test_a_cookie_of_a_previous_secret_is_sealed_again(app: Flask, clock: Clock) -> None:
    client = logged_in(app)
    app.config.update(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[SECRET])
    assert len(cookies(client.get("/page"))) == 1
    assert cookies(client.get("/page")) == []
    app.config["SECRET_KEY_FALLBACKS"] = []
    assert client.get("/show").text == "{'user': 'ada'}"


def test_secrets_of_its_own_are_newest_first(clock: Clock) -> None:
    client = logged_in(build(SHORTCRUST_SECRETS=[SECRET]))
    client.application = build(SHORTCRUST_SECRETS=[NEW, SECRET])
    assert len(cookies(client.get("/page"))) == 1
    client.application = build(SHORTCRUST_SECRETS=[NEW])
    assert client.get("/show").text == "{'user': 'ada'}"


FLASK_READER = {"format": "flask", "until": "2026-03-01"}


def as_stock(app: Flask) -> Client:
    """A client with a cookie by stock Flask."""
    own, app.session_interface = app.session_interface, SecureCookieSessionInterface()
    client = logged_in(app)
    app.session_interface = own
    return client


def test_a_flask_cookie_is_converted_and_keeps_its_beginning(clock: Clock) -> None:
    app = build(SHORTCRUST_READERS=[FLASK_READER])
    client = as_stock(app)
    clock.advance(days=10)
    assert cookies(client.get("/page"))[0].startswith("session=v4.local.")
    for _ in range(8):
        clock.advance(days=10)
        assert client.get("/show").text == "{'user': 'ada'}"
    clock.advance(seconds=1)
    assert client.get("/show").text == "{}"


def test_a_reader_is_not_read_after_its_date(clock: Clock) -> None:
    app = build(SHORTCRUST_READERS=[FLASK_READER], SHORTCRUST_IDLE=None)
    peer = Flask(__name__)
    peer.config["SECRET_KEY"] = SECRET
    serve(peer, login=setter(user="ada"))
    (cookie,) = cookies(peer.test_client().get("/login"))
    clock.set_ms(int(datetime(2026, 3, 1, 23, 59, tzinfo=timezone.utc).timestamp()) * 1000)
    sent = {"Cookie": cookie.partition(";")[0]}
    other = app.test_client(use_cookies=False)
    assert other.get("/show", headers=sent).text == "{'user': 'ada'}"
    clock.advance(minutes=1)
    assert other.get("/why", headers=sent).text == "({}, 'malformed')"


def test_a_reader_may_have_secrets_of_its_own(clock: Clock) -> None:
    reader = {"format": "flask", "until": "never", "secrets": [SECRET]}
    app = build(SHORTCRUST_SECRETS=[NEW], SHORTCRUST_READERS=[reader])
    assert as_stock(app).get("/show").text == "{'user': 'ada'}"


def test_going_back_writes_the_old_format_and_reads_both(clock: Clock) -> None:
    client = logged_in(build())
    app = build(
        SHORTCRUST_FORMAT="flask",
        SHORTCRUST_READERS=[{"format": "sealed", "until": "never"}],
        SHORTCRUST_ABSOLUTE=None,
    )
    client.application = app
    assert cookies(client.get("/page"))[0].startswith("session=eyJ")
    app.session_interface = SecureCookieSessionInterface()
    assert client.get("/show").text == "{'user': 'ada'}"


def test_a_reserved_key_carries_what_flasks_format_does_not(clock: Clock) -> None:
    app = build(SHORTCRUST_FORMAT="flask", SHORTCRUST_META="payload")
    client = logged_in(app)
    assert client.get("/show").text == "{'user': 'ada'}"
    own, app.session_interface = app.session_interface, SecureCookieSessionInterface()
    assert "'_sc': {'c': 1767323045, 'jti':" in client.get("/show").text
    app.session_interface = own
    for _ in range(9):
        clock.advance(days=10)
        assert client.get("/show").text == "{'user': 'ada'}"
    clock.advance(seconds=1)
    assert client.get("/show").text == "{}"


def test_options_of_flasks_format_are_obeyed(clock: Clock) -> None:
    class Changed(SecureCookieSessionInterface):
        salt = "another"
        key_derivation = "django-concat"

    app = build(
        SHORTCRUST_FORMAT={
            "format": "flask",
            "salt": "another",
            "digest": "sha1",
            "key_derivation": "django-concat",
        },
        SHORTCRUST_ABSOLUTE=None,
    )
    client = logged_in(app)
    app.session_interface = Changed()
    assert client.get("/show").text == "{'user': 'ada'}"


def test_a_token_opens_for_its_audience_alone(clock: Clock) -> None:
    client = logged_in(build(SHORTCRUST_AUDIENCE="shop"))
    client.application = build(SHORTCRUST_AUDIENCE="bank")
    assert client.get("/why").text == "({}, 'bad_signature')"


def test_of_several_cookies_the_newest_that_opens_is_the_session(app: Flask, clock: Clock) -> None:
    serve(app, other=setter(user="eve"))
    client = app.test_client(use_cookies=False)
    old = cookies(client.get("/login"))[0].partition(";")[0]
    clock.advance(seconds=1)
    new = cookies(client.get("/other"))[0].partition(";")[0]
    for header in (f"{old}; {new}; session=x", f"{new}; session=x; {old}"):
        assert client.get("/show", headers={"Cookie": header}).text == "{'user': 'eve'}"


# Ids.


def claims_id(app: Flask, cookie: str) -> str:
    """What the session's id is, as the reserved key shows it to stock Flask."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    with app.app_context():
        return str(serializer.loads(cookie.partition("=")[2].partition(";")[0])["_sc"]["jti"])


@pytest.mark.parametrize("rise", [lambda: login("ada"), regenerate], ids=["login", "regenerate"])
def test_a_login_or_new_rights_draw_a_new_id(clock: Clock, rise: Any) -> None:
    app = build(SHORTCRUST_FORMAT="flask", SHORTCRUST_META="payload")
    serve(app, visit=setter(seen=True), rise=rise)
    client = app.test_client()
    first = claims_id(app, cookies(client.get("/login"))[0])
    assert claims_id(app, cookies(client.get("/visit"))[0]) == first
    assert claims_id(app, cookies(client.get("/rise"))[0]) != first
    assert client.get("/show").text == "{'user': 'ada', 'seen': True}"


@pytest.mark.parametrize(
    ("rise", "after"), [(regenerate, "{}"), (lambda: login("ada"), "{'user': 'ada'}")]
)
def test_a_login_begins_the_session_anew(app: Flask, clock: Clock, rise: Any, after: str) -> None:
    serve(app, rise=rise)
    client = logged_in(app)
    for step in range(9):
        clock.advance(days=10)
        client.get("/rise" if step == 4 else "/page")
    clock.advance(days=1)
    assert client.get("/show").text == after


def test_a_session_that_is_new_can_be_regenerated(app: Flask) -> None:
    def enter() -> None:
        session["user"] = "eve"
        login("eve")

    serve(app, enter=enter)
    client = app.test_client()
    client.get("/enter")
    assert client.get("/show").text == "{'user': 'eve'}"


# What can't be kept.


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_nan_is_refused_where_other_readers_know_no_nan(app: Flask, number: float) -> None:
    serve(app, save=setter(number=number))
    with pytest.raises(Malformed, match="store it as text"):
        app.test_client().get("/save")


def test_a_session_that_no_browser_would_keep_is_refused(app: Flask) -> None:
    serve(app, save=setter(text="x" * 4000))
    with pytest.raises(TooLarge, match="put less into the session") as raised:
        app.test_client().get("/save")
    assert raised.value.code == "too_large"


def test_an_object_that_no_json_knows_is_refused_when_it_is_set(app: Flask) -> None:
    serve(app, save=setter(value=object()))
    with pytest.raises(TypeError, match="not JSON serializable"):
        app.test_client().get("/save")


def test_an_object_put_into_a_nested_copy_by_a_view_that_reads_is_no_500(app: Flask) -> None:
    serve(app, start=setter(basket=[]), read=lambda: session["basket"].append(object()))
    client = app.test_client()
    client.get("/start")
    assert cookies(client.get("/read")) == []


@pytest.mark.parametrize("rng", [lambda size: b"short", lambda size: None, lambda size: 1 / 0])
def test_without_random_bytes_nothing_is_sealed(
    app: Flask, monkeypatch: pytest.MonkeyPatch, rng: Any
) -> None:
    monkeypatch.setattr(ambient, "entropy", rng)
    with pytest.raises(Internal, match="no random bytes"):
        app.test_client().get("/login")


def test_random_bytes_come_from_the_system(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    rolled: list[int] = []

    def urandom(size: int) -> bytes:
        rolled.append(size)
        return bytes(size)

    monkeypatch.setattr(os, "urandom", urandom)
    client = app.test_client()
    client.get("/login")
    client.get("/show")
    assert rolled == [16, 32]


# Around it.


def test_a_session_transaction_reads_and_writes(app: Flask) -> None:
    client = app.test_client()
    with client.session_transaction() as opened:
        opened["user"] = "ada"
    with client.session_transaction() as opened:
        assert dict(opened) == {"user": "ada"}
        opened["basket"] = []
    with client.session_transaction() as opened:
        opened["basket"].append("pear")
    assert client.get("/show").text == "{'user': 'ada', 'basket': ['pear']}"


def test_a_session_can_be_copied_deeply(app: Flask) -> None:
    serve(app, copied=lambda: copy.deepcopy(session._get_current_object()))  # type: ignore[attr-defined]
    client = logged_in(app)
    assert "ada" in client.get("/copied").text


def test_a_front_is_put_in_by_init_app_too(clock: Clock) -> None:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    Shortcrust().init_app(app)
    serve(app, login=setter(user="ada"))
    assert cookies(app.test_client().get("/login"))[0].startswith("session=v4.local.")


def test_without_a_secret_there_is_a_null_session(clock: Clock) -> None:
    app = Flask(__name__)
    app.testing = True
    Shortcrust(app)
    serve(app, show=show, login=setter(user="ada"))
    client = app.test_client()
    assert client.get("/show").text == "{}"
    with pytest.raises(RuntimeError, match="no secret key was set"):
        client.get("/login")


def test_a_secret_that_is_set_later_counts(clock: Clock) -> None:
    app = Flask(__name__)
    Shortcrust(app)
    app.config["SECRET_KEY"] = SECRET
    serve(app, login=setter(user="ada"))
    assert cookies(app.test_client().get("/login"))[0].startswith("session=v4.local.")


def test_configuration_that_changes_counts(app: Flask) -> None:
    client = app.test_client()
    app.config["SHORTCRUST_IDLE"] = 60
    assert "; Max-Age=60;" in attributes(client.get("/login"))


def test_the_drop_in_and_our_front_share_what_flask_wrote(clock: Clock) -> None:
    app = build(SHORTCRUST_FORMAT="flask", SHORTCRUST_ABSOLUTE=None)
    client = logged_in(app)
    app.session_interface = SessionInterface()
    assert client.get("/show").text == "{'user': 'ada'}"


def test_a_configuration_error_comes_when_the_front_is_built() -> None:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "short"
    with pytest.raises(ConfigError):
        Shortcrust(app)
