# Made of _aio/slices.py by bindings-python/scripts/sync_stores.py: change that, and run it.
"""A sweep in small steps, where one lock stands for the whole database."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ._blocking import pause

if TYPE_CHECKING:
    from ._blocking import Step

SLICE = 100


def in_slices(step: Step, limit: int) -> int:
    """Takes steps of at most so many until fewer are found, or ``limit`` is reached."""
    swept = 0
    while True:
        some, began = min(limit - swept, SLICE), time.monotonic()
        count = step(some)
        swept += count
        if count < some or swept == limit:
            return swept
        # Who waits for the lock asks for it now and then: half of the time is left to them.
        pause(time.monotonic() - began)
