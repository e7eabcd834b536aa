"""Commands that one connection to one node of a cluster has to carry together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,  # noqa: A004
    MovedError,
    TimeoutError,  # noqa: A004
    TryAgainError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# Of a failover or a resharding in the middle: the client's own retries are in each.
ATTEMPTS = 5


def to_node(client: Any, key: str, commands: Sequence[Sequence[Any]]) -> list[Any]:
    """The answers of the node that has the key; the commands may come twice to it."""
    asked: Any = None
    for _ in range(ATTEMPTS):
        try:
            node = _node_of(client, key, asked)
            answers = _sent(node, [("ASKING",)] * bool(asked) + [*commands])
        except (ConnectionError, ClusterDownError) as error:
            answers = [error]
        wrong = next((each for each in answers if isinstance(each, Exception)), None)
        if wrong is None:
            return answers[-len(commands) :]
        moved = isinstance(wrong, (AskError, ClusterDownError, ConnectionError, TimeoutError))
        if not moved and not isinstance(wrong, TryAgainError):
            raise wrong
        asked = wrong if isinstance(wrong, AskError) and not isinstance(wrong, MovedError) else None
        if asked is None:
            # The client asks until it finds the node, as it is configured to.
            client.exists(key)
    raise wrong  # type: ignore[misc]


def _node_of(client: Any, key: str, asked: Any) -> Any:
    node = client.get_node(asked.host, asked.port) if asked else client.get_node_from_key(key)
    return client.get_redis_connection(node)


def _sent(node: Any, commands: Sequence[Sequence[Any]]) -> list[Any]:
    with node.pipeline(transaction=False) as pipeline:
        for command in commands:
            pipeline.execute_command(*command)
        answers: list[Any] = pipeline.execute(raise_on_error=False)
        return answers
