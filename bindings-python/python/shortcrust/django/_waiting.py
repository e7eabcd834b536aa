"""A database that is busy is waited for: nobody's session was ended by it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from django.db import OperationalError

from .. import ambient
from .._queues import Queues

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_Result = TypeVar("_Result")

_TRIES = 16
_MOST_MS = 20_000
_LONGEST_PAUSE = 0.25
# SQL's serialization failure and PostgreSQL's deadlock and lock timeout.
_SQLSTATES = {"40001", "40P01", "55P03"}
# MySQL's lock timeout and deadlock.
_MYSQL = {1205, 1213}
# SQLite's SQLITE_BUSY and SQLITE_LOCKED, below their extended codes.
_SQLITE = {5, 6}

_queues = Queues()


def patiently(connection: BaseDatabaseWrapper, write: Callable[[], _Result]) -> _Result:
    """The write's result, tried again while the database is busy: 16 times, some 20 s at most.

    Inside a transaction of the caller's it is tried once, since only the caller can begin that
    again. Raises ``OperationalError`` where the database stays busy.
    """
    if connection.in_atomic_block:
        return write()
    if connection.vendor != "sqlite":
        return _tried(write)
    # Its waiting is not fair: among many writers one waits until its time is up.
    place = _queues.place(connection.alias)
    try:
        place.enter()
        return _tried(write)
    finally:
        place.leave()


def is_busy(error: BaseException) -> bool:
    """Whether another transaction is in the way, and the same statement may succeed later."""
    cause = error.__cause__
    if not isinstance(error, OperationalError) or cause is None:
        return False
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if state in _SQLSTATES or (cause.args and cause.args[0] in _MYSQL):
        return True
    # SQLite before Python 3.11 gives no code.
    return "is locked" in str(cause)


def _tried(write: Callable[[], _Result]) -> _Result:
    begun = ambient.now_ms()
    for tried in range(1, _TRIES + 1):
        try:
            return write()
        except OperationalError as error:
            if not is_busy(error) or tried == _TRIES or ambient.now_ms() - begun > _MOST_MS:
                raise
        pause(tried)
    raise AssertionError("the last try returns or raises")


def pause(tried: int) -> None:
    """Longer each time, and never the same for two requests."""
    longest = min(0.01 * 2**tried, _LONGEST_PAUSE)
    time.sleep(longest * (ambient.entropy(1)[0] + 1) / 256)
