"""What an engine can't do, since it sees one value and no response.

In Django's place in ``MIDDLEWARE``: ``"shortcrust.django.SessionMiddleware"``.
"""

from __future__ import annotations

from http.cookies import Morsel
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.middleware import SessionMiddleware as Peer
from django.http import HttpRequest, HttpResponse
from django.http.cookie import parse_cookie

from .. import _warnings
from .._cookie_header import places_elsewhere
from .._errors import ConfigError
from . import _settings

_MAX_VALUES = 4


class SessionMiddleware(Peer):
    """As Django's, and what only a middleware can do.

    Of several cookies with the session's name Django takes the last; where that does not open, the
    others are tried, at most four in all. A logout among them deletes those without a ``Domain``
    and at another ``Path`` too. ``SHORTCRUST_COOKIE_PARTITIONED`` adds ``Partitioned``. A deletion
    carries the attributes of the cookie that it deletes. A response that sets the cookie is
    ``Cache-Control: private, no-store``. A name with a prefix whose rules the settings break is an
    error.
    """

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        _check_cookie()

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        values = _values(request)
        if len(values) > 1:
            request.session = self._first_that_opens(values, request.session)

    def _first_that_opens(self, values: list[str], otherwise: SessionBase) -> SessionBase:
        for value in reversed(values[-_MAX_VALUES:]):
            session = self.SessionStore(value)
            if getattr(session, "reason", None) is None:
                # Nobody has looked at it yet.
                session.accessed = False
                return session
        return otherwise

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        name = settings.SESSION_COOKIE_NAME
        cookie = response.cookies.get(name)
        if cookie is None:
            return response
        if cookie["max-age"] == 0:
            _complete(cookie)
            if len(_values(request)) > 1:
                elsewhere = places_elsewhere(cookie["domain"], cookie["path"], request.path)
                for place in elsewhere:
                    response.cookies[f"{name} at {place}"] = _moved(cookie, *place)
        if _settings.ours("COOKIE_PARTITIONED"):
            for key, morsel in list(response.cookies.items()):
                if morsel.key == name:
                    response.cookies[key] = _Partitioned.of(morsel)
        _forbid_caching(response)
        return response


class _Partitioned(Morsel[str]):
    """``http.cookies`` knows the attribute from Python 3.14 on only."""

    @classmethod
    def of(cls, morsel: Morsel[str]) -> _Partitioned:
        copy = cls()
        copy.set(morsel.key, morsel.value, morsel.coded_value)
        copy.update(morsel)
        return copy

    def OutputString(self, attrs: Any = None) -> str:  # noqa: N802 - the peer's name
        return super().OutputString(attrs) + "; Partitioned"


def _values(request: HttpRequest) -> list[str]:
    """Every value of the session's cookie, read as Django reads one."""
    header, name = request.META.get("HTTP_COOKIE", ""), settings.SESSION_COOKIE_NAME
    if header.count(name) <= 1:
        return []
    found = (parse_cookie(pair).get(name) for pair in header.split(";"))
    return [value for value in found if value is not None]


def _complete(cookie: Morsel[str]) -> None:
    """Django deletes without them, and browsers keep a prefixed or partitioned cookie then."""
    if settings.SESSION_COOKIE_SECURE:
        cookie["secure"] = True
    if settings.SESSION_COOKIE_HTTPONLY:
        cookie["httponly"] = True


def _moved(cookie: Morsel[str], domain: str | None, path: str) -> Morsel[str]:
    moved: Morsel[str] = Morsel()
    moved.set(cookie.key, cookie.value, cookie.coded_value)
    moved.update({**cookie, "domain": domain or "", "path": path})
    return moved


def _forbid_caching(response: HttpResponse) -> None:
    # RFC 9111, section 7.3: a Set-Cookie alone does not stop a cache.
    words = response.get("Cache-Control", "").lower().split(",")
    if not {"no-store", "private"} & {word.strip() for word in words}:
        response["Cache-Control"] = "private, no-store"


def _check_cookie() -> None:
    try:
        _settings.cookie_warnings()
    except ConfigError as error:
        if error.code != "cookie" or settings.SESSION_COOKIE_NAME.startswith("__"):
            raise
        # Django would run, and so does a drop-in. No warning, since the test client puts the
        # middleware in during a request, and a filter may turn warnings into exceptions.
        _warnings.log(str(error))
