"""Which Starlette and itsdangerous are here, and what they lack."""

from __future__ import annotations

from .._installed import Version, at_least


def _installed(name: str, oldest: Version) -> Version:
    return at_least(name, oldest, front="starlette", extra="starlette")


STARLETTE: Version = _installed("starlette", (0, 37))
_installed("itsdangerous", (2, 0))

SETS_EACH_TIME: bool = STARLETTE < (1, 0)
"""Every response has the cookie, and no response varies by it."""
HAS_PARTITIONED: bool = STARLETTE >= (1, 7)
"""``SessionMiddleware`` takes ``partitioned``."""
NO_AGE_OF_ZERO: bool = STARLETTE < (1, 8)
"""``max_age=0`` makes a cookie without ``Max-Age``."""
