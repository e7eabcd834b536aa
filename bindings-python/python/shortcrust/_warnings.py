"""How a front says that its configuration is weak: never by an exception inside a request."""

from __future__ import annotations

import inspect
import logging
import warnings

_LOGGER = logging.getLogger("shortcrust")
_TOLD: set[str] = set()


class ShortcrustWarning(UserWarning):
    """Configuration that works, and is weak or may surprise.

    It is given where a front is put in. What a front sees only in a request is a line in the log
    ``shortcrust`` instead, since a filter may turn each warning into an exception.
    """


def warn(message: str) -> None:
    """A warning, at the line of the application that put the front in."""
    _TOLD.add(message)
    warnings.warn(message, ShortcrustWarning, stacklevel=_level_of_application())


def log(message: str) -> None:
    """A line in the log, once a process, and not after a warning of the same."""
    if message not in _TOLD:
        _TOLD.add(message)
        _LOGGER.warning("%s", message)


def warn_or_log(message: str, framework: tuple[str, ...]) -> None:
    """A warning, or a line in the log where one of these packages puts the front in.

    They do so inside the first request.
    """
    _, package = _application()
    if package in framework:
        log(message)
    else:
        warn(message)


def _level_of_application() -> int:
    # `warnings.warn` counts its caller as the first, which is two frames further out.
    return max(_application()[0] - 1, 1)


def _application() -> tuple[int, str]:
    """How many frames below is the first that is not of ours, and the package it is in."""
    level, frame = 0, inspect.currentframe()
    while frame:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package != "shortcrust":
            return level, package
        level, frame = level + 1, frame.f_back
    return level, ""
