"""Django with its sessions in the database or in a cache, by our engines or its own."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import django
import pymysql  # type: ignore[import-untyped]
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from werkzeug.serving import run_simple

LAYERS = {"shortcrust": "shortcrust.django.", "Django": "django.contrib.sessions.backends."}
conflicts: list[int] = []


def begin(request: HttpRequest) -> HttpResponse:
    request.session["begun"] = True
    return HttpResponse()


def add(request: HttpRequest) -> HttpResponse:
    request.session.get("begun")
    time.sleep(random.uniform(0.02, 0.08))
    request.session[request.GET["key"]] = 1
    return HttpResponse()


def everything(request: HttpRequest) -> HttpResponse:
    return JsonResponse([key for key, _ in request.session.items() if key != "begun"], safe=False)


def leave(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return HttpResponse()


def count(request: HttpRequest) -> HttpResponse:
    return HttpResponse(sum(conflicts))


urlpatterns = [
    path("begin", begin),
    path("add", add),
    path("all", everything),
    path("logout", leave),
    path("conflicts", count),
]


def counting(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        session = getattr(request, "session", None)
        conflicts.append(getattr(session, "conflicts", 0))
        return response

    return middleware


def database() -> dict[str, object]:
    if os.environ["STORE"] == "sqlite":
        name = Path(os.environ["FOLDER"]) / "django.sqlite3"
        options = {"timeout": 60, "init_command": "PRAGMA journal_mode=wal"}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options}
    name = os.environ["STORE"]
    url = urlsplit(os.environ[f"{name.upper()}_URL"])
    if name == "mariadb":
        pymysql.install_as_MySQLdb()
    return {
        "ENGINE": f"django.db.backends.{'mysql' if name == 'mariadb' else 'postgresql'}",
        "NAME": url.path.removeprefix("/"),
        "USER": url.username,
        "PASSWORD": url.password or "",
        "HOST": url.hostname,
        "PORT": url.port,
    }


def cache() -> dict[str, object]:
    if os.environ["STORE"] == "redis":
        backend, location = "redis.RedisCache", os.environ["REDIS_URL"]
    elif os.environ["STORE"] == "memcached":
        url = urlsplit(os.environ["MEMCACHED_URL"])
        backend, location = "memcached.PyMemcacheCache", url.netloc
    else:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    # Each run is another's, in the server that they share.
    prefix = os.environ["FOLDER"]
    return {"BACKEND": f"django.core.cache.backends.{backend}", "LOCATION": location} | {
        "KEY_PREFIX": prefix
    }


if __name__ == "__main__":
    is_cached = os.environ["STORE"] in {"redis", "memcached"}
    settings.configure(
        ALLOWED_HOSTS=["*"],
        CACHES={"default": cache()},
        DATABASES={} if is_cached else {"default": database()},
        INSTALLED_APPS=["django.contrib.sessions"],
        MIDDLEWARE=[f"{__name__}.counting", "django.contrib.sessions.middleware.SessionMiddleware"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=os.environ["SECRET"],
        SESSION_ENGINE=LAYERS[os.environ["LAYER"]] + ("cache" if is_cached else "db"),
    )
    django.setup()
    try:
        if not is_cached:
            call_command("migrate", verbosity=0)
    except (OperationalError, ProgrammingError):
        # The other process was first.
        time.sleep(1)
    application = get_wsgi_application()
    run_simple("127.0.0.1", int(os.environ["PORT"]), application, threaded=True)
