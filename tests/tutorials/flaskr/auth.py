"""Who is it? The user's id lies in the session."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, g, get_flashed_messages, redirect, request, session, url_for
from werkzeug.security import check_password_hash, generate_password_hash

if TYPE_CHECKING:
    from collections.abc import Callable

bp = Blueprint("auth", __name__, url_prefix="/auth")


@bp.route("/register", methods=("GET", "POST"))
def register() -> Any:
    if request.method == "POST":
        name, password = request.form["username"], request.form["password"]
        found = g.db.execute("SELECT 1 FROM user WHERE username = ?", (name,)).fetchone()
        if found is None:
            row = (name, generate_password_hash(password, "pbkdf2:sha256:1000"))
            with g.db:
                g.db.execute("INSERT INTO user (username, password) VALUES (?, ?)", row)
            return redirect(url_for("auth.login"))
        flash(f"User {name} is already registered.")
    return " ".join(["Register", *get_flashed_messages()])


@bp.route("/login", methods=("GET", "POST"))
def login() -> Any:
    if request.method == "POST":
        statement = "SELECT id, password FROM user WHERE username = ?"
        found = g.db.execute(statement, (request.form["username"],)).fetchone()
        if found and check_password_hash(found[1], request.form["password"]):
            session.clear()
            session["user_id"] = found[0]
            return redirect(url_for("blog.index"))
        flash("Incorrect username or password.")
    return " ".join(["Log In", *get_flashed_messages()])


@bp.before_app_request
def load_logged_in_user() -> None:
    user = session.get("user_id")
    statement = "SELECT id, username FROM user WHERE id = ?"
    g.user = g.db.execute(statement, (user,)).fetchone() if user is not None else None


@bp.route("/logout")
def logout() -> Any:
    session.clear()
    return redirect(url_for("blog.index"))


def login_required(view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    def wrapped(**options: Any) -> Any:
        return view(**options) if g.user else redirect(url_for("auth.login"))

    return wrapped
