"""A queue for each key, in which the requests of one process take turns.

The store decides who was first, so a turn is a courtesy and no lock: it saves tries that would
fail. That is why nobody waits for ever. A request that waited for as long as the patience allows
goes on without its turn, and ends the turn of a holder that had it all that time: a thread that
died, or an event loop that nobody runs any more, holds nothing up.

One object serves any number of threads and event loops, of asyncio and of trio, at the same time.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable

PATIENCE = 10.0
"""How long a request waits for its turn, in seconds."""


class Queues:
    """The queues of one front."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._queues: dict[str, deque[_Place]] = {}
        # The collector may end a forgotten request, which leaves, while this thread is in here.
        self._lock = threading.RLock()

    def place(self, key: str) -> Place:
        """A place for a thread; ``leave`` it whatever happens."""
        return Place(self, key)

    def async_place(self, key: str) -> AsyncPlace:
        """A place for a task; ``leave`` it whatever happens."""
        return AsyncPlace(self, key)

    def _join(self, place: _Place) -> bool:
        """Whether it is this one's turn at once."""
        with self._lock:
            queue = self._queues.setdefault(place.key, deque())
            if queue:
                place.ahead = queue[0]
            queue.append(place)
            return queue[0] is place

    def _leave(self, place: _Place) -> None:
        with self._lock:
            queue = self._queues.get(place.key)
            if queue is None or place not in queue:
                return
            was_first = queue[0] is place
            queue.remove(place)
            if was_first:
                _call_next(queue)
            if not queue:
                del self._queues[place.key]

    def _lose_patience(self, place: _Place) -> None:
        with self._lock:
            queue = self._queues.get(place.key)
            if queue is None or place not in queue or queue[0] is place:
                return
            if queue[0] is place.ahead:
                self._leave(place.ahead)
            if queue[0] is not place:
                self._leave(place)


class _Place:
    def __init__(self, queues: Queues, key: str) -> None:
        self.key = key
        self.ahead: _Place | None = None
        """Whose turn it was when this one came."""
        self.call: Callable[[], object] = lambda: None
        """Says that it is this one's turn. ``RuntimeError`` where its event loop has ended."""
        self._queues = queues

    def leave(self) -> None:
        """Lets the next one have its turn. Also for who did not wait to the end, and twice."""
        self._queues._leave(self)  # noqa: SLF001 - of this file


class Place(_Place):
    """A thread's place in a queue."""

    def enter(self) -> None:
        """Waits for its turn."""
        called = threading.Event()
        self.call = called.set
        if not self._queues._join(self) and not called.wait(self._queues._patience):  # noqa: SLF001
            self._queues._lose_patience(self)  # noqa: SLF001


class AsyncPlace(_Place):
    """A task's place in a queue."""

    async def enter(self) -> None:
        """Waits for its turn, in the event loop that runs."""
        # Fronts that await have it; the others need not.
        import anyio  # noqa: PLC0415

        called, call_soon = anyio.Event(), _call_soon()
        self.call = lambda: call_soon(called.set)
        if self._queues._join(self):  # noqa: SLF001
            return
        with anyio.move_on_after(self._queues._patience):  # noqa: SLF001
            await called.wait()
        if not called.is_set():
            self._queues._lose_patience(self)  # noqa: SLF001


def _call_next(queue: deque[_Place]) -> None:
    while queue and not _hears(queue[0]):
        queue.popleft()


def _hears(place: _Place) -> bool:
    try:
        place.call()
    except RuntimeError:
        return False
    return True


def _call_soon() -> Callable[[Callable[[], object]], object]:
    """What any thread may use to have the present event loop call something."""
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        import trio  # noqa: PLC0415

        return trio.lowlevel.current_trio_token().run_sync_soon
