"""Lessons about cookies and sessions in Django: `python app.py`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django
from django.core.wsgi import get_wsgi_application
from django.http import Http404, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import path
from django.views.static import serve

django.setup()

import cookies
import sessions
from lesson import STATIC, Shown, in_the_page

if TYPE_CHECKING:
    from django.http import HttpRequest

CHAPTERS = {
    "Cookies that the server sets": cookies.LESSONS,
    "Cookies in the page": in_the_page(),
    "Sessions": sessions.LESSONS,
}
LESSONS = [lesson for chapter in CHAPTERS.values() for lesson in chapter]


def shown_everywhere(request: HttpRequest) -> dict[str, Any]:
    return {"framework": "Django", "csrf_token": get_token(request)}


def index(request: HttpRequest) -> HttpResponse:
    chapters = [{"title": title, "lessons": lessons} for title, lessons in CHAPTERS.items()]
    return render(request, "index.html", {"chapters": chapters})


def page(request: HttpRequest, slug: str) -> HttpResponse:
    number = next((at for at, one in enumerate(LESSONS) if one.slug == slug), None)
    if number is None:
        raise Http404
    following = LESSONS[number + 1] if number + 1 < len(LESSONS) else None
    shown = LESSONS[number].shown() | {"next": following}
    return render(request, "lesson.html", {"lesson": shown})


def static(request: HttpRequest, name: str) -> HttpResponse:
    folder = next((one for one in STATIC if (one / name).is_file()), STATIC[0])
    return serve(request, name, folder)


def run(request: HttpRequest, slug: str, number: int, name: str) -> HttpResponse:
    """One step of a lesson."""
    lesson = next(one for one in LESSONS if one.slug == slug)
    step = next(one for one in lesson.parts[number].steps if one.__name__ == name)
    given = step(request)
    if isinstance(given, dict):
        given = JsonResponse(given)
    answer = given if isinstance(given, HttpResponse) else HttpResponse(given)
    # What a visitor's cookie says is never read as HTML.
    answer["Content-Type"] = "text/plain; charset=utf-8"
    return answer


urlpatterns = [
    path("", index),
    path("static/<str:name>", static),
    path("run/<slug:slug>/<int:number>/<str:name>", run),
    path("<slug:slug>", page),
]

sessions.prepare()
app = Shown(get_wsgi_application())

if __name__ == "__main__":
    from werkzeug.serving import run_simple

    run_simple("localhost", int(os.environ.get("PORT", "8000")), app, threaded=True)
