"""Requests on one key take turns, across threads and event loops, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from shortcrust._queues import AsyncPlace, Queues

FOR_EVER = 3600.0
AT_ONCE = 0.01


class Turns:
    """Notes who had a turn while another one had it."""

    def __init__(self) -> None:
        self.overlaps = 0
        self.taken = 0
        self._inside = 0

    def begin(self) -> None:
        self._inside += 1
        self.overlaps += self._inside > 1

    def end(self) -> None:
        self._inside -= 1
        self.taken += 1


@pytest.fixture
def queues() -> Queues:
    return Queues(FOR_EVER)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


async def stand(place: AsyncPlace, turns: Turns) -> None:
    try:
        await place.enter()
        turns.begin()
        await anyio.sleep(0)
        turns.end()
    finally:
        place.leave()


async def many(queues: Queues, turns: Turns) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(25):
            group.start_soon(stand, queues.async_place("a"), turns)


def many_in_a_loop(queues: Queues, turns: Turns, backend: str) -> None:
    anyio.run(many, queues, turns, backend=backend)


def many_in_threads(queues: Queues, turns: Turns) -> None:
    for _ in range(25):
        place = queues.place("a")
        try:
            place.enter()
            turns.begin()
            turns.end()
        finally:
            place.leave()


def is_empty(queues: Queues) -> bool:
    return not queues._queues


def test_event_loops_of_two_kinds_and_threads_take_turns_on_one_key(
    queues: Queues, threads: ThreadPoolExecutor
) -> None:
    turns = Turns()
    runs = [
        threads.submit(many_in_a_loop, queues, turns, backend)
        for backend in ("asyncio", "trio", "asyncio", "trio")
    ]
    runs += [threads.submit(many_in_threads, queues, turns) for _ in range(4)]
    for run in runs:
        run.result()
    assert (turns.taken, turns.overlaps) == (200, 0)
    assert is_empty(queues)


def test_other_keys_wait_for_nothing(queues: Queues) -> None:
    one, other = queues.place("a"), queues.place("b")
    one.enter()
    other.enter()
    one.leave()
    other.leave()
    assert is_empty(queues)


def test_the_turns_go_in_the_order_of_arrival(queues: Queues) -> None:
    order: list[int] = []

    async def main() -> None:
        first = queues.async_place("a")
        await first.enter()

        async def come(number: int) -> None:
            place = queues.async_place("a")
            await place.enter()
            order.append(number)
            place.leave()

        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(come, number)
                await anyio.wait_all_tasks_blocked()
            first.leave()

    anyio.run(main)
    assert order == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_who_is_cancelled_leaves_the_queue_to_those_behind(backend: str, queues: Queues) -> None:
    turns = Turns()

    async def main() -> None:
        first = queues.async_place("a")
        await first.enter()
        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as impatient:
                async with anyio.create_task_group() as inner:
                    inner.start_soon(stand, queues.async_place("a"), turns)
                    await anyio.wait_all_tasks_blocked()
                    group.start_soon(stand, queues.async_place("a"), turns)
                    await anyio.wait_all_tasks_blocked()
                    impatient.cancel()
            first.leave()

    anyio.run(main, backend=backend)
    assert turns.taken == 1
    assert is_empty(queues)


def test_who_is_cancelled_when_called_hands_the_turn_on(queues: Queues) -> None:
    turns = Turns()

    async def main() -> None:
        first = queues.async_place("a")
        await first.enter()
        called = asyncio.create_task(stand(queues.async_place("a"), turns))
        behind = asyncio.create_task(stand(queues.async_place("a"), turns))
        await anyio.wait_all_tasks_blocked()
        first.leave()
        called.cancel()
        await asyncio.wait([called, behind])

    asyncio.run(main())
    assert turns.taken == 1
    assert is_empty(queues)


def test_whose_event_loop_was_closed_is_passed_over(queues: Queues) -> None:
    first = queues.place("a")
    first.enter()
    loop = asyncio.new_event_loop()
    forgotten = loop.create_task(queues.async_place("a").enter())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    first.leave()
    anyio.run(stand, queues.async_place("a"), turns := Turns())
    assert turns.taken == 1
    # asyncio would warn of it when it is collected.
    forgotten._log_destroy_pending = False  # type: ignore[attr-defined]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_holder_that_never_leaves_holds_nobody_up_for_ever(backend: str) -> None:
    queues, turns = Queues(AT_ONCE), Turns()
    queues.place("a").enter()
    anyio.run(stand, queues.async_place("a"), turns, backend=backend)
    assert turns.taken == 1
    assert is_empty(queues)


def test_a_dead_holder_is_waited_for_once_and_not_by_each_that_follows() -> None:
    queues = Queues(AT_ONCE)
    dead, first = queues.place("a"), queues.place("a")
    dead.enter()
    first.enter()
    assert list(queues._queues["a"]) == [first]
    dead.leave()
    assert list(queues._queues["a"]) == [first]


def test_who_waited_behind_others_goes_on_without_ending_their_turn() -> None:
    queues = Queues(AT_ONCE)
    first, second, third = (queues.place("a") for _ in range(3))
    first.enter()
    assert not queues._join(second)
    assert not queues._join(third)
    first.leave()
    queues._lose_patience(third)
    assert list(queues._queues["a"]) == [second]


def test_leaving_twice_or_without_having_come_ends_nobodys_turn(queues: Queues) -> None:
    one, other = queues.place("a"), queues.place("a")
    one.leave()
    one.enter()
    other.leave()
    one.leave()
    one.leave()
    assert is_empty(queues)


def test_a_thread_is_called_by_a_task(queues: Queues, threads: ThreadPoolExecutor) -> None:
    entered = threading.Event()

    def come() -> None:
        place = queues.place("a")
        place.enter()
        entered.set()
        place.leave()

    async def main() -> None:
        first = queues.async_place("a")
        await first.enter()
        run = threads.submit(come)
        while len(queues._queues["a"]) < 2:
            await anyio.sleep(0.001)
        assert not entered.is_set()
        first.leave()
        await asyncio.wrap_future(run)

    asyncio.run(main())
    assert entered.is_set()
