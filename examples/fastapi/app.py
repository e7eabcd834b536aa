"""A shop in FastAPI: people register, log in, fill a basket, and see and end their sessions."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from shortcrust.starlette import SessionMiddleware, login, logout, sessions, user

PAGES = Path(__file__).parent.parent / "pages"
GOODS = ["Sourdough", "Quiche", "Apple pie", "Cheese straws"]

url = os.environ.get("SESSION_STORE", "")


def store() -> Any:
    """Where the sessions are kept: `sqlite:///sessions.db`, `mysql+asyncmy://…` or `redis://…`."""
    if url.startswith("redis"):
        from redis.asyncio import Redis
        from shortcrust.stores import AsyncRedisStore

        return AsyncRedisStore(Redis.from_url(url))
    if url.startswith("mysql"):
        from shortcrust.stores import AsyncSQLAlchemyStore
        from sqlalchemy.ext.asyncio import create_async_engine

        return AsyncSQLAlchemyStore(create_async_engine(url))
    from shortcrust.stores import AsyncSQLiteStore

    return AsyncSQLiteStore(url.removeprefix("sqlite:///"))


def browser(request: Any) -> str:
    """By what people know their sessions."""
    agent = request.headers.get("user-agent", "")
    names = {"Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
    return next((name for part, name in names.items() if part in agent), "A browser")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    if url.startswith("mysql"):
        await kept["store"].create_tables()
    yield


kept: dict[str, Any] = {"store": store(), "label": browser} if url else {"format": "sealed"}


def same_site(request: Request) -> None:
    # A form on another site comes without the session, and must not put a new one over it.
    if request.method == "POST" and request.headers.get("sec-fetch-site") == "cross-site":
        raise HTTPException(403)


app = FastAPI(lifespan=lifespan, dependencies=[Depends(same_site)])
app.mount("/static", StaticFiles(directory=PAGES / "static"))
app.add_middleware(
    SessionMiddleware,
    # With a key that is drawn at each start, everybody is logged out by a restart.
    secret_key=os.environ.get("SECRET_KEY") or secrets.token_hex(32),
    **kept,
)

# The users' passwords. They live as long as this process: what this example shows is the session.
users: dict[str, tuple[bytes, bytes]] = {}


def shown_everywhere(request: Request) -> dict[str, Any]:
    place = f"in {url.split(':')[0]}" if url else "in its cookie"
    basket = request.session.get("basket", [])
    return {"user": user(request), "basket": basket, "framework": "FastAPI", "place": place}


templates = Jinja2Templates(PAGES, context_processors=[shown_everywhere])
page = templates.TemplateResponse
Text = Annotated[str, Form()]


class LoginNeeded(Exception):
    """The page is for those who have logged in."""


@app.exception_handler(LoginNeeded)
async def to_login(request: Request, _: Exception) -> RedirectResponse:
    request.session["next"] = request.url.path
    return to("/login")


def logged_in(request: Request) -> str:
    if (name := user(request)) is None:
        raise LoginNeeded
    return name


LoggedIn = Annotated[str, Depends(logged_in)]


def to(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)


@app.get("/")
async def home(request: Request) -> HTMLResponse:
    return page(request, "home.html", {"goods": GOODS})


@app.get("/register")
@app.get("/login")
async def form(request: Request) -> HTMLResponse:
    message = "Log in to see this page." if "next" in request.session else None
    return page(request, f"{request.url.path[1:]}.html", {"message": message})


@app.post("/register")
async def register(request: Request, name: Text, password: Text, remember: Text = "") -> Any:
    if not name or name in users or len(password) < 8:
        message = "That name is taken, or the password is too short."
        return page(request, "register.html", {"message": message}, status_code=400)
    users[name] = hashed(password)
    return welcome(request, name, remember)


@app.post("/login")
async def log_in(request: Request, name: Text, password: Text, remember: Text = "") -> Any:
    salt, known = users.get(name, nobody)
    if not hmac.compare_digest(hashed(password, salt)[1], known):
        message = "Name or password is wrong."
        return page(request, "login.html", {"message": message}, status_code=401)
    return welcome(request, name, remember)


def hashed(password: str, salt: bytes | None = None) -> tuple[bytes, bytes]:
    salt = salt or secrets.token_bytes(16)
    return salt, hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


# So that an unknown name takes as long as a wrong password.
nobody = hashed(secrets.token_hex())


def welcome(request: Request, name: str, remember: str) -> RedirectResponse:
    # The page comes from our own session, not from the URL: nobody can send people elsewhere.
    target = request.session.pop("next", "/")
    login(request, name)
    # Whether the cookie outlives the browser.
    request.session["_permanent"] = bool(remember)
    return to(target)


@app.post("/logout")
async def log_out(request: Request) -> RedirectResponse:
    logout(request)
    return to("/")


@app.get("/basket")
async def show_basket(request: Request) -> HTMLResponse:
    return page(request, "basket.html")


@app.post("/basket")
async def add(request: Request, item: Text) -> RedirectResponse:
    if item in GOODS:
        request.session.setdefault("basket", []).append(item)
    return to("/")


@app.post("/basket/empty")
async def empty(request: Request) -> RedirectResponse:
    request.session.pop("basket", None)
    return to("/basket")


@app.get("/sessions")
async def my_sessions(request: Request, name: LoggedIn) -> HTMLResponse:
    found = await sessions.list(request, name) if url else []
    shown = [one._asdict() | {"seen": f"{one.renewed:%-d %B, %H:%M} UTC"} for one in found]
    return page(request, "sessions.html", {"sessions": shown})


@app.post("/sessions/revoke")
async def revoke(request: Request, name: LoggedIn, handle: Text) -> RedirectResponse:
    if url:
        # With the user, so that nobody ends another's session.
        await sessions.revoke(request, handle, name)
    return to("/sessions")


@app.post("/sessions/revoke-all")
async def revoke_all(request: Request, name: LoggedIn) -> RedirectResponse:
    if url:
        await sessions.revoke_all(request, name, except_current=True)
    return to("/sessions")
