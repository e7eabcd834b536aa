"""Starts the Flask and the Express app behind one small front on one port."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING

from serving import Serving
from shortcrust import ambient
from shortcrust._core import Codec

HERE = Path(__file__).parent
if TYPE_CHECKING:
    from shortcrust._options import PolicyOptions
    from typing_extensions import Self

SECRET = "a secret for the demo only, of thirty-two bytes or more"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "server"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Shop:
    """Both apps in one format: ``/flask/...`` goes to Flask, ``/express/...`` to Express."""

    def __init__(self, session_format: str) -> None:
        self.format = session_format
        # Two sessions on one host need two names.
        self.name = f"{session_format}_session"
        self.ports = {"flask": free_port(), "express": free_port()}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Self:
        commands = {
            "flask": [sys.executable, str(HERE / "flask_app.py")],
            "express": ["node", str(HERE / "express_app.mjs")],
        }
        for app, command in commands.items():
            env = os.environ | {
                "SECRET": SECRET,
                "FORMAT": self.format,
                "NAME": self.name,
                "REVOCATIONS": str(Path(self._folder.name) / "revocations.sqlite3"),
                "PORT": str(self.ports[app]),
            }
            self._processes.append(
                subprocess.Popen(
                    command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )
        for port in self.ports.values():
            self._wait_for(port)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
            process.wait()
        self._folder.cleanup()

    def _wait_for(self, port: int) -> None:
        for _ in range(300):
            if any(process.poll() is not None for process in self._processes):
                raise RuntimeError("an app did not start")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("an app does not answer")


class Tokens:
    """A shop's cookies, opened and made without its apps."""

    def __init__(self, shop: Shop, secret: str) -> None:
        self.name = shop.name
        self.policy: PolicyOptions = {
            "idle": None,
            "absolute": None,
            "renew_after": None,
            "skew": 60,
            "persistent": False,
        }
        self.codec = Codec({"format": shop.format}, [secret])

    def open(self, header: str, now_ms: int) -> str:
        return self.codec.open(header, self.name, now_ms, self.policy)

    def seal(self, payload: str, now_ms: int) -> str:
        return self.codec.seal(payload, self.name, now_ms, self.policy, ambient.entropy)


class Front(Serving):
    """Sends ``/FORMAT/APP/...`` on to an app."""

    def __init__(self, shops: list[Shop]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.shops = {shop.format: shop for shop in shops}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Front

    def do_GET(self) -> None:
        _, session_format, app, *rest = f"{self.path}//".split("/", 3)
        shop = self.server.shops.get(session_format)
        if shop and app in shop.ports:
            self._forward(shop.ports[app], "/" + "".join(rest).rstrip("/"))
        else:
            self._answer(404, [], b"")

    do_POST = do_GET

    def _forward(self, port: int, path: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        upstream.request(self.command, path, body, dict(self.headers.items()))
        response = upstream.getresponse()
        headers = [pair for pair in response.getheaders() if pair[0].lower() not in HOP_BY_HOP]
        self._answer(response.status, headers, response.read())
        upstream.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: cookies belong in no log."""
