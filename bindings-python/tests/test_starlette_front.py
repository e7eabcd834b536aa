"""Where the middleware differs from Starlette's, and our own front."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import flask
import pytest
import vectors
from conftest import SECRET, Clock
from flask import Flask
from itsdangerous import TimestampSigner
from shortcrust import ConfigError, ShortcrustWarning, TooLarge, ambient, reason
from shortcrust import flask as shortcrust_flask
from shortcrust._core import Engine
from shortcrust.starlette import SessionMiddleware, login
from shortcrust.starlette.scope import path_of
from starlette.applications import Starlette
from starlette.datastructures import Secret
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket
from test_starlette import client_of, cookies, seen, setter, signed, since
from vectors import Case

NEW = "a new secret that is long enough for the sealed format"
OWN: list[dict[str, Any]] = [
    {"format": "sealed"},
    {"format": "starlette", "policy": {"absolute": None}},
    {"format": "starlette", "meta": "payload"},
    {"format": "flask", "meta": "payload"},
    {"format": "django", "meta": "payload"},
]
each_front = pytest.mark.parametrize("options", [{}, *OWN], ids=str)
each_own_front = pytest.mark.parametrize("options", OWN, ids=str)


def build(**options: Any) -> Any:
    return client_of(
        SessionMiddleware,
        options=options,
        login=setter(user="ada", cart=[]),
        add=lambda session: session["cart"].append("tea"),
        logout=lambda session: session.clear(),
    )


def why(header: str, **options: Any) -> Any:
    """The session and the reason."""

    def endpoint(request: Request) -> Response:
        return PlainTextResponse(json.dumps([request.session, reason(request)]))

    app = SessionMiddleware(
        Starlette(routes=[Route("/", endpoint)]), **{"secret_key": SECRET, **options}
    )
    return TestClient(app).get("/", headers=[(b"Cookie", header.encode("latin-1"))]).json()


# Differences from Starlette


@since(1, 0)
@each_front
def test_a_nested_change_is_saved(options: dict[str, Any], clock: Clock) -> None:
    client = build(**options)
    client.get("/login")
    response = client.get("/add")
    assert len(cookies(response)) == 1
    assert response.headers["Vary"] == "Cookie"
    assert client.get("/show").json() == {"user": "ada", "cart": ["tea"]}
    assert cookies(client.get("/show")) == []


@each_front
def test_a_session_that_could_not_be_read_again_is_not_written(
    options: dict[str, Any], clock: Clock
) -> None:
    deep = json.loads("[" * 250 + "]" * 250)
    client = client_of(SessionMiddleware, options=options, login=setter(deep=deep))
    with pytest.raises(TooLarge, match="200 levels"):
        client.get("/login")


@since(1, 0)
def test_peer_exact_loses_a_nested_change_as_starlette_does(clock: Clock) -> None:
    client = build(peer_exact=True)
    client.get("/login")
    assert cookies(client.get("/add")) == []


@since(1, 0)
def test_a_nested_change_by_way_of_the_scope_is_saved(clock: Clock) -> None:
    def add(request: Request) -> Response:
        request.scope["session"]["cart"].append("tea")
        return Response()

    app = SessionMiddleware(Starlette(routes=[Route("/", add)]), SECRET)
    response = TestClient(app).get("/", headers={"Cookie": f"session={signed({'cart': []})}"})
    (cookie,) = cookies(response)
    assert cookie.startswith(f"session={signed({'cart': ['tea']})};")
    assert response.headers["Vary"] == "Cookie"


@since(1, 0)
@pytest.mark.parametrize("odd", [Decimal(1), b"x", {"a", "b"}, object()], ids=repr)
def test_what_no_json_holds_in_a_nested_copy_does_not_fail_a_request_that_only_reads(
    odd: object, clock: Clock
) -> None:
    client = client_of(SessionMiddleware, odd=lambda session: session["cart"].append(odd))
    response = client.get("/odd", headers={"Cookie": f"session={signed({'cart': []})}"})
    assert (response.status_code, cookies(response)) == (200, [])


STRANGE = [
    ("a list", "[]", "not_an_object"),
    ("a list of pairs", '[["user", "eve"]]', "not_an_object"),
    ("text", '"eve"', "not_an_object"),
    ("null", "null", "not_an_object"),
    ("a number", "1", "not_an_object"),
    ("no JSON", "{", "malformed"),
    ("nothing", "", "malformed"),
    ("deep", '{"a":' + "[" * 300 + "]" * 300 + "}", "too_large"),
    ("an int of too many digits", '{"a":' + "1" * 5000 + "}", "malformed"),
]


@pytest.mark.parametrize(("text", "code"), [s[1:] for s in STRANGE], ids=[s[0] for s in STRANGE])
@each_front
def test_a_strange_payload_is_an_empty_session_with_a_reason(
    text: str, code: str, options: dict[str, Any], clock: Clock
) -> None:
    if options.get("format", "starlette") == "starlette":
        token = signed(text, encode=str)
        assert why(f"session={token}", **options) == [{}, code]


@pytest.mark.parametrize("payload", [b"!!!!", b"e30", b"", b"e30=.e30="])
def test_what_is_signed_and_no_base64_is_an_empty_session(payload: bytes, clock: Clock) -> None:
    token = TimestampSigner(SECRET).sign(payload).decode("latin-1")
    assert why(f"session={token}") == [{}, "malformed"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("theme=dark", "no_cookie"),
        ("session=", "no_cookie"),
        ("sessions=1", "no_cookie"),
        ("session=x", "malformed"),
        ("session=a.b.c", "bad_signature"),
        ("session=" + "a" * 17_000, "too_large"),
        ("session=a; " * 5, "too_many"),
    ],
)
def test_the_reason_says_why(header: str, code: str, clock: Clock) -> None:
    assert why(header) == [{}, code]


def test_a_websocket_has_a_reason_too(clock: Clock) -> None:
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json([websocket.session, reason(websocket)])
        await websocket.close()

    app = SessionMiddleware(Starlette(routes=[WebSocketRoute("/", talk)]), SECRET)
    with TestClient(app).websocket_connect("/", headers={"Cookie": "session=x"}) as websocket:
        assert websocket.receive_json() == [{}, "malformed"]


def test_where_the_last_does_not_open_the_others_are_tried(clock: Clock) -> None:
    one, two = signed({"n": 1}), signed({"n": 2})
    client = build()
    assert seen(client, f"session={one}; session=planted") == {"n": 1}
    assert seen(client, f"session={one}; session={two}; session=planted") == {"n": 2}
    assert seen(client, f"session={one}; session=a; session=b; session=c") == {"n": 1}
    assert seen(client, f"session={one}" + "; session=a" * 4) == {}
    assert seen(build(peer_exact=True), f"session={one}; session=planted") == {}


def test_a_logout_among_duplicates_deletes_them_all(clock: Clock) -> None:
    one, two = f"session={signed({'n': 1})}", f"session={signed({'n': 2})}"
    gone = "session=null; path={}; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly; samesite=lax{}"
    places = [("/shop", "; domain=x.test"), ("/shop", ""), ("/", "; domain=x.test"), ("/", "")]
    for options, expected in (
        ({"domain": "x.test", "path": "/shop"}, places),
        ({"domain": "x.test"}, places[2:]),
        ({"path": "/shop"}, places[1::2]),
        ({"path": "/shop", "peer_exact": True}, places[1:2]),
    ):
        client = build(**options)
        pair = client.get("/logout", headers={"Cookie": f"{one}; {two}"})
        assert cookies(pair) == [gone.format(*place) for place in expected]
        alone = client.get("/logout", headers={"Cookie": one})
        assert cookies(alone) == [gone.format(*expected[0])]


@pytest.mark.parametrize("root", ["", "/shop"])
def test_a_logout_under_a_mount_looks_into_the_mounts_folder_too(clock: Clock, root: str) -> None:
    """Servers put it into the path, or, older ones, beside it."""
    scope = {"type": "http", "root_path": "/shop", "path": f"{root}/eu/logout"}
    assert path_of(scope) == "/shop/eu/logout"


def test_our_own_front_takes_the_newest_that_opens(clock: Clock) -> None:
    client = build(format="starlette", policy={"absolute": None})
    old = signed({"n": 1})
    clock.advance(seconds=1)
    assert seen(client, f"session={signed({'n': 2})}; session={old}") == {"n": 2}


@pytest.mark.parametrize(("ahead", "opens"), [(60, True), (61, False)])
def test_clocks_may_differ_by_a_minute(clock: Clock, ahead: int, opens: bool) -> None:
    clock.advance(seconds=ahead)
    token = signed({"n": 1})
    clock.advance(seconds=-ahead)
    found = {"n": 1} if opens else {}
    assert why(f"session={token}") == [found, None if opens else "not_yet_valid"]
    assert seen(build(peer_exact=True), f"session={token}") == {}


def test_a_quoted_value_is_read(clock: Clock) -> None:
    (cookie,) = cookies(build(format="sealed").get("/login"))
    name, _, value = cookie.partition(";")[0].partition("=")
    headers = {"Cookie": f'other="a"; {name}="{value}"'}
    assert build(format="sealed").get("/show", headers=headers).json()["user"] == "ada"


def test_a_quote_cannot_smuggle_in_a_cookie(clock: Clock) -> None:
    eve = signed({"user": "eve"})
    assert why(f'theme="x\\073 session={eve}"') == [{}, "no_cookie"]
    assert why(f'session="x\\073 session={eve}"') == [{}, "no_cookie"]


# Secrets


@since(1, 0)
def test_a_list_of_secrets_is_newest_first(clock: Clock) -> None:
    client = build(secret_key=[NEW, Secret(SECRET)])
    assert seen(client, f"session={signed({'n': 1})}") == {"n": 1}
    assert seen(client, f"session={signed({'n': 2}, NEW)}") == {"n": 2}
    (cookie,) = cookies(client.get("/login"))
    assert cookie.startswith(f"session={signed({'user': 'ada', 'cart': []}, NEW)};")


@pytest.mark.parametrize("exact", [False, True])
def test_a_list_works_with_peer_exact_too(exact: bool, clock: Clock) -> None:
    client = build(secret_key=[NEW, SECRET], peer_exact=exact)
    assert seen(client, f"session={signed({'n': 1})}") == {"n": 1}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"secret_key": []}, "secret_key is an empty list"),
    ({"secret_key": [SECRET, ""]}, "secret_key holds an empty secret"),
    ({"secret_key": [b"bytes of a secret"]}, "secret_key must hold str or Secret"),
    ({"secret_key": [SECRET + str(n) for n in range(9)]}, r"more than 8 secrets.*see secret_key"),
    ({"secret_key": "short", "format": "sealed"}, r"needs at least 32.*\(see secret_key\)"),
    ({"secret_key": "short", "format": "starlette", "meta": "payload"}, "needs at least 16"),
    ({"format": "starlette"}, r"(?s)does not carry.*see format, meta, policy\['idle'\]"),
    ({"format": "rot13"}, "format: format must be one of"),
    ({"format": {"format": "starlette", "salt": "x"}}, "format starlette has no option salt"),
    ({"format": "sealed", "policy": {"idel": 1}}, "policy has no idel; it has idle, absolute"),
    ({"format": "sealed", "max_age": -1}, "max_age must be seconds or None, and not negative"),
    ({"format": "sealed", "max_age": "1 day"}, "max_age must be seconds or None"),
    ({"format": "sealed", "policy": {"idle": "1 day"}}, r"policy\['idle'\] must be seconds"),
    ({"format": "sealed", "readers": "starlette"}, "readers must be a list of dicts"),
    ({"format": "sealed", "readers": [{"format": "starlette"}]}, "readers: each reader"),
    ({"format": "sealed", "session_cookie": "my session"}, "see session_cookie, path, domain"),
    ({"format": "sealed", "session_cookie": "__Host-s", "path": "/x"}, "see session_cookie"),
    ({"format": "sealed", "audience": 1}, "audience must be str"),
    ({"meta": "cookie"}, "meta must be one of"),
    ({"format": "sealed", "peer_exact": True}, "peer_exact goes with Starlette's own arguments"),
]


@pytest.mark.parametrize(("options", "words"), WRONG, ids=[str(wrong[1]) for wrong in WRONG])
def test_a_wrong_argument_is_refused_in_its_own_name(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        build(**options)
    assert "SHORTCRUST" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"secret_key": "dev"}, "under 16 bytes"),
        ({"secret_key": ""}, "secret_key is empty"),
        ({"same_site": "none"}, "same_site without https_only"),
        ({"partitioned": True}, "partitioned without https_only"),
    ],
)
def test_a_weak_drop_in_warns_once_and_works(options: dict[str, Any], words: str) -> None:
    def build_twice() -> None:
        for _ in range(2):
            assert build(**options).get("/login").status_code == 200

    with pytest.warns(UserWarning, match=words) as caught:
        build_twice()
    assert len(caught) == 1


@pytest.mark.filterwarnings("error")
def test_a_weak_drop_in_fails_no_request_where_warnings_are_errors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    weak = "a secret in secret_key has under 16 bytes"
    app = Starlette(routes=[Route("/", lambda request: Response())])
    app.add_middleware(SessionMiddleware, secret_key="dev")
    assert [TestClient(app).get("/").status_code for _ in range(2)] == [200, 200]
    assert [record.name for record in caplog.records if weak in record.message] == ["shortcrust"]


@pytest.mark.filterwarnings("ignore:secret_key is empty")
def test_an_empty_secret_is_starlettes_own_affair(clock: Clock) -> None:
    assert seen(build(secret_key=""), f"session={signed({'n': 1}, '')}") == {"n": 1}


# Our own front


def attributes(response: Any) -> str:
    (cookie,) = cookies(response)
    return str(cookie.partition("; ")[2])


@each_own_front
def test_a_session_comes_back(options: dict[str, Any], clock: Clock) -> None:
    client = build(**options)
    response = client.get("/login")
    assert attributes(response) == "Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert client.get("/show").json() == {"user": "ada", "cart": []}


@each_own_front
def test_a_request_that_only_reads_sets_nothing(options: dict[str, Any], clock: Clock) -> None:
    client = build(**options)
    client.get("/login")
    response = client.get("/show")
    assert cookies(response) == []
    assert response.headers["Vary"] == "Cookie"
    assert "Cache-Control" not in response.headers


def test_a_logout_deletes_the_cookie_where_a_reader_says_that_it_lies(clock: Clock) -> None:
    reader = {"format": "starlette", "until": "never", "path": "/app", "domain": "shop.test"}
    client = build(format="sealed", readers=[reader])
    client.get("/login")
    here, there = cookies(client.get("/logout"))
    assert "path=/;" in here.lower() and "domain" not in here.lower()
    assert there.startswith("session=; Path=/app; Domain=shop.test; Max-Age=0")


@each_own_front
def test_a_logout_deletes_the_cookie(options: dict[str, Any], clock: Clock) -> None:
    client = build(**options)
    client.get("/login")
    assert "Max-Age=0" in attributes(client.get("/logout"))
    assert client.get("/show").json() == {}


@each_own_front
def test_a_session_is_renewed_after_a_quarter_of_idle(
    options: dict[str, Any], clock: Clock
) -> None:
    client = build(**options)
    client.get("/login")
    clock.advance(days=3.4)
    assert cookies(client.get("/page")) == []
    clock.advance(days=0.2)
    assert len(cookies(client.get("/page"))) == 1


@pytest.mark.parametrize(
    ("options", "cookie"),
    [
        ({"max_age": 60}, "Path=/; Max-Age=60; HttpOnly; SameSite=Lax"),
        ({"max_age": None}, "Path=/; HttpOnly; SameSite=Lax"),
        ({"https_only": True}, "Path=/; Max-Age=1209600; Secure; HttpOnly; SameSite=Lax"),
        (
            {"same_site": "none", "https_only": True, "partitioned": True},
            "Path=/; Max-Age=1209600; Secure; HttpOnly; SameSite=None; Partitioned",
        ),
        ({"policy": {"idle": timedelta(hours=1)}}, "Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"),
        ({"policy": {"persistent": False}}, "Path=/; HttpOnly; SameSite=Lax"),
        (
            {"path": "/app", "same_site": "strict"},
            "Path=/app; Max-Age=1209600; HttpOnly; SameSite=Strict",
        ),
    ],
    ids=str,
)
def test_starlettes_arguments_and_the_policy_shape_our_cookie(
    options: dict[str, Any], cookie: str, clock: Clock
) -> None:
    assert attributes(build(format="sealed", **options).get("/login")) == cookie


def test_without_max_age_the_session_still_ends_by_the_policy(clock: Clock) -> None:
    client = build(format="sealed", max_age=None)
    client.get("/login")
    clock.advance(days=14, seconds=1)
    assert client.get("/show").json() == {}


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False)])
def test_secure_is_as_the_connection_is(scheme: str, secure: bool, clock: Clock) -> None:
    client = client_of(
        SessionMiddleware,
        base_url=f"{scheme}://testserver",
        options={"format": "sealed"},
        login=setter(user="ada"),
    )
    assert ("; Secure" in attributes(client.get("/login"))) is secure


def test_what_may_surprise_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="has a Domain"):
        build(format="sealed", domain="example.com")


def test_a_reader_whose_time_has_passed_is_warned_of(clock: Clock) -> None:
    reader = {"format": "starlette", "until": "2026-01-01"}
    with pytest.warns(ShortcrustWarning, match=r'^readers: "until" of the starlette reader has'):
        build(format="sealed", readers=[reader])


def test_starlettes_name_and_domain_are_our_cookies(clock: Clock) -> None:
    with pytest.warns(UserWarning, match="has a Domain"):
        client = build(format="sealed", session_cookie="sid", domain="example.com")
    (cookie,) = cookies(client.get("/login"))
    assert cookie.startswith("sid=")
    assert "; Domain=example.com" in cookie


@pytest.mark.parametrize(
    ("policy", "days"), [({}, 365), ({"absolute": timedelta(days=100)}, 100)], ids=str
)
def test_a_session_lives_as_long_as_a_max_age_over_90_days_unless_the_policy_ends_it(
    policy: dict[str, Any], days: int, clock: Clock
) -> None:
    client = build(format="sealed", max_age=365 * 86_400, policy=policy)
    client.get("/login")
    clock.advance(days=days - 1)
    assert client.get("/show").json()["user"] == "ada"
    clock.advance(days=2)
    assert client.get("/show").json() == {}


def test_any_argument_of_ours_makes_it_our_front_and_sealed_is_its_default(clock: Clock) -> None:
    ours: list[dict[str, Any]] = [{"policy": {"idle": 60}}, {"readers": []}, {"audience": "shop"}]
    for options in ours:
        (cookie,) = cookies(build(**options).get("/login"))
        assert cookie.startswith("session=v4.local.")


def test_another_audience_does_not_open(clock: Clock) -> None:
    (cookie,) = cookies(build(audience="shop").get("/login"))
    header = cookie.partition(";")[0]
    assert why(header, audience="shop")[1] is None
    assert why(header, audience="bank") == [{}, "bad_signature"]


def test_sealed_keeps_types_that_json_lacks(clock: Clock) -> None:
    data = {
        "tuple": (1, (2.0,)),
        "at": datetime(2026, 1, 2, tzinfo=timezone.utc),
        "id": UUID(int=7),
        "raw": b"\x00\xff",
        " t": {" di": [1]},
    }
    found: list[Any] = []
    client = client_of(
        SessionMiddleware,
        options={"format": "sealed"},
        login=setter(**data),
        look=lambda session: found.append(dict(session)),
    )
    client.get("/login")
    client.get("/look")
    assert found == [data]
    assert type(found[0]["tuple"]) is tuple


class Shade(str):
    __slots__ = ()


def test_sealed_takes_the_keys_and_subclasses_that_json_dumps_takes(clock: Clock) -> None:
    data: dict[str, Any] = {"shade": Shade("red"), "n": {1: (True, None)}, "raw": b"\x00"}
    found: list[Any] = []
    client = client_of(
        SessionMiddleware,
        options={"format": "sealed"},
        login=setter(**data),
        look=lambda session: found.append(dict(session)),
    )
    client.get("/login")
    client.get("/look")
    assert found == [{"shade": "red", "n": {"1": (True, None)}, "raw": b"\x00"}]


def test_what_nothing_can_hold_is_an_error_and_too_much_is_too(clock: Clock) -> None:
    with pytest.raises(TypeError, match="Decimal is not JSON serializable"):
        client_of(SessionMiddleware, options=OWN[0], login=setter(n=Decimal(1))).get("/login")
    with pytest.raises(TooLarge):
        client_of(SessionMiddleware, options=OWN[0], login=setter(n="x" * 300_000)).get("/login")


def test_a_cache_control_of_the_applications_own_stays(clock: Clock) -> None:
    def login(request: Request) -> Response:
        request.session["user"] = "ada"
        return Response(headers={"Cache-Control": "no-store, max-age=0"})

    app = SessionMiddleware(Starlette(routes=[Route("/", login)]), SECRET, format="sealed")
    response = TestClient(app).get("/")
    assert response.headers["Cache-Control"] == "no-store, max-age=0"


def test_a_login_begins_the_session_anew(clock: Clock) -> None:
    def enter(request: Request) -> Response:
        request.session["user"] = "ada"
        login(request, "ada")
        return Response()

    app = SessionMiddleware(Starlette(routes=[Route("/login", enter)]), SECRET, format="sealed")
    client = TestClient(app)
    tokens = set()
    for _ in range(2):
        (cookie,) = cookies(client.get("/login"))
        tokens.add(cookie)
        clock.advance(days=80)
    assert len(tokens) == 2


# From one format to another


@pytest.mark.parametrize("secrets", [[SECRET], [NEW]], ids=["one secret", "a new secret"])
def test_starlettes_cookies_are_converted_and_nobody_is_logged_out(
    secrets: list[str], clock: Clock
) -> None:
    reader = {"format": "starlette", "until": "2030-01-01", "secrets": [SECRET]}
    client = build(secret_key=secrets, format="sealed", readers=[reader])
    # What looks like Flask's tags is data in Starlette's cookies.
    data = {"user": "ada", "tags": [{" t": [1]}, {" b": "?"}], "one": {" di": 2}}
    token = signed(data)
    response = client.get("/show", headers={"Cookie": f"session={token}"})
    assert response.json() == data
    (cookie,) = cookies(response)
    assert cookie.startswith("session=v4.local.")
    assert seen(client, cookie.partition(";")[0]) == data
    assert cookies(client.get("/show", headers={"Cookie": cookie.partition(";")[0]})) == []


def test_the_way_back_is_open_too(clock: Clock) -> None:
    (cookie,) = cookies(build(format="sealed").get("/login"))
    header = cookie.partition(";")[0]
    reader = {"format": "sealed", "until": "never"}
    client = build(format="starlette", readers=[reader], policy={"absolute": None})
    response = client.get("/show", headers={"Cookie": header})
    assert response.json() == {"user": "ada", "cart": []}
    (cookie,) = cookies(response)
    assert seen(build(peer_exact=True), cookie.partition(";")[0]) == response.json()


def test_converting_buys_no_new_lifetime(clock: Clock) -> None:
    token = signed({"user": "ada"})
    reader = {"format": "starlette", "until": "never"}
    client = build(format="sealed", readers=[reader])
    clock.advance(days=13)
    header = cookies(client.get("/page", headers={"Cookie": f"session={token}"}))[0]
    for _ in range(8):
        clock.advance(days=10)
        header = (cookies(client.get("/page", headers={"Cookie": header})) or [header])[0]
    assert seen(client, header.partition(";")[0]) == {}


def test_a_token_without_salt_made_elsewhere_is_a_session_in_starlettes_format_only(
    clock: Clock,
) -> None:
    """Such as an unsubscribe link: Starlette signs with no salt, and can't tell them apart."""
    token = signed({"user": "eve"})
    header = f"session={token}"
    assert why(header) == [{"user": "eve"}, None]
    assert why(header, format="starlette", policy={"absolute": None})[0] == {"user": "eve"}
    assert why(header, format="sealed") == [{}, "malformed"]
    assert why(header, format="flask", meta="payload")[0] == {}


def test_a_flask_application_reads_the_same_sealed_session(clock: Clock) -> None:
    (cookie,) = cookies(build(format="sealed").get("/login"))
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    shortcrust_flask.Shortcrust(app)

    app.add_url_rule("/", view_func=lambda: dict(flask.session))
    found = app.test_client(use_cookies=False).get(
        "/", headers={"Cookie": cookie.partition(";")[0]}
    )
    assert found.json == {"user": "ada", "cart": []}


def test_a_flask_application_converts_starlettes_cookies(clock: Clock) -> None:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    app.config["SHORTCRUST_READERS"] = [{"format": "starlette", "until": "2030-01-01"}]
    shortcrust_flask.Shortcrust(app)
    app.add_url_rule("/", view_func=lambda: dict(flask.session))
    header = f"session={signed({'user': 'ada', 'tag': {' t': [1]}})}"
    client = app.test_client(use_cookies=False)
    found = client.get("/", headers={"Cookie": header})
    cookie = found.headers["Set-Cookie"].partition(";")[0]
    assert cookie.startswith("session=v4.local.")
    assert found.json == client.get("/", headers={"Cookie": cookie}).json
    assert found.json == {"user": "ada", "tag": {" t": [1]}}


# Calls into the native module


class Counting:
    """Stands before the native engine and notes what is called."""

    calls: list[str]

    def __init__(self, options: Any) -> None:
        self._engine = Engine(options)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            Counting.calls.append(name)
            return found(*args, **kwargs)

        return call


@each_front
def test_at_most_one_call_before_and_one_behind_and_none_for_nothing(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    Counting.calls = []
    monkeypatch.setattr("shortcrust._config.Engine", Counting)
    monkeypatch.setattr("shortcrust.starlette.drop_in._core.Engine", Counting)
    client = build(**options)

    def calls(path: str, **headers: str) -> list[str]:
        Counting.calls.clear()
        client.get(path, headers=headers)
        return list(Counting.calls)

    assert calls("/page", Cookie="theme=dark") == []
    assert calls("/show") == []
    assert len(calls("/login")) == 1
    for path in ("/page", "/show", "/add", "/login", "/logout"):
        client.get("/login")
        before, *behind = calls(path)
        assert before == "open"
        assert len(behind) <= 1


# The vectors


def has_strong_keys(case: Case) -> bool:
    return all(isinstance(key, str) and len(key) >= 16 for key in vectors.keys(case))


def each_case(*stems: str) -> pytest.MarkDecorator:
    found = [case for stem in stems for case in vectors.cases(stem) if has_strong_keys(case)]
    return pytest.mark.parametrize("case", found, ids=[case["id"] for case in found])


def same_json(one: object, other: object) -> bool:
    # NaN is not equal to itself.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@each_case("starlette", "refused-starlette")
def test_the_vectors_hold_through_the_middleware(case: Case, clock: Clock) -> None:
    limits = vectors.policy(case)
    options = {
        "secret_key": vectors.keys(case),
        "session_cookie": case["name"],
        "format": "starlette",
        "policy": {"idle": limits["idle"], "absolute": None, "skew": limits["skew"]},
    }
    clock.set_ms(case["now_ms"])
    found = why(vectors.wsgi_header(case), **options)
    if case["expect"] == "ok":
        assert same_json(found[0], json.loads(case["payload"]))
        assert found[1] is None
    else:
        assert found == [{}, case["expect"]]


def test_random_bytes_are_drawn_only_when_something_is_sealed(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    asked: list[int] = []

    def entropy(size: int) -> bytes:
        asked.append(size)
        return os.urandom(size)

    monkeypatch.setattr(ambient, "entropy", entropy)
    client = build(format="sealed")
    client.get("/page")
    client.get("/show")
    assert asked == []
    client.get("/login")
    assert asked
