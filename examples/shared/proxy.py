"""Flask and Express behind one domain: `python proxy.py`, then http://localhost:8000.

The two shops next door are started as they are. People log in at Flask's, and fill their basket at
Express's: it is one session, since both have the same secret, cookie name and store.
"""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

EXAMPLES = Path(__file__).parent.parent
COMMANDS = {
    "flask": [sys.executable, str(EXAMPLES / "flask/app.py")],
    "express": ["node", str(EXAMPLES / "express/app.mjs")],
}
OF_FLASK = {"register", "login", "logout", "sessions"}
# Of one connection, and not of the message.
HOP_BY_HOP = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


class Apps:
    """Both, as processes of their own."""

    def __init__(self, settings: dict[str, str] | None = None, output: int | None = None) -> None:
        self._output = output
        self.ports = {name: free_port() for name in COMMANDS}
        self._settings = {"SECRET_KEY": secrets.token_hex(32), "BEHIND_PROXY": "1"}
        self._settings |= os.environ | (settings or {})
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        for name, command in COMMANDS.items():
            env = self._settings | {"PORT": str(self.ports[name])}
            process = subprocess.Popen(command, env=env, stdout=self._output, stderr=self._output)  # noqa: S603
            self._processes.append(process)
        try:
            for port in self.ports.values():
                self._wait_for(port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
            process.wait()

    def _wait_for(self, port: int) -> None:
        for _ in range(600):
            if any(process.poll() is not None for process in self._processes):
                raise RuntimeError("an app did not start")
            try:
                socket.create_connection(("localhost", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("an app does not answer")


class Proxy(ThreadingHTTPServer):
    """The one domain."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self, port: int, apps: Apps, handler: type[Handler] | None = None) -> None:
        super().__init__(("127.0.0.1", port), handler or Handler)
        self.apps = apps


class Handler(BaseHTTPRequestHandler):
    server: Proxy

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(*self.forward(app_of(self.path), body))

    do_POST = do_GET  # noqa: N815

    def forward(self, app: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the app answers: status, headers and body."""
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        headers = {name: value for name, value in self.headers.items() if not is_hop(name)}
        headers |= {"X-Forwarded-Proto": scheme, "Content-Length": str(len(body))}
        upstream = http.client.HTTPConnection("localhost", self.server.apps.ports[app], timeout=60)
        upstream.request(self.command, self.path, body, headers)
        response = upstream.getresponse()
        answered = [pair for pair in response.getheaders() if not is_hop(pair[0])]
        answer = response.status, answered, response.read()
        upstream.close()
        return answer

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: cookies belong in no log."""


def app_of(path: str) -> str:
    return "flask" if path.partition("?")[0].split("/")[1] in OF_FLASK else "express"


def is_hop(header: str) -> bool:
    return header.lower() in HOP_BY_HOP


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_on_sigterm() -> None:
    """As Ctrl-C does: by way of every `with`, which ends the apps."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


if __name__ == "__main__":
    end_on_sigterm()
    port = int(os.environ.get("PORT", "8000"))
    with Apps() as apps, Proxy(port, apps) as proxy:
        print(f"http://localhost:{port}", flush=True)
        try:
            proxy.serve_forever()
        except KeyboardInterrupt:
            print()
