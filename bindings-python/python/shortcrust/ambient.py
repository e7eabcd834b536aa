"""The one caller of the clock and of the operating system's random bytes.

Both are looked up at each call, so that a test that patches them is obeyed.
"""

from __future__ import annotations

import os
import time


def now() -> float:
    """Seconds since 1970."""
    return time.time()


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


def entropy(size: int) -> bytes:
    """Random bytes; asked only when something is sealed."""
    return os.urandom(size)
