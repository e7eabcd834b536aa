"""What both of Flask's fronts do with a request and a response."""

from __future__ import annotations

from flask import Request, Response

REASON = "shortcrust.reason"
"""Where ``shortcrust.reason`` finds it, in the WSGI environment."""


def vary(response: Response, already: bool) -> None:
    if not already:
        response.vary.add("Cookie")


def cookie_header(request: Request) -> str:
    """PEP 3333 hands over bytes as Latin-1; browsers send UTF-8."""
    header: str = request.environ.get("HTTP_COOKIE", "")
    if not header.isascii():
        header = header.encode("latin-1", "replace").decode("utf-8", "replace")
    return header


def forbid_caching(response: Response, value: str | None) -> None:
    # RFC 9111, section 7.3: a Set-Cookie alone does not stop a cache.
    control = response.cache_control
    if value is not None and not ("no-store" in control or "private" in control):
        response.headers["Cache-Control"] = value
