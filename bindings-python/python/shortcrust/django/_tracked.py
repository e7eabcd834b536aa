"""What an engine does for the table of users' sessions, where the application asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY

from .._errors import TooLarge
from . import _tracking
from ._session import NativeSession
from ._uncommitted import Uncommitted

if TYPE_CHECKING:
    from collections.abc import Iterable


class TrackedSession(NativeSession):
    """Stands before an engine whose sessions have a key and lie on the server."""

    # The session as the table knows it: its key and its user.
    _tracked: tuple[str, str] | None = None
    _label: str | None = None
    _is_moving = False

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._noted: Uncommitted[tuple[tuple[str, str] | None]] = Uncommitted()

    @property
    def label(self) -> str | None:
        """What a user knows the session by, such as "Firefox on Linux".

        It is written with the session, and only if that has a user. ``TooLarge`` where it is over
        200 bytes of UTF-8.
        """
        return self._label

    @label.setter
    def label(self, label: str) -> None:
        if len(label.encode()) > _tracking.LONGEST_LABEL:
            raise TooLarge(f"a label has {_tracking.LONGEST_LABEL} bytes at most")
        self._label = label
        self.modified = True

    def load(self) -> dict[str, Any]:
        data = super().load()
        key, user = self.session_key, data.get(SESSION_KEY)
        self._tracked = None
        if key is None or user is None or not _tracking.is_on():
            return data
        if _tracking.is_live(key, str(user), self._end_of(data)):
            self._tracked = (key, str(user))
            return data
        # Somebody ended it who could not reach it.
        self.delete(key)
        _tracking.forget(key)
        self._session_key = None
        data = self._loaded(key, {})
        self._keep(data, None)
        self._reason = "revoked"
        return data

    async def aload(self) -> dict[str, Any]:
        if _tracking.is_on():
            return await sync_to_async(self.load)()
        return await super().aload()

    def save(self, must_create: bool = False) -> None:
        super().save(must_create)
        if not self._is_moving and _tracking.is_on():
            self._track()

    async def asave(self, must_create: bool = False) -> None:
        await sync_to_async(self.save)(must_create)

    def delete(self, session_key: str | None = None) -> None:
        key = self.session_key if session_key is None else session_key
        super().delete(session_key)
        if self._tracked and self._tracked[0] == key and not self._is_moving:
            _tracking.forget(self._tracked[0])
            self._tracked = None

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)

    def cycle_key(self) -> None:
        self._data()
        known, self._is_moving = self._tracked, True
        try:
            super().cycle_key()
        finally:
            self._is_moving = False
        new = self.session_key
        if known is not None and new is not None and new != known[0]:
            _tracking.move(known[0], new)
            self._tracked = (new, known[1])

    async def acycle_key(self) -> None:
        await sync_to_async(self.cycle_key)()

    @classmethod
    def clear_expired(cls) -> None:
        super().clear_expired()
        if _tracking.is_on():
            _tracking.clear_expired()

    @classmethod
    async def aclear_expired(cls) -> None:
        await sync_to_async(cls.clear_expired)()

    def _track(self) -> None:
        """After a save: a login, a logout without another key, or another label."""
        key, data = self.session_key, vars(self).get("_session_cache") or {}
        user = data.get(SESSION_KEY)
        if key is None:
            return
        taken_back = self._noted.rolled_back()
        if taken_back is not None:
            (self._tracked,) = taken_back
        if user is None:
            if self._tracked:
                _tracking.forget(self._tracked[0])
            self._tracked = None
        elif self._tracked != (key, str(user)):
            _tracking.begin(key, str(user), self._end_of(data), self._label)
            self._noted.add(_tracking.connection(), (self._tracked,))
            self._tracked = (key, str(user))
        elif self._label is not None:
            _tracking.describe(key, self._label)

    def _end_of(self, data: dict[str, Any]) -> Any:
        return self.get_expiry_date(expiry=data.get("_session_expiry"))

    if TYPE_CHECKING:

        @classmethod
        def living(cls, keys: Iterable[str]) -> set[str]:
            """Those of the keys that have a session which has not ended."""

        def _keep(self, data: dict[str, Any], seen: Any) -> None:
            """Takes the data for unchanged; each engine knows how."""
