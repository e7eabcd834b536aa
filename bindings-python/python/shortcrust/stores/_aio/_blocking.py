"""How blocking work is done: in a thread, by asyncio or by what else runs the coroutine."""

from __future__ import annotations

import asyncio
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ..._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Step = Callable[[int], Awaitable[int]]

P = ParamSpec("P")
T = TypeVar("T")


async def blocking(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Does the work in a thread."""
    if _has_asyncio():
        return await asyncio.to_thread(work, *args, **kwargs)
    done: T = await _anyio().to_thread.run_sync(partial(work, *args, **kwargs))
    return done


async def pause(seconds: float) -> None:
    """Lets others go on."""
    await (asyncio.sleep(seconds) if _has_asyncio() else _anyio().sleep(seconds))


def _has_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _anyio() -> Any:
    try:
        return import_module("anyio")
    except ImportError:
        raise ConfigError("outside asyncio this store needs anyio: pip install anyio") from None
