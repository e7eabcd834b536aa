"""A value of one of Django's caches, replaced only if it is still the one that was read.

Django's caches have ``get``, ``set`` and ``add``, none of which can do that. Each file here does it
for one kind of cache with what its server has, and leaves in the cache the very bytes that Django's
``set`` would leave there.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import BaseCache

from ._types import Answer, Found, Swap
from .database import DatabaseSwap
from .local import LocalSwap
from .memcached import memcached_swap
from .mutex import MutexSwap
from .redis import redis_swap

__all__ = ["Answer", "Found", "Swap", "swap_of"]


def swap_of(cache: Any) -> Swap:
    """What replaces values in this cache: by its server's means, or else behind a mutex."""
    if isinstance(cache, BaseCache):
        for make in (redis_swap, memcached_swap, DatabaseSwap.of, LocalSwap.of):
            swap = make(cache)
            if swap is not None:
                return swap
    return MutexSwap(cache)
