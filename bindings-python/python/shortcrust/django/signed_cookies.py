"""Django's ``signed_cookies`` engine: the same cookies, natively."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import signed_cookies as peer

from .. import _core
from ._session import NativeSession, seal, unseal

__all__ = ["SessionStore"]

_SALT = peer.__name__


class SessionStore(NativeSession, peer.SessionStore):
    """The session is in the cookie, signed and readable."""

    def load(self) -> dict[str, Any]:
        token = self.session_key or ""
        data: dict[str, Any] = {}
        if len(token) > _core.MAX_TOKEN:
            self._refusal = "too_large"
        else:
            age = self.get_session_cookie_age()
            data, self._refusal = unseal(token, _SALT, self.serializer, _core.MAX_PAYLOAD, age)
        if self._refusal is not None:
            self.create()
        return self._loaded(self.session_key, data)

    async def aload(self) -> dict[str, Any]:
        return self.load()

    def _get_session_key(self) -> str:
        return seal(self._data(), _SALT, self.serializer, _core.MAX_PAYLOAD)
