"""How blocking work is done: at once."""

from __future__ import annotations

from time import sleep as pause
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    Step = Callable[[int], int]

__all__ = ["blocking", "pause"]

P = ParamSpec("P")
T = TypeVar("T")


def blocking(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Does the work."""
    return work(*args, **kwargs)
