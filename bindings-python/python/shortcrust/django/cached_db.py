"""Django's ``cached_db`` engine: the same rows and cached values."""

from __future__ import annotations

from django.contrib.sessions.backends import cached_db as peer

from ._session import NativeSession

__all__ = ["SessionStore"]


class SessionStore(NativeSession, peer.SessionStore):
    """The session is a row, and behind a cache that is asked first."""
