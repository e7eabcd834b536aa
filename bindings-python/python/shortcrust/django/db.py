"""Django's ``db`` engine: the same rows, natively, and no write lost."""

from __future__ import annotations

from ._merging import MergingSession
from ._tracked import TrackedSession

__all__ = ["SessionStore"]


class SessionStore(TrackedSession, MergingSession):
    """The session is a row of ``django_session``, or of your own session model."""
