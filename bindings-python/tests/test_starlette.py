"""What Starlette's documentation promises: one suite for the stock middleware and for ours.

Where bytes are expected they are itsdangerous' own, made at the same second.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import fastapi
import pytest
from conftest import SECRET, Clock
from itsdangerous import TimestampSigner
from shortcrust import starlette as shortcrust_starlette
from shortcrust.starlette import Session
from shortcrust.starlette._installed import STARLETTE
from starlette.applications import Starlette
from starlette.datastructures import Secret
from starlette.middleware.sessions import SessionMiddleware as Stock
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

Front = Callable[..., ASGIApp]
Handler = Callable[[dict[str, Any]], object]
URL = "http://testserver"


def since(major: int, minor: int) -> pytest.MarkDecorator:
    """For what older versions of Starlette do otherwise; `tests/matrix` runs this file on them."""
    is_older = (major, minor) > STARLETTE
    return pytest.mark.skipif(is_older, reason=f"Starlette {major}.{minor}")


class Exact(shortcrust_starlette.SessionMiddleware):
    def __init__(self, app: ASGIApp, **options: Any) -> None:
        super().__init__(app, **options, peer_exact=True)


@pytest.fixture(
    params=[Stock, shortcrust_starlette.SessionMiddleware, Exact],
    ids=["stock", "ours", "peer_exact"],
)
def front(request: pytest.FixtureRequest, clock: Clock) -> Front:
    return request.param  # type: ignore[no-any-return]


def show(session: dict[str, Any]) -> dict[str, Any]:
    return dict(session)


def page(session: dict[str, Any]) -> str:
    return "hello"


def setter(**values: Any) -> Handler:
    return lambda session: session.update(values)


def client_of(
    front: Front, *, base_url: str = URL, options: Any = None, **handlers: Handler
) -> Any:
    """Each handler at its own path; `page` leaves the session alone."""

    def route(name: str, handler: Handler) -> Route:
        def endpoint(request: Request) -> Response:
            found = handler({} if handler is page else request.session)
            return JSONResponse(found)

        return Route(f"/{name}", endpoint)

    app = Starlette(
        routes=[route(*item) for item in {"page": page, "show": show, **handlers}.items()]
    )
    wrapped = front(app, **{"secret_key": SECRET, **(options or {})})
    return TestClient(wrapped, base_url=base_url)


def signed(data: object, secret: str = SECRET, encode: Callable[[Any], str] = json.dumps) -> str:
    """What stock Starlette signs now."""
    return TimestampSigner(secret).sign(b64encode(encode(data).encode())).decode()


def cookies(response: Any) -> list[str]:
    return list(response.headers.get_list("set-cookie"))


def seen(client: Any, cookie_header: str) -> Any:
    return client.get("/show", headers={"Cookie": cookie_header.encode("latin-1")}).json()


def test_a_new_session_is_set_in_starlettes_own_bytes(front: Front) -> None:
    data = {"user": "ada", "roles": ["admin", "é日🍪"], "at": (1, 2.0), "none": None}
    response = client_of(front, login=setter(**data)).get("/login")
    assert cookies(response) == [
        f"session={signed(data)}; path=/; Max-Age=1209600; httponly; samesite=lax"
    ]
    assert response.headers.get("Vary") == ("Cookie" if STARLETTE >= (1, 0) else None)


@since(1, 0)
def test_an_untouched_session_sets_nothing_and_does_not_vary(front: Front) -> None:
    client = client_of(front, login=setter(user="ada"))
    client.get("/login")
    response = client.get("/page")
    assert cookies(response) == []
    assert "Vary" not in response.headers


@since(1, 0)
def test_a_session_that_was_read_varies_and_sets_nothing(front: Front) -> None:
    client = client_of(front, login=setter(user="ada"))
    client.get("/login")
    response = client.get("/show")
    assert response.json() == {"user": "ada"}
    assert cookies(response) == []
    assert response.headers["Vary"] == "Cookie"


@since(1, 0)
def test_vary_keeps_what_the_application_says(front: Front) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = PlainTextResponse(str(Request(scope).session), headers={"Vary": "Accept"})
        await response(scope, receive, send)

    response = TestClient(front(app, secret_key=SECRET)).get("/")
    assert response.headers["Vary"] == "Accept, Cookie"


def test_a_cleared_session_deletes_its_cookie(front: Front) -> None:
    client = client_of(front, login=setter(user="ada"), logout=lambda session: session.clear())
    client.get("/login")
    assert cookies(client.get("/logout")) == [
        "session=null; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly; samesite=lax"
    ]
    assert client.get("/show").json() == {}


def test_clearing_what_never_came_sets_nothing(front: Front) -> None:
    client = client_of(front, logout=lambda session: session.clear())
    assert cookies(client.get("/logout")) == []
    assert cookies(client.get("/logout", headers={"Cookie": "session=forged"})) == []


def test_an_empty_session_that_opens_is_deleted_when_cleared(front: Front) -> None:
    client = client_of(front, logout=lambda session: session.clear())
    response = client.get("/logout", headers={"Cookie": f"session={signed({})}"})
    assert [cookie.partition(";")[0] for cookie in cookies(response)] == ["session=null"]


@pytest.mark.parametrize(
    ("options", "cookie"),
    [
        ({"session_cookie": "sid"}, "sid={}; path=/; Max-Age=1209600; httponly; samesite=lax"),
        ({"max_age": None}, "session={}; path=/; httponly; samesite=lax"),
        pytest.param(
            {"max_age": 0},
            "session={}; path=/; Max-Age=0; httponly; samesite=lax",
            marks=since(1, 8),
        ),
        ({"path": "/app"}, "session={}; path=/app; Max-Age=1209600; httponly; samesite=lax"),
        (
            {"same_site": "none", "https_only": True},
            "session={}; path=/; Max-Age=1209600; httponly; samesite=none; secure",
        ),
        (
            {"domain": ".example.com"},
            "session={}; path=/; Max-Age=1209600; httponly; samesite=lax; domain=.example.com",
        ),
        pytest.param(
            {"partitioned": True, "https_only": True, "same_site": "strict"},
            "session={}; path=/; Max-Age=1209600; httponly; samesite=strict; secure; partitioned",
            marks=since(1, 7),
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_the_options_are_starlettes(front: Front, options: dict[str, Any], cookie: str) -> None:
    client = client_of(front, options=options, login=setter(user="ada"))
    assert cookies(client.get("/login")) == [cookie.format(signed({"user": "ada"}))]


def test_a_secret_may_be_starlettes_secret(front: Front) -> None:
    client = client_of(front, options={"secret_key": Secret(SECRET)})
    assert seen(client, f"session={signed({'user': 'ada'})}") == {"user": "ada"}


@pytest.mark.parametrize(("age", "opens"), [(0, True), (100, True), (101, False)])
def test_a_session_ends_with_max_age(front: Front, clock: Clock, age: int, opens: bool) -> None:
    client = client_of(front, options={"max_age": 100})
    token = signed({"user": "ada"})
    clock.advance(seconds=age)
    assert bool(seen(client, f"session={token}")) is opens


def test_without_max_age_a_session_never_ends_and_no_clock_is_asked(
    front: Front, clock: Clock
) -> None:
    client = client_of(front, options={"max_age": None})
    token = signed({"user": "ada"})
    for days in (20_000, -25_000):
        clock.advance(days=days)
        assert seen(client, f"session={token}") == {"user": "ada"}


def test_a_negative_max_age_ends_at_once(front: Front) -> None:
    client = client_of(front, options={"max_age": -1})
    assert seen(client, f"session={signed({'user': 'ada'})}") == {}


@pytest.mark.parametrize(
    "header",
    [
        "session={}x",
        "session={}.x",
        "session=",
        "session",
        "session=null",
        "theme=dark",
        "other={}",
        "Session={}",
        "session=\xff\xfe",
    ],
)
def test_what_does_not_open_is_an_empty_session(front: Front, header: str) -> None:
    client = client_of(front)
    assert seen(client, header.format(signed({"user": "ada"}))) == {}


@pytest.mark.parametrize(
    "header",
    [
        "session={}",
        "theme=dark; session={}",
        " session = {} ; b",
        'session="{}"',
        'theme="a b"; session="{}"',
        "session=old; session={}",
        "session={}; sessions=x; =y",
    ],
)
def test_cookies_are_found_as_starlette_finds_them(front: Front, header: str) -> None:
    client = client_of(front)
    assert seen(client, header.format(signed({"user": "ada"}))) == {"user": "ada"}


def test_of_two_that_open_the_last_counts(front: Front) -> None:
    header = f"session={signed({'n': 1})}; session={signed({'n': 2})}"
    assert seen(client_of(front), header) == {"n": 2}


@since(0, 49)
def test_cookie_headers_that_http2_split_are_one(front: Front) -> None:
    headers = [("Cookie", "a=b"), ("Cookie", f"session={signed({'n': 1})}"), ("Cookie", "c=d")]
    assert client_of(front).get("/show", headers=headers).json() == {"n": 1}


def test_another_secret_does_not_open(front: Front) -> None:
    assert seen(client_of(front), f"session={signed({'n': 1}, 'another secret of many')}") == {}


@since(1, 7)
@pytest.mark.parametrize(
    "change",
    [
        lambda session: session.__setitem__("n", 2),
        lambda session: session.__delitem__("n"),
        lambda session: session.pop("n"),
        lambda session: session.popitem(),
        lambda session: session.setdefault("m", 1),
        lambda session: session.update(n=2),
        lambda session: session.__ior__({"n": 2}),
    ],
)
def test_each_way_to_change_the_top_level_is_saved(front: Front, change: Handler) -> None:
    client = client_of(front, change=lambda session: change(session) and None)
    header = {"Cookie": f"session={signed({'k': 1, 'n': 1})}"}
    expected = Session({"k": 1, "n": 1})
    change(expected)
    (cookie,) = cookies(client.get("/change", headers=header))
    assert cookie.startswith(f"session={signed(expected)};")


@since(1, 0)
@pytest.mark.parametrize(
    "read",
    [
        lambda session: session.get("n"),
        lambda session: session.pop("missing", None),
        lambda session: session.setdefault("n", 5),
        lambda session: list(session.items()),
    ],
)
def test_reading_is_not_saved(front: Front, read: Handler) -> None:
    client = client_of(front, read=read)
    response = client.get("/read", headers={"Cookie": f"session={signed({'n': [1, {'m': 2}]})}"})
    assert cookies(response) == []


def test_the_same_value_set_again_is_saved(front: Front) -> None:
    client = client_of(front, same=setter(n=1))
    response = client.get("/same", headers={"Cookie": f"session={signed({'n': 1})}"})
    assert len(cookies(response)) == 1


def test_what_json_cannot_hold_is_an_error(front: Front) -> None:
    client = client_of(front, login=setter(user=b"ada"))
    with pytest.raises(TypeError, match="Object of type bytes is not JSON serializable"):
        client.get("/login")


def test_keys_and_subclasses_are_written_as_json_dumps_does(front: Front) -> None:
    data = {"n": {2: "two", None: "none", True: "yes", 1.5: "half"}}
    client = client_of(front, login=setter(**data))
    assert cookies(client.get("/login"))[0].startswith(f"session={signed(data)};")


@pytest.mark.parametrize("size", [5_000, 300_000])
def test_a_session_too_large_for_a_browser_is_sent_all_the_same(front: Front, size: int) -> None:
    data = {"text": "x" * size}
    client = client_of(front, login=setter(**data))
    assert cookies(client.get("/login"))[0].startswith(f"session={signed(data)};")


@since(1, 7)
def test_mark_modified_saves(front: Front) -> None:
    def mark(session: dict[str, Any]) -> None:
        assert isinstance(session, Session)
        session.mark_modified()

    client = client_of(front, mark=mark)
    response = client.get("/mark", headers={"Cookie": f"session={signed({'n': 1})}"})
    assert cookies(response)[0].startswith(f"session={signed({'n': 1})};")


@since(1, 7)
def test_the_scope_has_starlettes_session(front: Front) -> None:
    found = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        session = scope["session"]
        found.append((type(session).__mro__[-4:], session.accessed, session.modified, session))
        await PlainTextResponse("")(scope, receive, send)

    client = TestClient(front(app, secret_key=SECRET))
    client.get("/", headers={"Cookie": f"session={signed({'n': 1})}"})
    assert found == [((Session, dict, object)[-4:], False, False, {"n": 1})]


def test_websockets_read_the_session(front: Front) -> None:
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(websocket.session)
        await websocket.close()

    app = front(Starlette(routes=[WebSocketRoute("/", talk)]), secret_key=SECRET)
    header = {"Cookie": f"session={signed({'user': 'ada'})}"}
    with TestClient(app).websocket_connect("/", headers=header) as websocket:
        assert websocket.receive_json() == {"user": "ada"}


def test_the_lifespan_passes(front: Front) -> None:
    found = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append((scope["type"], "session" in scope))
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    with TestClient(front(app, secret_key=SECRET)):
        pass
    assert found == [("lifespan", False)]


def test_a_mounted_application_shares_the_session(front: Front) -> None:
    def login(request: Request) -> Response:
        request.session["user"] = "ada"
        return Response()

    inner = Starlette(routes=[Route("/login", login)])
    client = TestClient(front(Starlette(routes=[Mount("/in", inner)]), secret_key=SECRET))
    assert cookies(client.get("/in/login"))[0].startswith(f"session={signed({'user': 'ada'})};")


def test_fastapi_adds_it_as_any_middleware(front: Any) -> None:
    app = fastapi.FastAPI()
    app.add_middleware(front, secret_key=SECRET, max_age=60)

    @app.post("/login/{user}")
    async def login(user: str, request: fastapi.Request) -> dict[str, str]:
        request.session["user"] = user
        return {"hello": user}

    @app.get("/me")
    def me(request: fastapi.Request) -> dict[str, Any]:
        return request.session

    client = TestClient(app)
    token = signed({"user": "ada"})
    cookie = f"session={token}; path=/; Max-Age=60; httponly; samesite=lax"
    assert cookies(client.post("/login/ada")) == [cookie]
    assert client.get("/me").json() == {"user": "ada"}


def test_an_exception_in_the_handler_sets_no_cookie(front: Front) -> None:
    def fail(session: dict[str, Any]) -> None:
        session["user"] = "ada"
        raise ValueError

    client = client_of(front, fail=fail)
    client._transport.raise_server_exceptions = False
    response = client.get("/fail")
    assert response.status_code == 500


def test_a_signer_of_the_applications_own_is_used(front: Any) -> None:
    class Salted(front):  # type: ignore[misc]
        def __init__(self, app: ASGIApp, **options: Any) -> None:
            super().__init__(app, **options)
            self.signer = TimestampSigner(SECRET, salt="mine")

    client = client_of(Salted, login=setter(user="ada"))
    assert client.get("/show", headers={"Cookie": f"session={signed({'n': 1})}"}).json() == {}
    (cookie,) = cookies(client.get("/login"))
    token = cookie.partition("=")[2].partition(";")[0]
    assert TimestampSigner(SECRET, salt="mine").validate(token)
    assert client.get("/show").json() == {"user": "ada"}


def test_attributes_may_be_set_later(front: Any) -> None:
    class Later(front):  # type: ignore[misc]
        def __init__(self, app: ASGIApp, **options: Any) -> None:
            super().__init__(app, **options)
            self.session_cookie, self.max_age, self.path = "late", 5, "/late"

    client = client_of(Later, login=setter(user="ada"))
    token = signed({"user": "ada"})
    cookie = f"late={token}; path=/late; Max-Age=5; httponly; samesite=lax"
    assert cookies(client.get("/login")) == [cookie]
    assert seen(client, f"late={token}") == {"user": "ada"}
