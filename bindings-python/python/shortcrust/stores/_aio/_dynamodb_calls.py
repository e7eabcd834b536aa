"""How DynamoDB is asked: by a client of aioboto3's or aiobotocore's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from ..._errors import ConfigError
from .._dynamodb import AT_ONCE, failure, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

_T = TypeVar("_T")


class Calls:
    """The client; one that was not entered is entered when it is first asked."""

    value: Any = staticmethod(wire)

    def __init__(self, client: Any) -> None:
        is_client = hasattr(client, "update_item") and not hasattr(client, "table_name")
        if isinstance(client, type) or not (is_client or hasattr(client, "__aenter__")):
            raise ConfigError(
                "a store in DynamoDB takes a client of aioboto3 or aiobotocore:"
                ' AsyncDynamoDBStore(aioboto3.Session().client("dynamodb"))'
            )
        self._client = client if is_client else None
        self._context = None if is_client else client
        self._opening = asyncio.Lock()

    async def ask(self, operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer; ``None`` where the condition did not hold."""
        try:
            client = self._client or await self._opened()
            answer: dict[str, Any] = await getattr(client, operation)(**request)
        except Exception as error:  # noqa: BLE001
            failed = failure(operation, error)
        else:
            return answer
        # Not within the except, whose error would come along.
        if failed:
            raise failed
        return None

    async def close(self) -> None:
        """Closes the client if it was entered here."""
        if self._context is not None and self._client is not None:
            self._client = None
            await self._context.__aexit__(None, None, None)

    async def _opened(self) -> Any:
        async with self._opening:
            if self._client is None and self._context is not None:
                self._client = await self._context.__aenter__()
            return self._client


async def at_once(asks: Sequence[Callable[[], Coroutine[Any, Any, _T]]]) -> list[_T]:
    """The answers, in their order; the first error when all have ended."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(ask: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        async with room:
            return await ask()

    answers = await asyncio.gather(*map(one, asks), return_exceptions=True)
    done = []
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        done.append(answer)
    return done


async def pause(attempt: int) -> None:
    """A little longer each time."""
    await asyncio.sleep(min(0.02 * 2**attempt, 1.0))
