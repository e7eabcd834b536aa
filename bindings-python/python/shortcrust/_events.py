"""What a front tells of its sessions: to a callable of the application's, and to the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._warnings import log

if TYPE_CHECKING:
    from . import _core

_LOGGER = logging.getLogger("shortcrust.events")
# What each request of a healthy application has.
_USUAL = "accepted"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a session. No token, key or id is in it, and nothing of the session."""

    name: str
    """``accepted``, ``refused``, ``created``, ``converted``, ``renewed``, ``merged``, ``ended``,
    ``revoked``, ``swept`` or ``failed``."""
    reason: str | None = None
    """Why a session was refused or not written, as :func:`shortcrust.reason` has it."""
    format: str | None = None
    """That of the cookie which was accepted."""
    key: int | None = None
    """The position of the secret that opened it: 0 is the newest."""
    count: int | None = None
    """How many were revoked or swept; of a merge, how often other requests were first."""
    store: str | None = None
    """The class of the store, if there is one."""
    duration: float = 0.0
    """Seconds that the session's work has taken by then, its store included."""


class Telling:
    """Who is told, and of which store."""

    def __init__(
        self, callback: Callable[[Event], object] | None = None, store: object = None
    ) -> None:
        self._callback = callback
        self._store = None if store is None else type(store).__name__

    def begin(self) -> float | None:
        """The time from which durations count; ``None`` where nobody listens."""
        if self._callback is None and not _LOGGER.isEnabledFor(logging.INFO):
            return None
        return time.perf_counter()

    def tell(self, session: _core.Session, begun: float) -> None:
        """What happened to the session since it was last asked."""
        duration = time.perf_counter() - begun
        for told in session.events():
            self._send(Event(*told, self._store, duration))

    def swept(self, count: int, begun: float) -> None:
        """Of records that had expired."""
        duration = time.perf_counter() - begun
        self._send(Event("swept", count=count, store=self._store, duration=duration))

    def _send(self, event: Event) -> None:
        level = logging.DEBUG if event.name == _USUAL else logging.INFO
        _LOGGER.log(
            level,
            "%s reason=%s format=%s key=%s count=%s store=%s duration=%.6f",
            event.name,
            event.reason,
            event.format,
            event.key,
            event.count,
            event.store,
            event.duration,
        )
        if self._callback is None:
            return
        try:
            self._callback(event)
        except Exception as error:  # noqa: BLE001 - whatever the application's code raises
            # A session does not fail because nobody could count it.
            log(f"the callback for events raises {type(error).__name__}: some were not counted")
