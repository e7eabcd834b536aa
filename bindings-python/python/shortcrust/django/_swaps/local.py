"""Django's cache in local memory: under its own lock."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache

from ._types import Answer, Found


class LocalSwap:
    """The token is the pickled value."""

    connection = None

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    @classmethod
    def of(cls, cache: BaseCache) -> LocalSwap | None:
        """Only for Django's own class, whose attributes these are."""
        own = isinstance(cache, LocMemCache) and type(cache).get is LocMemCache.get
        return cls(cache) if own else None

    def get(self, key: str, *, fresh: bool = False) -> Found | None:  # noqa: ARG002 - no replicas
        name = self._cache.make_and_validate_key(key)
        with self._cache._lock:  # noqa: SLF001
            if self._cache._has_expired(name):  # noqa: SLF001
                return None
            token = self._cache._cache[name]  # noqa: SLF001
            self._cache._cache.move_to_end(name, last=False)  # noqa: SLF001
        return Found(pickle.loads(token), token)  # noqa: S301 - as Django's own `get`

    def swap(self, key: str, found: Found, value: object, timeout: float) -> Answer:
        token = pickle.dumps(value, self._cache.pickle_protocol)
        return self._if_same(key, found, lambda name: self._cache._set(name, token, timeout))  # noqa: SLF001

    def take(self, key: str, found: Found) -> Answer:
        return self._if_same(key, found, self._cache._delete)  # noqa: SLF001

    def _if_same(self, key: str, found: Found, do: Callable[[str], object]) -> Answer:
        name = self._cache.make_and_validate_key(key)
        with self._cache._lock:  # noqa: SLF001
            if self._cache._has_expired(name):  # noqa: SLF001
                return "gone"
            if self._cache._cache[name] != found.token:  # noqa: SLF001
                return "changed"
            do(name)
        return "done"
