"""Pages for the doctor: fetched from a server, or asked of an application in this process."""

from __future__ import annotations

import http.client
import ssl
from contextlib import redirect_stdout
from sys import stderr
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit

from .. import _core
from .application import Application
from .inputs import Missing

if TYPE_CHECKING:
    from .._core import ToolAnswer, ToolCall
    from .arguments import Command

Headers = list[tuple[str, str]]

_HOPS = 5
_SECONDS = 10
_REDIRECTS = {301, 302, 303, 307, 308}
# What a proxy that ends https says of its visitor; the address is for documentation (RFC 5737).
FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.1",
    "X-Forwarded-Port": "443",
}


class Visit(NamedTuple):
    """A response that was fetched."""

    url: str
    is_forwarded: bool
    status: int
    headers: Headers


def run_doctor(command: Command, call: ToolCall) -> ToolAnswer:
    """Asks the page once, and with ``--proxy`` once more as a proxy does."""
    target = command.option("")
    if target is None:
        raise Missing("doctor needs URL|MODULE:APP: see shortcrust doctor --help")
    kinds = [False, True] if command.has_any("proxy") else [False]
    if "://" in target:
        visits = [visit for is_forwarded in kinds for visit in _fetched(target, is_forwarded)]
        return _core.tool_doctor(call, visits, None, False)
    path = command.option("path") or "/"
    # What an application prints is no answer of ours.
    with redirect_stdout(stderr):
        application = Application.named(target)
        visits = []
        for is_forwarded in kinds:
            status, headers = application.get(path, FORWARDED if is_forwarded else {})
            visits.append(Visit(f"http://localhost{path}", is_forwarded, status, headers))
        secret, is_debug = application.configuration()
    return _core.tool_doctor(call, visits, secret, is_debug)


def _fetched(url: str, is_forwarded: bool) -> list[Visit]:
    """The page, and those that it leads to, with the cookies that they set."""
    visits: list[Visit] = []
    cookies: dict[str, str] = {}
    host = urlsplit(url).netloc
    while len(visits) < _HOPS:
        visit = _get(url, is_forwarded, cookies)
        visits.append(visit)
        location = next(
            (value for name, value in visit.headers if name.lower() == "location"), None
        )
        if visit.status not in _REDIRECTS or location is None:
            break
        for name, value in visit.headers:
            if name.lower() == "set-cookie":
                key, _, token = value.partition(";")[0].partition("=")
                cookies[key.strip()] = token.strip()
        url = urljoin(url, location)
        if urlsplit(url).netloc != host:
            # Another server is not asked for, nor told our cookies.
            break
    return visits


def _get(url: str, is_forwarded: bool, cookies: dict[str, str]) -> Visit:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Missing("the URL must begin with http:// or https://")
    headers = {"User-Agent": f"shortcrust-doctor/{_core.VERSION}", "Accept": "text/html,*/*"}
    headers |= FORWARDED if is_forwarded else {}
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    connection: http.client.HTTPConnection
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                parts.netloc, timeout=_SECONDS, context=context
            )
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=_SECONDS)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        visit = Visit(url, is_forwarded, response.status, response.getheaders())
        connection.close()
    except (OSError, http.client.HTTPException, ValueError):
        raise Missing(f"the page {url} can't be fetched") from None
    return visit
