"""An async store as a sync one, so that one contract is for both."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from ..stores import AsyncStore, Store

_T = TypeVar("_T")


class Run(Protocol):
    """Runs a coroutine to its end."""

    def __call__(self, coroutine: Coroutine[Any, Any, _T], /) -> _T: ...


def in_loop(store: AsyncStore, run: Run) -> Store:
    """An async store with the methods of a sync one.

    ``run`` runs a coroutine to its end, always in the same loop: ``asyncio.Runner().run``, or
    ``loop.run_until_complete``.
    """
    return cast("Store", InLoop(store, run))


class InLoop:
    """What :func:`in_loop` gives."""

    def __init__(self, store: Any, run: Run) -> None:
        self._store = store
        self._run = run

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not asyncio.iscoroutinefunction(found):
            return found
        return lambda *arguments, **options: self._run(found(*arguments, **options))

    def at_once(self, calls: Sequence[Callable[[Any], Any]]) -> list[Any]:
        """What the calls answer, of which each takes the async store."""

        async def together() -> list[Any]:
            return await asyncio.gather(*(call(self._store) for call in calls))

        return self._run(together())
