"""Sessions in an encrypted cookie, which PASETO readers of every language can open with the key.

What else differs from ``signed_cookies``: idle and absolute expiry are enforced, with
``set_expiry`` too; a token is bound to its cookie's name; values may be tuples, ``bytes``, UUIDs
and datetimes (in UTC, to the second); a session that was emptied is no cookie; and a cookie that is
too long for browsers is an error.

``SESSION_COOKIE_AGE`` is the idle time. A session that is used is sealed again when a quarter of it
has passed (``SHORTCRUST_RENEW_AFTER``), and ends in any case after 90 days, or the idle time if
that is longer (``SHORTCRUST_ABSOLUTE``). ``SHORTCRUST_READERS`` lists formats that are still read.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import signed_cookies as peer
from django.core.signing import JSONSerializer

from .. import _core, _tagged, _warnings, ambient
from .._errors import ConfigError, Internal, Malformed, TooLarge
from . import _settings
from ._session import NativeSession

__all__ = ["SessionStore"]

# Browsers drop a longer name and value without a word.
_MAX_COOKIE = 4096
# `django.contrib.auth.SESSION_KEY`; auth itself may not be installed.
_USER = "_auth_user_id"


class SessionStore(NativeSession, peer.SessionStore):
    """The session is in the cookie, encrypted."""

    # What came in, or began here.
    _token: _core.Session | None = None
    _user: str | None = None
    _cycled = False
    _renew = False

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        if self.serializer is not JSONSerializer:
            raise ConfigError("sealed_cookies writes JSON of its own: remove SESSION_SERIALIZER")

    def load(self) -> dict[str, Any]:
        header, now = f"{settings.SESSION_COOKIE_NAME}={self.session_key}", ambient.now_ms()
        token, data = _settings.sealed_engine().open(header, now)
        self._refusal = token.reason if data is None else self._age(token, data, now)
        if data is None or self._refusal is not None:
            return self._loaded(self.session_key, {})
        self._token, self._user = token, _user_of(data)
        return self._loaded(self.session_key, data)

    async def aload(self) -> dict[str, Any]:
        return self.load()

    def is_empty(self) -> bool:
        data = vars(self).get("_session_cache")
        if data is None or data:
            return super().is_empty()
        # A cookie that did not open and was only looked at stays where it is.
        return self._modified or not self.session_key

    def cycle_key(self) -> None:
        self._cycled = True
        self.save()

    def save(self, must_create: bool = False) -> None:
        """Seals what is in the session.

        ``TooLarge`` or ``Malformed`` where that does not fit into a cookie. A session that nobody
        changed keeps the cookie that it came in, as long as its reader is in force.
        """
        try:
            super().save(must_create)
        except (Malformed, TooLarge) as error:
            if self._is_changed():
                raise
            self._keep_cookie(error)

    async def asave(self, must_create: bool = False) -> None:
        self.save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        super().delete(session_key)
        # What follows is another session.
        self._token = self._user = None

    def _age(self, token: _core.Session, data: dict[str, Any], now: int) -> str | None:
        issued = now if token.issued_ms is None else token.issued_ms
        zone = timezone.utc if settings.USE_TZ else None
        # In whole seconds, as tokens keep them.
        age = now // 1000 - issued // 1000
        try:
            sealed = datetime.fromtimestamp(issued // 1000, zone)
            idle = self.get_expiry_age(modification=sealed, expiry=data.get("_session_expiry"))
            if age > idle:
                return "expired"
        except (OverflowError, TypeError, ValueError):
            return "malformed"
        after = _settings.renew_after(idle)
        self._renew = token.is_stale() or (after is not None and age >= after)
        return None

    def _is_due(self) -> bool:
        if super()._is_due():
            return True
        if self._renew:
            try:
                self._get_session_key()
            except (Malformed, TooLarge) as error:
                self._keep_cookie(error)
        return self._renew

    def _is_changed(self) -> bool:
        return self._modified or self._cycled or self._token is None or super()._is_due()

    def _keep_cookie(self, error: Exception) -> None:
        """Nobody asked for the renewal, so it fails no request."""
        self._renew = False
        _warnings.log(f"a session cookie of an older format or key could not be sealed: {error}")

    def _settle(self) -> None:
        self._renew = False
        super()._settle()

    def _spell(self, data: dict[str, Any]) -> str | bytes | None:
        try:
            return _core.dump_tagged(data) or _tagged.dumps(data)
        except (TooLarge, TypeError):
            return None

    def _get_session_key(self) -> str:
        data = self._data()
        engine, now = _settings.sealed_engine(), ambient.now_ms()
        if self._token is None:
            self._token, _ = engine.open("", now)
        self._identify(self._token, _user_of(data), now)
        token = engine.seal(
            self._token, data, True, True, now, ambient.entropy, _tagged.dumps, False, False
        )
        if token is None:
            raise Internal("a forced session was not sealed: please report it")
        if len(settings.SESSION_COOKIE_NAME) + len(token) > _MAX_COOKIE:
            raise TooLarge(
                f"the session's cookie is over {_MAX_COOKIE} bytes, which browsers drop: put less "
                'into it, or keep sessions in a store (SESSION_ENGINE = "shortcrust.django.db")'
            )
        return token

    def _identify(self, token: _core.Session, user: str | None, now: int) -> None:
        """A login begins the session anew; another key for the same user does not."""
        if user is not None and user != self._user:
            engine = _settings.sealed_engine()
            _core.Session.login(token, engine, user, {}, now, _tagged.dumps)
        elif user != self._user:
            token.logout(now)
        elif self._cycled:
            token.regenerate(now)
        self._user, self._cycled = user, False


def _user_of(data: dict[str, Any]) -> str | None:
    user = data.get(_USER)
    return None if user is None else str(user)
