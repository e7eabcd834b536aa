"""``Response.set_cookie`` of Werkzeug's for tokens, which are all that changes in a cookie.

Werkzeug spells the attributes, once for each configuration, so the bytes are its own. Each time
anew that cost more than sealing the session.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from flask import Response
from werkzeug.http import dump_cookie, http_date

_SET_COOKIE = Response.set_cookie
# What stands for a token and a date.
_TOKEN = "shortcrust-token"  # noqa: S105 - no secret
_DATE = "shortcrust-date"


def set_token(
    response: Response, name: str, token: str, expires: Any, attributes: dict[str, Any]
) -> None:
    """``response.set_cookie(name, token, expires=expires, **attributes)``."""
    cookie = None
    if type(response).set_cookie is _SET_COOKIE:
        cookie = _cookie(name, token, expires, attributes)
    if cookie is None or len(cookie) > response.max_cookie_size:
        # It warns, or it is somebody's own.
        response.set_cookie(name, token, expires=expires, **attributes)
    else:
        response.headers.add("Set-Cookie", cookie)


def _cookie(name: str, token: str, expires: Any, attributes: dict[str, Any]) -> str | None:
    try:
        parts = _template(name, expires is not None, *attributes.items())
    except TypeError:
        # A hook's answer that can't be kept.
        return None
    head, middle, tail = parts
    return head + token + middle + (tail if expires is None else _date(expires) + tail)


@lru_cache(maxsize=32, typed=True)
def _template(name: str, has_end: bool, *attributes: tuple[str, Any]) -> tuple[str, str, str]:
    end = _DATE if has_end else None
    spelled = dump_cookie(name, _TOKEN, expires=end, max_size=0, **dict(attributes))
    head, _, rest = spelled.partition(_TOKEN)
    middle, _, tail = rest.partition(_DATE) if has_end else (rest, "", "")
    return head, middle, tail


def _date(expires: Any) -> str:
    if type(expires) is datetime and expires.tzinfo is timezone.utc:
        return _date_of(expires.replace(microsecond=0))
    return expires if isinstance(expires, str) else http_date(expires)


@lru_cache(maxsize=8)
def _date_of(second: datetime) -> str:
    """Many requests come within a second."""
    return http_date(second)
