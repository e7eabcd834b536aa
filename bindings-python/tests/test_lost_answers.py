"""A client that sends a write once more, since its answer was lost, has written once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django_site  # noqa: F401 - the settings
import pytest
import redis
import servers
from every_store import unique
from redis.backoff import NoBackoff
from redis.retry import Retry
from shortcrust.django._swaps._types import Found
from shortcrust.django._swaps.redis import RedisSwap
from shortcrust.flask.rows import RedisRows


class Losing(redis.Connection):
    """Loses the answer to the first script that the server has done."""

    lost = 0

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        answer = super().read_response(*arguments, **options)
        if isinstance(answer, int) and not Losing.lost:
            Losing.lost = 1
            super().disconnect()  # type: ignore[no-untyped-call]
            raise redis.ConnectionError("lost")
        return answer


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    Losing.lost = 0
    url = servers.shared_url(servers.Redis)
    pool = redis.ConnectionPool.from_url(
        url, connection_class=Losing, retry=Retry(NoBackoff(), 1), protocol=2
    )
    with redis.Redis(connection_pool=pool) as client:
        yield client
    pool.disconnect()


def test_a_row_of_flask_sessions_is_swapped_once(client: redis.Redis) -> None:
    rows, sid = RedisRows(client, "test:"), unique("sid")
    rows.add(sid, b"old", None)
    assert rows.swap(sid, b"old", b"new", None)
    assert Losing.lost == 1
    assert not rows.swap(sid, b"old", b"newer", None)
    assert client.get(f"test:{sid}") == b"new"


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_row_of_djangos_cache_is_swapped_once(client: redis.Redis, is_taken: bool) -> None:
    codec = (lambda value: value, lambda token: token)
    swap = RedisSwap(lambda _: client, str, codec, lambda timeout: int(timeout))
    key, found = unique("key"), Found(b"old", b"old")
    client.set(key, b"old")
    answer = swap.take(key, found) if is_taken else swap.swap(key, found, b"new", 60)
    assert (answer, Losing.lost) == ("done", 1)
    assert swap.swap(key, found, b"newer", 60) == ("gone" if is_taken else "changed")
