"""Django's ``cached_db`` engine: the same rows and cached values, and no write lost."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.sessions.backends import cached_db as peer

from ._merging import MergingSession

__all__ = ["SessionStore"]

_logger = logging.getLogger("django.contrib.sessions")


class SessionStore(MergingSession, peer.SessionStore):
    """The session is a row, and behind a cache that is asked first.

    A save over a row takes the session out of the cache, where Django's puts it in: of two saves
    that overlap the older could come last. The next request reads the row.
    """

    def _replace(self, data: dict[str, Any]) -> None:
        super()._replace(data)
        try:
            self._cache.delete(self.cache_key)  # type: ignore[attr-defined]
        except Exception:
            _logger.exception("Error saving to cache (%s)", self._cache)  # type: ignore[attr-defined]
