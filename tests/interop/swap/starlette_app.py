"""A stock Starlette app; with SHORTCRUST in the environment its sessions are ours."""

from __future__ import annotations

import os

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

if os.environ.get("SHORTCRUST"):
    from shortcrust.starlette import SessionMiddleware
else:
    from starlette.middleware.sessions import SessionMiddleware


async def login(request: Request) -> JSONResponse:
    request.session.update(user=request.query_params["user"], basket=[])
    return JSONResponse(request.session)


async def add(request: Request) -> JSONResponse:
    request.session["basket"] = [*request.session["basket"], request.query_params["item"]]
    return JSONResponse(request.session)


async def me(request: Request) -> JSONResponse:
    module = SessionMiddleware.__module__.partition(".")[0]
    return JSONResponse({**request.session, "sessions": module})


async def logout(request: Request) -> JSONResponse:
    request.session.clear()
    return JSONResponse({})


app = Starlette(routes=[Route(f"/{f.__name__}", f) for f in (login, add, me, logout)])
app.add_middleware(SessionMiddleware, secret_key=os.environ["SECRET"])

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning")
