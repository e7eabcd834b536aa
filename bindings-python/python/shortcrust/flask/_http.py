"""What both of Flask's fronts do with a request and a response."""

from __future__ import annotations

from flask import Request, Response

REASON = "shortcrust.reason"
"""Where ``shortcrust.reason`` finds it, in the WSGI environment."""


def vary(response: Response, already: bool) -> None:
    """Adds ``Cookie``. Werkzeug's own way reads the header even where there is none."""
    if already:
        return
    if "Vary" in response.headers:
        response.vary.add("Cookie")
    else:
        response.headers["Vary"] = "Cookie"


def cookie_header(request: Request) -> str:
    """PEP 3333 hands over bytes as Latin-1; browsers send UTF-8."""
    header: str = request.environ.get("HTTP_COOKIE", "")
    if not header.isascii():
        header = header.encode("latin-1", "replace").decode("utf-8", "replace")
    return header


def forbid_caching(response: Response, value: str | None) -> None:
    # RFC 9111, section 7.3: a Set-Cookie alone does not stop a cache.
    if value is None:
        return
    if "Cache-Control" in response.headers:
        control = response.cache_control
        if "no-store" in control or "private" in control:
            return
    response.headers["Cache-Control"] = value
