"""A lock of the operating system on a file, which Node takes as well."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from threading import TIMEOUT_MAX, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds between two attempts: the first, and the longest.
_PAUSE, _LONGEST = 0.0005, 0.004

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def _let_go(file: int) -> None:
        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

    _HELD: tuple[type[OSError], ...] = (PermissionError,)
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _let_go(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)

    _HELD = (BlockingIOError,)


# The files that are open now. A child that is forked has them open as well, and would keep a lock
# that the parent has when it dies.
_open: set[int] = set()
# Held while a file is opened, so that a fork finds each of them in the set.
_opening = Lock()


class _Line:
    """Threads that want one lock: only other processes are asked again and again."""

    def __init__(self) -> None:
        self.first = Lock()
        self.length = 0


_lines: dict[str, _Line] = {}
_joining = Lock()


@contextmanager
def locked(path: str, timeout: float) -> Iterator[None]:
    """Nobody else is within; ``TimeoutError`` after ``timeout`` seconds.

    The operating system lets go of it where the process dies, so no lock is ever left behind.
    """
    deadline = time.monotonic() + timeout
    with _in_line(path, timeout), _opened(path) as file:
        _wait(file, deadline, timeout)
        try:
            yield
        finally:
            # A child that was started meanwhile may have the file open as well.
            _let_go(file)


@contextmanager
def _in_line(path: str, timeout: float) -> Iterator[None]:
    with _joining:
        line = _lines.setdefault(path, _Line())
        line.length += 1
    try:
        if not line.first.acquire(timeout=min(timeout, TIMEOUT_MAX)):
            raise _timed_out(timeout)
        try:
            yield
        finally:
            line.first.release()
    finally:
        with _joining:
            line.length -= 1
            if not line.length and _lines.get(path) is line:
                del _lines[path]


@contextmanager
def _opened(path: str) -> Iterator[int]:
    with _opening:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        _open.add(file)
    try:
        yield file
    finally:
        with _opening:
            # Not where this is a child, and it was closed already.
            if file in _open:
                _open.remove(file)
                os.close(file)


def _wait(file: int, deadline: float, timeout: float) -> None:
    pause = _PAUSE
    while True:
        try:
            _take(file)
        except _HELD:
            if time.monotonic() > deadline:
                break
        else:
            return
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)
    raise _timed_out(timeout)


def _timed_out(timeout: float) -> TimeoutError:
    return TimeoutError(f"another has held the lock of a folder for {timeout:g} s")


def _hold() -> None:
    """Before a fork: no other thread is within these few lines, so both sides find them whole."""
    _opening.acquire()
    _joining.acquire()


def _let_on() -> None:
    _joining.release()
    _opening.release()


def _forget() -> None:
    """In a child, whose parent's other threads are not there, and let go of nothing."""
    for file in _open:
        os.close(file)
    _open.clear()
    _lines.clear()
    _let_on()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_let_on, after_in_child=_forget)
