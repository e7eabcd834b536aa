"""Which Starlette and itsdangerous are here, and what they lack."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version


def _at_least(name: str, major: int, minor: int) -> tuple[int, int]:
    """The installed version; an ``ImportError`` that says what is needed where it is older."""
    needed = f"shortcrust.starlette needs {name} {major}.{minor} or newer"
    advice = "pip install 'shortcrust[starlette]'"
    try:
        text = version(name)
    except PackageNotFoundError:
        raise ImportError(f"{needed}, and there is none: {advice}", name=name) from None
    found = re.match(r"(\d+)\.(\d+)", text)
    numbers = (int(found[1]), int(found[2])) if found else (major, minor)
    if numbers < (major, minor):
        raise ImportError(f"{needed}, and {text} is installed: {advice}", name=name)
    return numbers


STARLETTE: tuple[int, int] = _at_least("starlette", 0, 37)
_at_least("itsdangerous", 2, 0)

SETS_EACH_TIME: bool = STARLETTE < (1, 0)
"""Every response has the cookie, and no response varies by it."""
HAS_PARTITIONED: bool = STARLETTE >= (1, 7)
"""``SessionMiddleware`` takes ``partitioned``."""
NO_AGE_OF_ZERO: bool = STARLETTE < (1, 8)
"""``max_age=0`` makes a cookie without ``Max-Age``."""
