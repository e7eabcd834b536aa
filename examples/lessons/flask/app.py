"""Lessons about cookies and sessions in Flask: `python app.py`."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import cookies
import logins
import sessions
import where
from flask import Flask, Response, abort, make_response, render_template, send_from_directory
from lesson import PAGES, STATIC, Part, Shown, in_the_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CHAPTERS = {
    "Cookies that the server sets": cookies.LESSONS,
    "Cookies in the page": in_the_page(),
    "Sessions": sessions.LESSONS,
    "Where a session lies": where.LESSONS,
    "Who may see a page": logins.LESSONS,
}
LESSONS = [lesson for chapter in CHAPTERS.values() for lesson in chapter]

site = Flask(__name__, template_folder=PAGES, static_folder=None)


@site.context_processor
def shown_everywhere() -> dict[str, Any]:
    return {"framework": "Flask"}


@site.get("/")
def index() -> str:
    chapters = [{"title": title, "lessons": lessons} for title, lessons in CHAPTERS.items()]
    return render_template("index.html", chapters=chapters)


@site.get("/<slug>")
def page(slug: str) -> str:
    number = next((at for at, one in enumerate(LESSONS) if one.slug == slug), None)
    if number is None:
        abort(404)
    following = LESSONS[number + 1] if number + 1 < len(LESSONS) else None
    return render_template("lesson.html", lesson=LESSONS[number].shown() | {"next": following})


@site.get("/static/<name>")
def static(name: str) -> Response:
    folder = next((one for one in STATIC if (one / name).is_file()), STATIC[0])
    return send_from_directory(folder, name)


@cache
def app_of(slug: str, number: int) -> Flask:
    """Each part of a lesson has an app of its own, with the sessions that it is about."""
    part: Part = next(one for one in LESSONS if one.slug == slug).parts[number]
    app: Flask = part.app() if part.app else Flask(slug)
    app.context_processor(shown_everywhere)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    for step in part.steps:
        app.add_url_rule(f"/{step.__name__}", step.__name__, as_text(step), methods=["POST"])
    return app


def as_text(step: Callable[[], Any]) -> Callable[[], Response]:
    def run() -> Response:
        answer = make_response(step())
        # What a visitor's cookie says is never read as HTML.
        answer.mimetype = "text/plain"
        return answer

    return run


def run(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """`/run/SLUG/PART/...` goes to the part's app, everything else to the site."""
    _, first, slug, number, *rest = (environ["PATH_INFO"] + "///").split("/")
    known = {one.slug: one for one in LESSONS}
    if first != "run" or slug not in known or not number.isdigit():
        return site(environ, start_response)
    environ["SCRIPT_NAME"] += f"/run/{slug}/{number}"
    environ["PATH_INFO"] = "/" + "/".join(rest).rstrip("/")
    return app_of(slug, int(number))(environ, start_response)


app = Shown(run)

if __name__ == "__main__":
    from werkzeug.serving import run_simple

    run_simple("localhost", int(os.environ.get("PORT", "5000")), app, threaded=True)
