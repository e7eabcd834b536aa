"""How blocking work is done: in a thread."""

from asyncio import sleep as pause
from asyncio import to_thread as blocking

__all__ = ["blocking", "pause"]
