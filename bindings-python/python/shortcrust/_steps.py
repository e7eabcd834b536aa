"""What has to wait, written once: steps that hand each call to whoever runs them, sync or async."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")
Steps = Generator[tuple[Any, ...], Any, T]
"""Functions with their arguments, to be called; each answer is sent back in."""


def run(steps: Steps[T]) -> T:
    """Calls what the steps hand out."""
    resume: Callable[[], tuple[Any, ...]] = partial(steps.send, None)
    with closing(steps):
        while True:
            try:
                call, *arguments = resume()
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            try:
                resume = partial(steps.send, call(*arguments))
            except Exception as error:  # noqa: BLE001 - the steps decide
                resume = partial(steps.throw, error)


async def run_async(steps: Steps[T]) -> T:
    """Awaits what the steps hand out."""
    resume: Callable[[], tuple[Any, ...]] = partial(steps.send, None)
    # A request that is cancelled leaves the queue it stands in.
    with closing(steps):
        while True:
            try:
                call, *arguments = resume()
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            try:
                resume = partial(steps.send, await call(*arguments))
            except Exception as error:  # noqa: BLE001 - the steps decide
                resume = partial(steps.throw, error)
