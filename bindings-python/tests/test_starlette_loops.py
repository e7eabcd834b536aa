"""Several event loops of one process serve one session, as threads with a TestClient each do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import anyio
import pytest
from conftest import SECRET
from shortcrust.starlette import SessionMiddleware
from shortcrust.stores import AsyncMemoryStore
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

THREADS, TURNS = 4, 6


async def put(request: Request) -> Response:
    request.session[request.query_params["key"]] = 1
    # The others read meanwhile, so that most writes are overtaken.
    await anyio.sleep(0.002)
    return JSONResponse(sorted(request.session))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_requests_on_one_session_from_several_event_loops_are_all_answered_and_kept(
    backend: Literal["asyncio", "trio"],
) -> None:
    front = Middleware(SessionMiddleware, secret_key=SECRET, store=AsyncMemoryStore())
    app = Starlette(routes=[Route("/", put)], middleware=[front])
    begun = TestClient(app, backend=backend).get("/?key=first")
    header = {"Cookie": f"session={begun.cookies['session']}"}

    def browse(thread: int) -> list[int]:
        client = TestClient(app, backend=backend)
        paths = [f"/?key={thread}-{turn}" for turn in range(TURNS)]
        return [client.get(path, headers=header).status_code for path in paths]

    with ThreadPoolExecutor(THREADS) as pool:
        codes = [code for found in pool.map(browse, range(THREADS)) for code in found]
    assert codes == [200] * THREADS * TURNS
    kept = TestClient(app, backend=backend).get("/?key=last", headers=header).json()
    assert len(kept) == THREADS * TURNS + 2
