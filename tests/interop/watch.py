"""The proxy of the example ``shared``, which says of each request what the engine did, and why."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proxy import Apps, Handler, Proxy, app_of  # type: ignore[import-not-found]
from serving import Serving
from shortcrust import ambient
from shortcrust._config import build_engine
from shortcrust._core import Wait
from told import told

if TYPE_CHECKING:
    from shortcrust.stores import SQLiteStore

NAME = "session"
PAGE = Path(__file__).with_name("page.html")


@dataclass
class View:
    """A session as the engine has it, for somebody who knows the secret."""

    token: str | None = None
    reason: str | None = None
    user: str | None = None
    key: str | None = None
    version: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    record: str | None = None


class Engine:
    """Opens cookies as both apps do."""

    def __init__(self, secret: str, store: SQLiteStore | None) -> None:
        self.store = store
        self._engine = build_engine({"SHORTCRUST_STORE": store} if store else {}, [secret])

    def look(self, token: str | None) -> View:
        if not token:
            return View()
        session, data = self._engine.open(f"{NAME}={token}", ambient.now_ms())
        while self.store and (need := session.need()) is not None:
            # It only reads, so nothing but `load` is asked for.
            answers = [] if isinstance(need, Wait) else [self.store.load(one.keys) for one in need]
            session.answer(answers, ambient.now_ms(), ambient.entropy)  # type: ignore[arg-type]
        data = session.data() if self.store else data
        view = View(token, session.reason, session.user, session.key, data=data or {})
        view.version, view.record = self.row(view.key)
        return view

    def row(self, key: str | None) -> tuple[int | None, str | None]:
        """What lies in the store under a key, and its version."""
        (row,) = self.store.load([key]) if self.store and key else [None]
        return (row.version, row.text) if row else (None, None)


class Watch(Serving, Proxy):  # type: ignore[misc]
    """Serves both apps, and the page that shows what happens at ``/demo``."""

    def __init__(self, apps: Apps, engine: Engine, other: int, place: str, port: int = 0) -> None:
        super().__init__(port, apps, Watching)
        self.engine, self.place, self.other = engine, place, other
        self.events: list[dict[str, Any]] = []
        self.news = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://{self.place}:{self.server_port}/demo"

    def tell(self, event: dict[str, Any]) -> None:
        with self.news:
            self.events.append(event | {"number": len(self.events) + 1})
            self.news.notify_all()

    def after(self, seen: int) -> list[dict[str, Any]]:
        """What came behind so many events, as soon as there is anything; none in 15 seconds."""
        with self.news:
            self.news.wait_for(lambda: len(self.events) > seen, timeout=15)
            return self.events[seen:]


class Watching(Handler):  # type: ignore[misc]
    server: Watch

    def do_GET(self) -> None:  # noqa: N802
        place = self.path.partition("?")[0]
        if place == "/demo":
            self._page()
        elif place == "/demo/events":
            self._stream()
        elif place == "/demo/flip":
            self._flip()
        elif place.startswith("/static/"):
            super().do_GET()
        else:
            self._watched()

    do_POST = do_GET

    def _watched(self) -> None:
        engine, token = self.server.engine, self._token()
        before, app = engine.look(token), app_of(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, content = self.forward(app, body)
        lines = [value for name, value in headers if name.lower() == "set-cookie"]
        after = engine.look(_value(lines[-1]) if lines else token)
        _, left = engine.row(before.key)
        event = {"method": self.command, "path": self.path, "app": app, "status": status}
        said = told(before, after, lines, left, is_stored=engine.store is not None)
        self.server.tell(event | {"said": said, "view": vars(after)})
        self.answer(status, headers, content)

    def _token(self) -> str | None:
        found = SimpleCookie(self.headers.get("Cookie", "")).get(NAME)
        return found.value if found else None

    def _page(self) -> None:
        stored = self.server.engine.store is not None
        page = PAGE.read_text().replace("STORED", json.dumps(stored))
        text = page.replace("OTHER", f"http://{_other(self.server.place)}:{self.server.other}/demo")
        self.answer(200, [("Content-Type", "text/html; charset=utf-8")], text.encode())

    def _flip(self) -> None:
        """Gives the browser its cookie back with one character changed."""
        token = self._token() or "A"
        middle = len(token) // 2
        changed = "A" if token[middle] != "A" else "B"
        value = f"{NAME}={token[:middle]}{changed}{token[middle + 1 :]}; Path=/; HttpOnly"
        self.answer(200, [("Set-Cookie", f"{value}; SameSite=Lax")], b"")

    def _stream(self) -> None:
        """Server-sent events, from where the browser was when it lost the line."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        seen = int(self.headers.get("Last-Event-ID") or 0)
        try:
            while True:
                fresh = self.server.after(seen)
                seen += len(fresh)
                # A comment shows whether anybody still listens.
                lines = [f"id: {one['number']}\ndata: {json.dumps(one)}\n\n" for one in fresh]
                self.wfile.write("".join(lines or [":\n\n"]).encode())
                self.wfile.flush()
        except OSError:
            return


def _other(place: str) -> str:
    # Two names of one machine, since a browser keeps one cookie of a name for all ports of a host.
    return "localhost" if place == "127.0.0.1" else "127.0.0.1"


def _value(line: str) -> str | None:
    return line.partition(";")[0].partition("=")[2] or None
