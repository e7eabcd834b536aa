"""Django's ``cached_db`` engine: the same rows and cached values, and no write lost."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import cached_db as peer
from django.contrib.sessions.backends.db import SessionStore as Rows
from django.db import connections

from ._merging import MergingSession
from ._tracked import TrackedSession

if TYPE_CHECKING:
    from django.contrib.sessions.base_session import AbstractBaseSession

__all__ = ["SessionStore"]

_logger = logging.getLogger("django.contrib.sessions")

# Seconds for which no reader may put into the cache what it read before a write, or before the
# session's end. It has to be slower than that between its query and its `add` to get in.
_AFTER_WRITE = 30
_AFTER_END = 300


class CachedSession(MergingSession, peer.SessionStore):
    """The session is a row, and behind a cache that is asked first.

    Django sets the cached value after each save and each read, so that of two requests the older
    may come last, and a slow reader brings a session back that has ended meanwhile. Here whoever
    writes the row puts ``None`` in the value's place for a while, and readers only ``add``: what
    they read before the write is refused. Django's own engine takes ``None`` for nothing there.
    """

    def load(self) -> dict[str, Any]:
        self._row = None
        key, self._refusal = self.session_key, None
        data = self._cached()
        if data is None:
            row = self._get_session_from_db()
            data = self._fill(row) if row else {}
        return self._loaded(key, data)

    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self.load)()

    def exists(self, session_key: str) -> bool:
        # To the cache, what is kept out of it is there.
        return bool(session_key) and Rows.exists(self, session_key)

    async def aexists(self, session_key: str) -> bool:
        return await sync_to_async(self.exists)(session_key)

    def delete(self, session_key: str | None = None) -> None:
        key = self.session_key if session_key is None else session_key
        if key is None:
            return
        # Before, so that it holds where we die in between; after, for who reads in between.
        try:
            self._bar(key, _AFTER_END)
        except Exception:
            _logger.exception("Error deleting from cache (%s)", self._cache)  # type: ignore[attr-defined]
        Rows.delete(self, key)
        self._bar(key, _AFTER_END)

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)

    def flush(self) -> None:
        self.clear()
        self.delete()
        self._session_key = None

    async def aflush(self) -> None:
        await sync_to_async(self.flush)()

    def _replace(self, data: dict[str, Any]) -> None:
        super()._replace(data)
        try:
            self._bar(self._get_or_create_session_key(), _AFTER_WRITE)  # type: ignore[attr-defined]
        except Exception:
            _logger.exception("Error saving to cache (%s)", self._cache)  # type: ignore[attr-defined]

    def _cached(self) -> Any:
        try:
            return self._cache.get(self.cache_key)  # type: ignore[attr-defined]
        except Exception:  # noqa: BLE001 - as Django: Memcached's clients refuse some keys
            return None

    def _fill(self, row: AbstractBaseSession) -> dict[str, Any]:
        data = self.decode(row.session_data)
        timeout = self.get_expiry_age(expiry=row.expire_date)
        self._cache.add(self.cache_key, data, timeout)  # type: ignore[attr-defined]
        return data

    def _bar(self, key: str, seconds: int) -> None:
        """Out of the cache, and for so long nothing is put in; again when it is committed."""
        name = self.cache_key_prefix + key

        def bar() -> None:
            self._cache.set(name, None, seconds)  # type: ignore[attr-defined]

        bar()
        connection = connections[self._using()]
        if connection.in_atomic_block:
            connection.on_commit(bar)


class SessionStore(TrackedSession, CachedSession):
    """The session is a row, and behind a cache that is asked first."""
