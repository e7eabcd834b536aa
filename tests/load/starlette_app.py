"""Starlette with its sessions in a store, ours or starsessions'."""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any

import uvicorn
from shortcrust.starlette import SessionMiddleware, logout
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starsessions import SessionAutoloadMiddleware
from starsessions import SessionMiddleware as Starsessions
from starsessions.stores.redis import RedisStore

from stores import async_store_of, conflicts


async def begin(request: Request) -> Response:
    request.session["begun"] = True
    return Response()


async def add(request: Request) -> Response:
    request.session.get("begun")
    await asyncio.sleep(random.uniform(0.02, 0.08))
    request.session[request.query_params["key"]] = 1
    return Response()


async def everything(request: Request) -> Response:
    return JSONResponse([key for key in request.session if key != "begun"])


async def leave(request: Request) -> Response:
    logout(request)
    return Response()


async def count(request: Request) -> Response:
    return PlainTextResponse(str(len(conflicts)))


def layers() -> list[Any]:
    if os.environ["LAYER"] == "shortcrust":
        store = async_store_of(os.environ["STORE"])
        return [Middleware(SessionMiddleware, secret_key=os.environ["SECRET"], store=store)]
    store = RedisStore(os.environ["REDIS_URL"])
    return [
        Middleware(Starsessions, store=store, cookie_https_only=False, lifetime=3600),
        Middleware(SessionAutoloadMiddleware),
    ]


routes = [
    Route("/begin", begin),
    Route("/add", add),
    Route("/all", everything),
    Route("/logout", leave),
    Route("/conflicts", count),
]

if __name__ == "__main__":
    app = Starlette(routes=routes, middleware=layers())
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning")
