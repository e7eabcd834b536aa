"""How DynamoDB is asked: by a client or a resource of boto3's."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from ..._errors import ConfigError
from .._dynamodb import AT_ONCE, failure, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_T = TypeVar("_T")


class Calls:
    """The client, which threads may share; a resource's own takes plain values."""

    def __init__(self, client: Any) -> None:
        inner = getattr(getattr(client, "meta", None), "client", None)
        found = client if inner is None else inner
        is_one_table = hasattr(client, "table_name")
        if isinstance(client, type) or is_one_table or not hasattr(found, "update_item"):
            raise ConfigError(
                "a store in DynamoDB takes a client of boto3's:"
                ' DynamoDBStore(boto3.client("dynamodb"))'
            )
        self._client = found
        self.value: Any = wire if inner is None else lambda value: value

    def ask(self, operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer; ``None`` where the condition did not hold."""
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**request)
        except Exception as error:  # noqa: BLE001
            failed = failure(operation, error)
        else:
            return answer
        # Not within the except, whose error would come along.
        if failed:
            raise failed
        return None

    def close(self) -> None:
        """The client is its owner's to close."""


def at_once(asks: Sequence[Callable[[], _T]]) -> list[_T]:
    """The answers, in their order; the first error when all have ended."""
    if not asks[1:]:
        return [ask() for ask in asks]
    with ThreadPoolExecutor(min(AT_ONCE, len(asks))) as pool:
        return list(pool.map(lambda ask: ask(), asks))


def pause(attempt: int) -> None:
    """A little longer each time."""
    time.sleep(min(0.02 * 2**attempt, 1.0))
