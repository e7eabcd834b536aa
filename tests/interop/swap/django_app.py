"""A stock Django app; with SHORTCRUST in the environment its sessions are ours."""

from __future__ import annotations

import os
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

ENGINE = "shortcrust.django" if os.environ.get("SHORTCRUST") else "django.contrib.sessions.backends"


def login(request: HttpRequest) -> JsonResponse:
    request.session.update({"user": request.GET["user"], "basket": []})
    return JsonResponse(dict(request.session.items()))


def add(request: HttpRequest) -> JsonResponse:
    request.session["basket"] = [*request.session["basket"], request.GET["item"]]
    return JsonResponse(dict(request.session.items()))


def me(request: HttpRequest) -> JsonResponse:
    module = type(request.session).__module__.partition(".")[0]
    return JsonResponse({**dict(request.session.items()), "sessions": module})


def logout(request: HttpRequest) -> JsonResponse:
    request.session.flush()
    return JsonResponse({})


urlpatterns = [path(view.__name__, view) for view in (login, add, me, logout)]

settings.configure(
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ["SECRET"],
    SESSION_ENGINE=f"{ENGINE}.signed_cookies",
)
django.setup()

if __name__ == "__main__":
    with make_server("127.0.0.1", int(os.environ["PORT"]), get_wsgi_application()) as server:
        server.serve_forever()
