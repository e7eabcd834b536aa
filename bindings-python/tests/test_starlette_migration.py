"""Old cookies under our own front: read, converted where they fit, and ended with their session."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import SECRET, Clock
from shortcrust import TooLarge, reason
from shortcrust.starlette import SessionMiddleware, logout, sessions, user
from shortcrust.stores import AsyncMemoryStore
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from test_starlette import cookies, signed

READERS = [{"format": "starlette", "until": "never"}]


async def show(request: Request) -> Response:
    return JSONResponse({"n": len(request.session), "user": user(request)})


async def put(request: Request) -> Response:
    request.session["more"] = 1
    return Response()


async def leave(request: Request) -> Response:
    logout(request)
    return JSONResponse(reason(request))


async def count(request: Request) -> Response:
    return JSONResponse(len(await sessions.list(request, "ada")))


async def revoke(request: Request) -> Response:
    await sessions.revoke_all(request, "ada")
    return Response()


ROUTES = [
    Route("/", show),
    Route("/put", put),
    Route("/leave", leave),
    Route("/revoke", revoke),
    Route("/count", count),
]


def site(**options: Any) -> Starlette:
    front = Middleware(SessionMiddleware, secret_key=SECRET, readers=READERS, **options)
    return Starlette(routes=ROUTES, middleware=[front])


def get(app: Starlette, path: str, token: str) -> Any:
    return TestClient(app).get(path, headers={"Cookie": f"session={token}"})


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


UNSEALABLE: dict[str, Any] = {
    "of almost 4,096 bytes": {"a": "x" * 3_030},
    "with NaN": {"a": float("nan")},
    "of 200 levels": {"a": nested(199)},
}


@pytest.mark.parametrize("data", UNSEALABLE.values(), ids=list(UNSEALABLE))
def test_an_old_session_that_cannot_be_sealed_is_read_and_stays_where_it_is(
    data: dict[str, Any], clock: Clock
) -> None:
    app = site(format="sealed")
    for _ in range(2):
        response = get(app, "/", signed(data))
        assert (response.json()["n"], cookies(response)) == (1, [])


def test_an_old_session_that_fits_is_sealed_by_a_request_that_only_reads(clock: Clock) -> None:
    (cookie,) = cookies(get(site(format="sealed"), "/", signed({"a": 1})))
    assert cookie.startswith("session=v4.local.")


def test_a_change_that_does_not_fit_any_more_is_an_error(clock: Clock) -> None:
    with pytest.raises(TooLarge):
        get(site(format="sealed"), "/put", signed({"a": "x" * 3_030}))


def with_store(kind: str) -> dict[str, Any]:
    return {kind: AsyncMemoryStore(), "user_key": "user"}


@pytest.mark.parametrize("kind", ["store", "revocations"])
@pytest.mark.parametrize("path", ["/leave", "/revoke"])
def test_an_old_cookie_opens_no_session_that_has_ended(path: str, kind: str, clock: Clock) -> None:
    app = site(**with_store(kind))
    old = signed({"user": "ada"})
    clock.advance(seconds=2)
    assert get(app, "/", old).json()["user"] == "ada"
    get(app, path, old)
    clock.advance(minutes=2)
    response = get(app, "/", old)
    assert response.json() == {"n": 0, "user": None}
    assert [c for c in cookies(response) if "Max-Age=0" not in c] == []


@pytest.mark.parametrize("apart", ["namespace", "audience", "session_cookie"])
def test_applications_that_share_a_store_open_no_sessions_of_each_other(
    apart: str, clock: Clock
) -> None:
    options = with_store("store")
    one, other = site(**options, **{apart: "one"}), site(**options, **{apart: "other"})
    (cookie,) = cookies(get(one, "/put", ""))
    token = cookie.partition("=")[2].partition(";")[0]
    for app, called, found in ((one, "one", 1), (other, "other", 0)):
        name = called if apart == "session_cookie" else "session"
        response = TestClient(app).get("/", headers={"Cookie": f"{name}={token}"})
        assert response.json()["n"] == found


def test_an_old_cookie_makes_one_record_however_often_it_comes(clock: Clock) -> None:
    app = site(**with_store("store"))
    old = signed({"user": "ada"})
    for path in ("/", "/put", "/", "/put"):
        get(app, path, old)
    assert get(app, "/count", "").json() == 1
