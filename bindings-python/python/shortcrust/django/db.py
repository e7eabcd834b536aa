"""Django's ``db`` engine: the same rows, natively, and no write lost."""

from __future__ import annotations

from ._merging import MergingSession

__all__ = ["SessionStore"]


class SessionStore(MergingSession):
    """The session is a row of ``django_session``, or of your own session model."""
