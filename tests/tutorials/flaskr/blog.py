"""Posts, which everybody reads and users write."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, get_flashed_messages, redirect, request, url_for

from .auth import login_required

bp = Blueprint("blog", __name__)


@bp.route("/")
def index() -> str:
    titles = [title for (title,) in g.db.execute("SELECT title FROM post ORDER BY id")]
    return " | ".join([g.user[1] if g.user else "Log In", *get_flashed_messages(), *titles])


@bp.route("/create", methods=("GET", "POST"))
@login_required
def create() -> Any:
    if request.method == "POST":
        if request.form["title"]:
            row = (g.user[0], request.form["title"])
            with g.db:
                g.db.execute("INSERT INTO post (author_id, title) VALUES (?, ?)", row)
            return redirect(url_for("blog.index"))
        # Shown by the page that comes next.
        flash("Title is required.")
        return redirect(url_for("blog.index"))
    return "New Post"
