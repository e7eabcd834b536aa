"""Django's ``db`` engine: the same rows, natively."""

from __future__ import annotations

from django.contrib.sessions.backends import db as peer

from ._session import NativeSession

__all__ = ["SessionStore"]


class SessionStore(NativeSession, peer.SessionStore):
    """The session is a row of ``django_session``, or of your own session model."""
