"""A shop in Flask: people register, log in, fill a basket, and see and end their sessions."""

from __future__ import annotations

import os
import secrets
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, abort, redirect, render_template, request, session
from shortcrust.flask import Shortcrust, login, logout, sessions, user
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.security import check_password_hash, generate_password_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response as AnyResponse

PAGES = os.path.join(os.path.dirname(__file__), "../pages")
GOODS = ["Sourdough", "Quiche", "Apple pie", "Cheese straws"]

app = Flask(__name__, template_folder=PAGES, static_folder=f"{PAGES}/static")
# Behind a proxy that ends HTTPS, believe what it says of the connection.
if os.environ.get("BEHIND_PROXY"):
    app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)  # type: ignore[method-assign]
# With a key that is drawn at each start, everybody is logged out by a restart.
app.config["SECRET_KEY"] = os.environ.get("SECRET_KEY") or secrets.token_hex(32)


def store(url: str) -> Any:
    """Where the sessions are kept: `sqlite:///sessions.db`, `mysql+pymysql://…`, `redis://…`."""
    if url.startswith("redis"):
        from redis import Redis
        from shortcrust.stores import RedisStore

        return RedisStore(Redis.from_url(url))
    from shortcrust.stores import SQLAlchemyStore
    from sqlalchemy import create_engine

    in_sql = SQLAlchemyStore(create_engine(url))
    in_sql.create_tables()
    return in_sql


def browser(request: Request) -> str:
    """By what people know their sessions."""
    agent = request.user_agent.string
    names = {"Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
    return next((name for part, name in names.items() if part in agent), "A browser")


if url := os.environ.get("SESSION_STORE"):
    app.config["SHORTCRUST_STORE"] = store(url)
    app.config["SHORTCRUST_LABEL"] = browser
Shortcrust(app)

# The users' passwords. They live as long as this process: what this example shows is the session.
users: dict[str, str] = {}


@app.before_request
def refuse_other_sites() -> None:
    # A form on another site comes without the session, and must not put a new one over it.
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)


@app.context_processor
def shown_everywhere() -> dict[str, Any]:
    place = f"in {url.split(':')[0]}" if url else "in its cookie"
    return {"user": user(), "basket": basket(), "framework": "Flask", "place": place}


def basket() -> list[str]:
    return session.get("basket", [])


def needs_login(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def guarded(*args: Any, **options: Any) -> Any:
        if user() is None:
            session["next"] = request.path
            return redirect("/login")
        return view(*args, **options)

    return guarded


@app.get("/")
def home() -> str:
    return render_template("home.html", goods=GOODS)


@app.get("/register")
@app.get("/login")
def form() -> str:
    message = "Log in to see this page." if "next" in session else None
    return render_template(f"{request.path[1:]}.html", message=message)


@app.post("/register")
def register() -> AnyResponse | tuple[str, int]:
    name, password = request.form["name"], request.form["password"]
    if not name or name in users or len(password) < 8:
        message = "That name is taken, or the password is too short."
        return render_template("register.html", message=message), 400
    users[name] = generate_password_hash(password)
    return welcome(name)


@app.post("/login")
def log_in() -> AnyResponse | tuple[str, int]:
    name = request.form["name"]
    if not check_password_hash(users.get(name, nobody), request.form["password"]):
        return render_template("login.html", message="Name or password is wrong."), 401
    return welcome(name)


# So that an unknown name takes as long as a wrong password.
nobody = generate_password_hash(secrets.token_hex())


def welcome(name: str) -> AnyResponse:
    # The page comes from our own session, not from the URL: nobody can send people elsewhere.
    page = session.pop("next", "/")
    login(name)
    session.permanent = "remember" in request.form
    return redirect(page)


@app.post("/logout")
def log_out() -> AnyResponse:
    logout()
    return redirect("/")


@app.get("/basket")
def show_basket() -> str:
    return render_template("basket.html")


@app.post("/basket")
def add() -> AnyResponse:
    if request.form["item"] in GOODS:
        session.setdefault("basket", []).append(request.form["item"])
    return redirect("/")


@app.post("/basket/empty")
def empty() -> AnyResponse:
    session.pop("basket", None)
    return redirect("/basket")


@app.get("/sessions")
@needs_login
def my_sessions() -> str:
    found = sessions.list(user()) if url else []
    shown = [one._asdict() | {"seen": f"{one.renewed:%-d %B, %H:%M} UTC"} for one in found]
    return render_template("sessions.html", sessions=shown)


@app.post("/sessions/revoke")
@needs_login
def revoke() -> AnyResponse:
    # With the user, so that nobody ends another's session.
    if url:
        sessions.revoke(request.form["handle"], user())
    return redirect("/sessions")


@app.post("/sessions/revoke-all")
@needs_login
def revoke_all() -> AnyResponse:
    if url:
        sessions.revoke_all(user(), except_current=True)
    return redirect("/sessions")


@app.after_request
def keep_out_of_caches(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "private, no-store")
    return response


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "5000")))
