"""A Django project whose one view runs what a test hands it, and a browser that takes notes.

Importing this module configures Django, once for the process.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit
from uuid import uuid4

import django
import pytest
from conftest import SECRET
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends import base
from django.core.cache import cache
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from shortcrust.django import _tracking

FOLDER = Path(tempfile.mkdtemp(prefix="shortcrust-django-"))
FILES = FOLDER / "files"
STOCK = "django.contrib.sessions.backends."
OURS = "shortcrust.django."
ENGINES = ("signed_cookies", "db", "cached_db", "file")
STOCK_MIDDLEWARE = "django.contrib.sessions.middleware.SessionMiddleware"
OUR_MIDDLEWARE = "shortcrust.django.SessionMiddleware"
# Django's sessions have async methods from 5.1 on.
ASYNC = pytest.mark.skipif(django.VERSION < (5, 1), reason="no async methods before Django 5.1")
START = "2026-01-02 03:04:05.678"


def database() -> dict[str, Any]:
    """A file; with DJANGO_ON=mariadb a database of its own on the tests' MariaDB, by PyMySQL."""
    if os.environ.get("DJANGO_ON") != "mariadb":
        path, options = FOLDER / "db.sqlite3", {"timeout": 20}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options}
    # Not where the oldest versions are tested.
    servers, pymysql = map(importlib.import_module, ("servers", "pymysql"))
    pymysql.install_as_MySQLdb()
    at = urlsplit(servers.shared_url(servers.MariaDB))
    name = f"django_{uuid4().hex}"
    host: dict[str, Any] = {"host": at.hostname, "port": at.port, "user": at.username}
    with pymysql.connect(**host) as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
    atexit.register(_drop, pymysql, host, name)
    return {
        "ENGINE": "django.db.backends.mysql",
        "NAME": name,
        **{each.upper(): value for each, value in host.items()},
    }


def _drop(pymysql: Any, host: dict[str, Any], name: str) -> None:
    with pymysql.connect(**host) as connection:
        connection.cursor().execute(f"DROP DATABASE {name}")


FILES.mkdir()
atexit.register(shutil.rmtree, FOLDER, True)
settings.configure(
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": database()},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "shortcrust.django",
    ],
    LOGGING_CONFIG=None,
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=SECRET,
    SESSION_FILE_PATH=str(FILES),
    STATIC_URL="/static/",
    TEMPLATES=[
        {
            "APP_DIRS": True,
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                    "django.template.context_processors.request",
                ]
            },
        }
    ],
    USE_TZ=True,
)
# What is refused is logged, and the tests refuse a lot.
logging.getLogger("django").addHandler(logging.NullHandler())
logging.getLogger("django").propagate = False
django.setup()
call_command("migrate", verbosity=0)

# Models can't be imported before the setup.
User = apps.get_model("auth.User")
Session = apps.get_model("sessions.Session")

Handler = Callable[[HttpRequest], object]
_handlers: list[Handler] = []


def _view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(repr(_handlers[-1](request)))


async def _async_view(request: HttpRequest) -> HttpResponse:
    answer: Any = _handlers[-1](request)
    return HttpResponse(repr(await answer))


urlpatterns = [path("", _view), path("async", _async_view)]


@dataclass
class Answer:
    """What a browser sees."""

    status: int
    text: str
    cookies: list[str]
    headers: dict[str, str]


class Browser:
    """A client that forgets deleted cookies, as browsers do."""

    def __init__(self, clock: FrozenDateTimeFactory) -> None:
        self.clock = clock
        self.answers: list[Answer] = []
        self.jar: dict[str, str] = {}

    def run(self, handler: Handler, header: str | None = None, **environ: Any) -> Answer:
        """Runs the handler within a request; its answer is the text."""
        response = self._client(Client).get("/", **self._arguments(handler, header), **environ)
        return self._note(response)

    async def arun(self, handler: Handler, header: str | None = None) -> Answer:
        """As ``run`` with a coroutine, over ASGI."""
        client = self._client(AsyncClient)
        client.cookies.load(self._arguments(handler, header).get("HTTP_COOKIE", ""))
        return self._note(await client.get("/async"))

    def advance(self, **span: float) -> None:
        for file in FILES.iterdir():
            # The file engine asks the disk when a session was written, and the disk's clock runs.
            if file.stat().st_mtime > time.time():
                os.utime(file, (time.time(), time.time()))
        self.clock.tick(timedelta(**span))

    def _client(self, kind: Any) -> Any:
        return kind(raise_request_exception=False)

    def _arguments(self, handler: Handler, header: str | None) -> dict[str, Any]:
        _handlers[:] = [handler]
        if header is None:
            header = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        return {"HTTP_COOKIE": header} if header else {}

    def _note(self, response: Any) -> Answer:
        for morsel in response.cookies.values():
            if morsel["max-age"] == 0:
                self.jar.pop(morsel.key, None)
            else:
                self.jar[morsel.key] = morsel.coded_value
        text = response.content.decode() if response.status_code == 200 else ""
        names = ("Vary", "Cache-Control")
        headers = {name: response[name] for name in names if name in response}
        cookies = [morsel.OutputString() for morsel in response.cookies.values()]
        self.answers.append(Answer(response.status_code, text, cookies, headers))
        return self.answers[-1]


@contextmanager
def site(engine: str, middleware: str = STOCK_MIDDLEWARE, **options: Any) -> Iterator[Browser]:
    """A browser at a site without sessions, whose clock stands and whose keys are counted."""
    Session.objects.all().delete()
    for model in apps.get_app_config("shortcrust").get_models():
        model._base_manager.all().delete()
    _tracking.forget_known()
    cache.clear()
    for file in FILES.iterdir():
        file.unlink()
    numbers = (f"{n:032}" for n in range(10**6))
    keys = mock.patch.object(base, "get_random_string", side_effect=numbers)
    changed = override_settings(SESSION_ENGINE=engine, MIDDLEWARE=[middleware], **options)
    with keys, changed, freeze_time(START) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield Browser(clock)


def made(engine: Any, **data: Any) -> str:
    """The key of a new session."""
    store = engine()
    store.update(data)
    store.save()
    key: str = store.session_key
    return key


def loaded(engine: Any, key: str) -> Any:
    store = engine(key)
    store.items()
    return store
