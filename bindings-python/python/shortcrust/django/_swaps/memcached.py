"""Memcached, through pymemcache: its own ``gets`` and ``cas``."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.memcached import PyMemcacheCache

from ._types import Answer, Found

# For `cas`: over at once.
_AT_ONCE = -1


class PyMemcacheSwap:
    """The token is the server's number of the write."""

    connection = None

    def __init__(self, cache: Any) -> None:
        self._cache = cache
        self._client = cache._cache  # noqa: SLF001 - as its own methods do

    def get(self, key: str, *, fresh: bool = False) -> Found | None:  # noqa: ARG002 - no replicas
        answer = self._client.gets(self._cache.make_and_validate_key(key))
        if answer is None or answer[0] is None:
            return None
        return Found(*answer)

    def swap(self, key: str, found: Found, value: object, timeout: float) -> Answer:
        return self._cas(key, found.token, value, self._cache.get_backend_timeout(timeout))

    def take(self, key: str, found: Found) -> Answer:
        return self._cas(key, found.token, None, _AT_ONCE)

    def _cas(self, key: str, token: Any, value: object, expire: int) -> Answer:
        name = self._cache.make_and_validate_key(key)
        answer = self._client.cas(name, value, token, expire=expire, noreply=False)
        return _answer(answer)


def memcached_swap(cache: BaseCache) -> PyMemcacheSwap | None:
    """For pymemcache: with several threads, pylibmc 1.6.3's ``gets`` misses what is there."""
    return PyMemcacheSwap(cache) if isinstance(cache, PyMemcacheCache) else None


def _answer(answer: bool | None) -> Answer:
    if answer is None:
        return "gone"
    return "done" if answer else "changed"
