"""Django's ``cache`` engine: the same values in the same cache, and no write lost."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import cache as peer
from django.contrib.sessions.backends.base import UpdateError
from django.core.cache import caches

from .._queues import Queues
from ._session import NativeSession
from ._swaps import Answer, Found, swap_of
from ._tracked import TrackedSession
from ._uncommitted import Uncommitted
from ._values import merged
from ._waiting import pause

__all__ = ["SessionStore"]

_TRIES = 32
_queues = Queues()


class SwappedSession(NativeSession, peer.SessionStore):
    """The session is a value of one of Django's caches.

    A value is replaced only as it was read; where another request was first, the changes of both
    are joined as in ``shortcrust.django.db``. A session that is gone is not made again:
    ``UpdateError``, as Django's, and also where other requests are first 32 times.
    """

    #: How often another request was first, in this session's saves.
    conflicts: int = 0

    # What the data were when they were read or last saved: a copy, or pickled where a change can
    # hide in them.
    _base: dict[str, Any] | bytes | None = None
    # The base as it lies in the cache, where that is known.
    _found: Found | None = None

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._swap = swap_of(self._cache)  # type: ignore[attr-defined]
        self._uncommitted: Uncommitted[tuple[Any, ...]] = Uncommitted()

    def load(self) -> dict[str, Any]:
        key, self._refusal = self.session_key, None
        try:
            found = self._swap.get(self.cache_key)
        except Exception:  # noqa: BLE001 - as Django: Memcached's clients refuse some keys
            found = None
        if found is None or found.value is None:
            self._session_key = None
            found = None
        loaded = self._loaded(key, found.value if found else {})
        self._keep(loaded, found)
        return loaded

    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self.load)()

    def save(self, must_create: bool = False) -> None:
        if must_create or self.session_key is None:
            with self._noting():
                super().save(must_create)
                if "_session_cache" in vars(self):
                    self._keep(vars(self)["_session_cache"], None)
        else:
            self._take_back()
            with self._noting():
                self._replace(self._data())

    async def asave(self, must_create: bool = False) -> None:
        await sync_to_async(self.save)(must_create)

    def cycle_key(self) -> None:
        """A new key for the session as the cache has it now, with what other requests wrote.

        Where another request ended the session, that stays so: who was logged in keeps the old
        key, which nothing can be saved under any more; a nobody gets a new session, with what this
        request itself put into it.
        """
        old = self.session_key
        if old is None:
            super().cycle_key()
            return
        self._take_back()
        data, before = self._data(), self._state()
        base, found = self._thawed(), self._found
        self.create()
        new = self.session_key
        with self._noting():
            joined = self._taken(old, base, data, found)
        if joined is None:
            self._reason = "ended"
            if base.get(SESSION_KEY) is not None:
                self.delete(new)
                self._session_key = old
                self._restore(before)
                joined = data
            else:
                joined = {k: v for k, v in data.items() if (k, v) not in base.items()}
        vars(self)["_session_cache"] = joined
        self.modified = True

    async def acycle_key(self) -> None:
        await sync_to_async(self.cycle_key)()

    @classmethod
    def living(cls, keys: Iterable[str]) -> set[str]:
        """Those of the keys that the cache has a session for."""
        cache, prefix = caches[settings.SESSION_CACHE_ALIAS], cls.cache_key_prefix
        found = cache.get_many([prefix + key for key in keys])
        return {name.removeprefix(prefix) for name, value in found.items() if value is not None}

    def _taken(
        self, old: str, base: dict[str, Any], data: dict[str, Any], read: Found | None
    ) -> dict[str, Any] | None:
        """Ends the old session; the data of the new one, or ``None`` where that had ended."""
        name = self.cache_key_prefix + old
        with closing(self._tries(name, read)) as tries:
            for found in tries:
                joined = data if found is read else merged(base, data, found.value)
                if joined is None or self._swap.take(name, found) == "done":
                    return joined
        return None

    def _replace(self, data: dict[str, Any]) -> None:
        name, read, base = self.cache_key, self._found, self._thawed()
        answer: Answer = "gone"
        with closing(self._tries(name, read)) as tries:
            for found in tries:
                wanted = data if found is read else merged(base, data, found.value)
                if wanted is None:
                    self._reason = "identity"
                    return
                answer = self._put(name, found, wanted)
                if answer == "done":
                    self._keep(data, None)
                    return
        self._reason = "conflict" if answer == "changed" else "ended"
        raise UpdateError

    def _put(self, name: str, found: Found, wanted: dict[str, Any]) -> Answer:
        age = self.get_expiry_age(expiry=wanted.get("_session_expiry"))
        if age <= 0:
            # To Django's caches, that is over.
            return self._swap.take(name, found)
        return self._swap.swap(name, found, wanted, age)

    def _tries(self, name: str, read: Found | None) -> Generator[Found, None, None]:
        """What the cache holds: at first as it was read, after a try that came too late afresh.

        From then on the requests of this process take turns.
        """
        place = _queues.place(name)
        try:
            for tried in range(_TRIES):
                if tried == 1:
                    place.enter()
                elif tried:
                    pause(tried)
                found = read if read and not tried else self._swap.get(name, fresh=True)
                if found is None or not isinstance(found.value, dict):
                    return
                self.conflicts += tried > 0
                yield found
        finally:
            place.leave()

    def _keep(self, data: dict[str, Any], found: Found | None) -> None:
        self._remember(data)
        pickled = self._incoming
        self._base = pickled if isinstance(pickled, bytes) else dict(data)
        self._found = found

    def _thawed(self) -> dict[str, Any]:
        base = self._base
        data: dict[str, Any] = pickle.loads(base) if isinstance(base, bytes) else base or {}  # noqa: S301 - our own
        return data

    def _spell(self, data: dict[str, Any]) -> str | bytes | None:
        try:
            return pickle.dumps(data)
        except Exception:  # noqa: BLE001 - a value may raise what it likes
            return None

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """What is saved within is taken back where the caller's transaction is rolled back."""
        before = self._state()
        yield
        if self._swap.connection is not None:
            self._uncommitted.add(self._swap.connection, before)

    def _take_back(self) -> None:
        before = self._uncommitted.rolled_back()
        if before is not None:
            self._restore(before)

    def _state(self) -> tuple[Any, ...]:
        return (self._base, self._incoming, self._found)

    def _restore(self, state: tuple[Any, ...]) -> None:
        self._base, self._incoming, self._found = state

    def _is_due(self) -> bool:
        self._take_back()
        return super()._is_due()


class SessionStore(TrackedSession, SwappedSession):
    """The session is a value of one of Django's caches."""
