"""Any other cache: whoever can ``add`` the mutex may write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ... import ambient
from .._values import canonical
from .._waiting import pause
from ._types import Answer, Found

# Seconds after which the mutex of a process that died is gone.
_SECONDS = 10
# With their pauses they take longer than that.
_TRIES = 120


class MutexSwap:
    """The token is the value, pickled.

    Between processes this is as good as the cache's ``add``, and as long as no holder is held up
    for over ten seconds.
    """

    connection = None

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def get(self, key: str, *, fresh: bool = False) -> Found | None:  # noqa: ARG002 - nobody says
        value = self._cache.get(key)
        return None if value is None else Found(value, canonical(value))

    def swap(self, key: str, found: Found, value: object, timeout: float) -> Answer:
        return self._if_same(key, found, lambda: self._cache.set(key, value, timeout))

    def take(self, key: str, found: Found) -> Answer:
        return self._if_same(key, found, lambda: self._cache.delete(key))

    def _if_same(self, key: str, found: Found, do: Callable[[], object]) -> Answer:
        with self._alone(f"{key}.mutex") as is_mine:
            if not is_mine:
                return "changed"
            there = self._cache.get(key)
            if there is None:
                return "gone"
            if canonical(there) != found.token:
                return "changed"
            do()
        return "done"

    @contextmanager
    def _alone(self, name: str) -> Iterator[bool]:
        mine = ambient.entropy(16).hex()
        is_mine = self._acquire(name, mine)
        try:
            yield is_mine
        finally:
            # It may have run out, and be another's by now.
            if is_mine and self._cache.get(name) == mine:
                self._cache.delete(name)

    def _acquire(self, name: str, mine: str) -> bool:
        for tried in range(1, _TRIES + 1):
            if self._cache.add(name, mine, _SECONDS):
                return True
            pause(tried)
        return False
