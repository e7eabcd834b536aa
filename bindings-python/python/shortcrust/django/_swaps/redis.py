"""Redis, through Django's own backend or django-redis: one script that compares."""

from __future__ import annotations

import sys
from collections.abc import Callable
from secrets import token_hex
from typing import Any

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

from ..._core import STATEMENTS
from ._types import Answer, Found

_ANSWERS: tuple[Answer, ...] = ("gone", "changed", "done")
# A value that is to be taken comes alone; one that never expires comes without a timeout.
_SCRIPT = (
    STATEMENTS["redis/once.lua"]
    + """
return once(function()
  local there = redis.call('GET', KEYS[1])
  if not there then return 0 end
  if there ~= ARGV[2] then return 1 end
  if #ARGV == 2 then redis.call('DEL', KEYS[1])
  elseif #ARGV == 3 then redis.call('SET', KEYS[1], ARGV[3])
  else redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4]) end
  return 2
end)
"""
)


class RedisSwap:
    """The token is the value as the server has it."""

    connection = None

    def __init__(
        self,
        client: Callable[[bool], Any],
        name: Callable[[str], str],
        codec: tuple[Callable[[Any], Any], Callable[[Any], Any]],
        timeout: Callable[[float], float | None],
    ) -> None:
        # The client for reading or, when asked with `True`, for writing.
        self._client = client
        self._name = name
        self._dumps, self._loads = codec
        self._timeout = timeout

    def get(self, key: str, *, fresh: bool = False) -> Found | None:
        token = self._client(fresh).get(self._name(key))
        return None if token is None else Found(self._loads(token), token)

    def swap(self, key: str, found: Found, value: object, timeout: float) -> Answer:
        seconds = self._timeout(timeout)
        expiry = () if seconds is None else (seconds,)
        return self._run(key, found.token, self._dumps(value), *expiry)

    def take(self, key: str, found: Found) -> Answer:
        return self._run(key, found.token)

    def _run(self, key: str, *arguments: Any) -> Answer:
        script = self._client(True).register_script(_SCRIPT)
        return _ANSWERS[int(script(keys=[self._name(key)], args=(token_hex(8), *arguments)))]


def redis_swap(cache: BaseCache) -> RedisSwap | None:
    """For Django's own backend and django-redis' default client; others may shard, or pack."""
    return _of_django(cache) or _of_django_redis(cache)


def _of_django(cache: Any) -> RedisSwap | None:
    if not isinstance(cache, RedisCache) or type(cache).get is not RedisCache.get:
        return None
    inner: Any = cache._cache  # noqa: SLF001 - as its own methods do
    if type(inner).get is not RedisCacheClient.get:
        return None
    serializer = inner._serializer  # noqa: SLF001
    return RedisSwap(
        lambda write: inner.get_client(None, write=write),
        cache.make_and_validate_key,
        (serializer.dumps, serializer.loads),
        cache.get_backend_timeout,
    )


def _of_django_redis(cache: Any) -> RedisSwap | None:
    # Whoever has such a cache has imported it.
    peer, clients = sys.modules.get("django_redis.cache"), sys.modules.get("django_redis.client")
    if peer is None or clients is None or not isinstance(cache, peer.RedisCache):
        return None
    client: Any = cache.client
    if not isinstance(client, clients.DefaultClient) or _packs(type(client), clients.DefaultClient):
        return None
    return RedisSwap(
        lambda write: client.get_client(write=write),
        client.make_key,
        (client.encode, client.decode),
        lambda timeout: max(1, int(timeout)),
    )


def _packs(kind: type, default: type) -> bool:
    names = ("get", "set", "encode", "decode")
    return any(getattr(kind, name) is not getattr(default, name) for name in names)
