"""What a lesson is, and how it shows the source that runs and the cookies that are sent."""

from __future__ import annotations

import inspect
import json
import socket
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HERE = Path(__file__).parent
PAGES = HERE / "pages"
STATIC = [PAGES / "static", HERE.parent / "pages" / "static"]


@dataclass(frozen=True)
class Part:
    """Steps that run, each with a button, and the functions that they need."""

    steps: tuple[Callable[..., Any], ...] = ()
    setup: tuple[Callable[..., Any], ...] = ()
    app: Callable[[], Any] | None = None
    """Makes what the steps run in; it is shown before them."""
    heading: str = ""
    links: tuple[tuple[str, str], ...] = ()
    """What is visited instead of run: a text, and a path below this part's."""
    server: tuple[str, str] | None = None
    """The server that must run for it: its name, and its URL."""

    def shown_at(self, path: str) -> dict[str, Any]:
        return {
            "heading": self.heading,
            "setup": [source(one) for one in (*self.setup, *filter(None, [self.app]))],
            "steps": [
                {"label": label(one), "source": source(one), "url": f"{path}/{one.__name__}"}
                for one in self.steps
            ],
            "links": [(text, f"{path}/{below}") for text, below in self.links],
            "missing": self.server is not None and not answers(self.server[1]),
            "server": self.server and {"name": self.server[0], "url": without_password(self)},
        }


@dataclass(frozen=True)
class Lesson:
    """A page: its text is HTML, since it is we who write it."""

    slug: str
    title: str
    text: str
    parts: tuple[Part, ...] = ()
    page: tuple[str, ...] = ()
    """What runs in the page itself: names of functions of `in_page.js`."""
    asks: str = "/browser"
    """Where the browser is asked for its cookies; by several paths with a space between."""

    def shown(self) -> dict[str, Any]:
        return {
            "slug": self.slug,
            "title": self.title,
            "text": self.text,
            "asks": self.asks,
            "page": self.page,
            "file": self.file(),
            "parts": [part.shown_at(self.path(number)) for number, part in enumerate(self.parts)],
        }

    def file(self) -> str:
        """Where the code is, with what it imports."""
        functions = [
            one for part in self.parts for one in (*part.steps, *part.setup, part.app) if one
        ]
        found = inspect.getsourcefile(functions[0]) if functions else STATIC[0] / "in_page.js"
        return str(Path(str(found)).resolve().relative_to(HERE.parent.parent))

    def path(self, number: int) -> str:
        return f"/run/{self.slug}/{number}"


def in_the_page() -> list[Lesson]:
    """The lessons that are the same on every server, since they run in the page."""
    return [
        Lesson(one["slug"], one["title"], one["text"], page=tuple(one["page"]))
        for one in json.loads((PAGES / "in_page.json").read_text())
    ]


def on_the_server(
    slug: str, note: str, steps: tuple[Callable[..., Any], ...], **options: Any
) -> Lesson:
    """A lesson that each site has, with a note on what is so in this framework."""
    texts = json.loads((PAGES / "on_the_server.json").read_text())[slug]
    text = texts["text"] + (note and f"<p>{note}</p>")
    return Lesson(slug, texts["title"], text, (Part(steps),), **options)


def source(function: Callable[..., Any]) -> str:
    return textwrap.dedent(inspect.getsource(function)).rstrip()


def label(function: Callable[..., Any]) -> str:
    return function.__name__.replace("_", " ").capitalize()


def answers(url: str) -> bool:
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname or "localhost", place.port or 0), 1).close()
    except OSError:
        return False
    return True


def without_password(part: Part) -> str:
    place = urlsplit(part.server[1] if part.server else "")
    return f"{place.scheme}://{place.hostname}:{place.port}"


class Shown:
    """WSGI: lets the page see what it may not see, and says aloud what went wrong.

    A script reads no ``Set-Cookie`` and no cookie that is ``HttpOnly``. So the first is copied into
    another header, and ``/browser`` tells the page what the browser sent. **Only for lessons.**
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].endswith("/browser"):
            return answer(start_response, "200 OK", environ.get("HTTP_COOKIE", ""))
        if environ["PATH_INFO"] == "/forget":
            return answer(start_response, "200 OK", "", ("Clear-Site-Data", '"cookies"'))

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            sent = [value for name, value in headers if name.lower() == "set-cookie"]
            return start_response(status, [*headers, ("X-Set-Cookie", json.dumps(sent))], *rest)

        try:
            return self.app(environ, start)
        except Exception as error:  # noqa: BLE001 - whatever it is, the lesson shows it
            return answer(start_response, "500 Error", f"{type(error).__name__}: {error}")


def answer(
    start_response: Any, status: str, text: str, *headers: tuple[str, str]
) -> Iterable[bytes]:
    kind = ("Content-Type", "text/plain; charset=utf-8")
    start_response(status, [kind, ("Cache-Control", "no-store"), *headers])
    return [text.encode()]
