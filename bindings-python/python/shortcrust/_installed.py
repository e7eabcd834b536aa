"""Which version of a peer is installed."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

Version = tuple[int, int]


def at_least(name: str, oldest: Version, *, front: str, extra: str) -> Version:
    """The installed major and minor version of the distribution ``name``.

    Raises an ``ImportError`` that says what is needed where it is older, or not there.
    """
    needed = f"shortcrust.{front} needs {name} {oldest[0]}.{oldest[1]} or newer"
    advice = f"pip install 'shortcrust[{extra}]'"
    try:
        text = version(name)
    except PackageNotFoundError:
        raise ImportError(f"{needed}, and there is none: {advice}", name=name) from None
    found = re.match(r"(\d+)\.(\d+)", text)
    numbers = (int(found[1]), int(found[2])) if found else oldest
    if numbers < oldest:
        raise ImportError(f"{needed}, and {text} is installed: {advice}", name=name)
    return numbers
