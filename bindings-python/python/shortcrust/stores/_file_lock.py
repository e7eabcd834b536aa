"""A lock of the operating system on a file, which Node takes as well."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
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


@contextmanager
def locked(path: str, timeout: float) -> Iterator[None]:
    """Nobody else is within; ``TimeoutError`` after ``timeout`` seconds.

    The operating system lets go of it where the process dies, so no lock is ever left behind.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(file, timeout)
        try:
            yield
        finally:
            # A child that was forked meanwhile has the file open as well.
            _let_go(file)
    finally:
        os.close(file)


def _wait(file: int, timeout: float) -> None:
    deadline, pause = time.monotonic() + timeout, _PAUSE
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
    raise TimeoutError(f"another process has held the lock of a folder for {timeout:g} s")
