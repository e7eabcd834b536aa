"""django.core.signing, Django's engines and its requests against ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from io import BytesIO
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from pairs import SECRET, Row, main, row
from payloads import PLAIN

STOCK = "django.contrib.sessions"


def read(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.session.get("visits")))


def write(request: HttpRequest) -> HttpResponse:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse("seen")


urlpatterns = [path("read", read), path("write", write)]
settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.sessions"],
    LOGGING_CONFIG=None,
    ROOT_URLCONF=__name__,
    SECRET_KEY=SECRET,
    USE_TZ=True,
)
django.setup()
call_command("migrate", verbosity=0)

from django.core import signing as peer  # noqa: E402 - Django is configured first
from shortcrust.django import signing as ours  # noqa: E402


def stores(engine: str) -> list[Any]:
    modules = (f"shortcrust.django.{engine}", f"{STOCK}.backends.{engine}")
    return [import_module(it).SessionStore for it in modules]


def rows(payload: str) -> Iterator[Row]:
    data = PLAIN[payload]
    yield from signing_rows(data)
    yield from engine_rows(data)
    yield from request_rows(data)


def signing_rows(data: dict[str, Any]) -> Iterator[Row]:
    token = peer.dumps(data)
    assert peer.loads(ours.dumps(data)) == ours.loads(token) == data
    yield row(
        "django: signing.dumps", 6, 10, ours=lambda: ours.dumps(data), peer=lambda: peer.dumps(data)
    )
    yield row(
        "django: signing.loads",
        5,
        8,
        ours=lambda: ours.loads(token, max_age=86_400),
        peer=lambda: peer.loads(token, max_age=86_400),
    )


def engine_rows(data: dict[str, Any]) -> Iterator[Row]:
    our_cookies, peer_cookies = stores("signed_cookies")

    def saving(store: Any) -> Callable[[], str]:
        def save() -> str:
            session = store()
            session.update(data)
            session.save()
            key: str = session.session_key
            return key

        return save

    def loading(store: Any, token: str) -> Callable[[], Any]:
        return lambda: store(token).load()

    save, load = saving(our_cookies), loading(our_cookies, saving(peer_cookies)())
    assert loading(peer_cookies, save())() == load() == data
    token = saving(peer_cookies)()
    yield row("django: signed_cookies, save", 3.5, 5.5, ours=save, peer=saving(peer_cookies))
    yield row("django: signed_cookies, load", 4, 6, ours=load, peer=loading(peer_cookies, token))
    our_rows, peer_rows = (store() for store in stores("db"))
    text = peer_rows.encode(data)
    assert peer_rows.decode(our_rows.encode(data)) == our_rows.decode(text) == data
    yield row(
        "django: db, encode",
        4,
        6,
        ours=lambda: our_rows.encode(data),
        peer=lambda: peer_rows.encode(data),
    )
    yield row(
        "django: db, decode",
        4,
        6,
        ours=lambda: our_rows.decode(text),
        peer=lambda: peer_rows.decode(text),
    )


def request_rows(data: dict[str, Any]) -> Iterator[Row]:
    for engine, view, needed, wanted in (
        ("signed_cookies", "read", 1.3, 2),
        ("signed_cookies", "write", 1.5, 2),
        ("db", "read", 1.3, 2),
        ("db", "write", 1.3, 2),
    ):
        asks = [
            asked(f"shortcrust.django.{engine}", "shortcrust.django.SessionMiddleware", view, data),
            asked(
                f"{STOCK}.backends.{engine}", f"{STOCK}.middleware.SessionMiddleware", view, data
            ),
        ]
        if view == "read":
            assert asks[0]() == asks[1]()
        name = f"django: whole request, {engine}, {view}"
        yield row(name, needed, wanted, ours=asks[0], peer=asks[1])


def asked(
    engine: str, middleware: str, view: str, data: dict[str, Any]
) -> Callable[[], list[bytes]]:
    with override_settings(SESSION_ENGINE=engine, MIDDLEWARE=[middleware]):
        handler: Any = WSGIHandler()
        session = import_module(engine).SessionStore()
        session.update(data)
        session.save()
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/{view}",
        "SERVER_NAME": "example.com",
        "SERVER_PORT": "80",
        "HTTP_COOKIE": f"theme=dark; sessionid={session.session_key}",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
    }

    def ask() -> list[bytes]:
        response = handler(environ.copy(), lambda _status, _headers: None)
        try:
            return list(response)
        finally:
            response.close()

    return ask


if __name__ == "__main__":
    main(rows)
