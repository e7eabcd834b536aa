"""Django's ``file`` engine: the same files, natively."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import file as peer

from ._session import NativeSession

__all__ = ["SessionStore"]


class SessionStore(NativeSession, peer.SessionStore):
    """The session is a file."""

    def load(self) -> dict[str, Any]:
        try:
            return super().load()
        except UnicodeDecodeError:
            # Django opens the file as ASCII.
            self._refusal = "malformed"
            return self._loaded(self.session_key, {})

    async def aload(self) -> dict[str, Any]:
        return self.load()
