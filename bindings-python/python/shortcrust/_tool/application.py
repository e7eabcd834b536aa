"""An application of WSGI or ASGI, asked for a page without a server."""

from __future__ import annotations

import asyncio
import inspect
import sys
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from .inputs import Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .doctor import Headers


class Application:
    """What ``module:app`` names."""

    def __init__(self, app: Any) -> None:
        self._app = app
        call = app if inspect.isfunction(app) else type(app).__call__
        self._is_asgi = inspect.iscoroutinefunction(call)

    @classmethod
    def named(cls, target: str) -> Application:
        """Imports it, as a server does: from the current folder too."""
        module_name, _, name = target.partition(":")
        sys.path.insert(0, "")
        try:
            found: Any = import_module(module_name)
            for part in (name or "app").split("."):
                found = getattr(found, part)
        except Exception as error:
            raise Missing(f"{target} can't be imported: {type(error).__name__}") from error
        if not callable(found):
            raise Missing(f"{target} is no application of WSGI or ASGI")
        return cls(found)

    def get(self, path: str, headers: Mapping[str, str]) -> tuple[int, Headers]:
        """The status and the fields of a page."""
        try:
            if self._is_asgi:
                return asyncio.run(self._asgi(path, headers))
            return self._wsgi(path, headers)
        except Exception as error:
            raise Missing(f"the application failed: {type(error).__name__}") from error

    def configuration(self) -> tuple[int | None, bool]:
        """The bytes of the shortest secret, if one is found, and whether it is in debug mode."""
        app = self._app
        config = getattr(app, "config", None)
        found: list[object] = []
        if isinstance(config, dict):
            found += [config.get("SECRET_KEY"), *(config.get("SECRET_KEY_FALLBACKS") or ())]
            found += config.get("SHORTCRUST_SECRETS") or ()
        for layer in getattr(app, "user_middleware", ()):
            found += [value for name, value in layer.kwargs.items() if name == "secret_key"]
        settings = self._django()
        if settings is not None:
            found += [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        sizes = [len(_bytes(secret)) for secret in found if isinstance(secret, (str, bytes))]
        is_debug = getattr(app, "debug", False) is True or (settings is not None and settings.DEBUG)
        return min(sizes, default=None), bool(is_debug)

    def _django(self) -> Any:
        if not type(self._app).__module__.startswith("django."):
            return None
        from django.conf import settings  # noqa: PLC0415 - only where it is Django's application

        return settings

    def _wsgi(self, path: str, headers: Mapping[str, str]) -> tuple[int, Headers]:
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": True,
        }
        environ |= {
            f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()
        }
        begun: list[tuple[str, Headers]] = []

        def start(status: str, fields: Headers, _error: object = None) -> Any:
            begun[:] = [(status, fields)]
            return lambda _chunk: None

        body = self._app(environ, start)
        try:
            # Some begin with the first chunk.
            for _ in body:
                pass
        finally:
            if hasattr(body, "close"):
                body.close()
        status, fields = begun[0]
        return int(status.split()[0]), fields

    async def _asgi(self, path: str, headers: Mapping[str, str]) -> tuple[int, Headers]:
        path, _, query = path.partition("?")
        fields = {"host": "localhost", **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), text.encode()) for name, text in fields.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("localhost", 80),
        }
        sent: list[dict[str, Any]] = []
        requests = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> dict[str, Any]:
            return requests.pop() if requests else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        start = next(message for message in sent if message["type"] == "http.response.start")
        pairs = cast("list[tuple[bytes, bytes]]", start.get("headers", []))
        return start["status"], [
            (name.decode("latin-1"), text.decode("latin-1")) for name, text in pairs
        ]


def _bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret
