"""The rows that starsessions (2) keeps in Redis, for ``SessionMiddleware(take_over=...)``.

Each is taken over when its browser comes by: it becomes a session of ours under the same id, and
the row is removed. A session of its ``CookieStore`` is a cookie in Starlette's own format: it needs
a reader for that, and nothing of this.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple, Protocol

_ID = re.compile(r"[0-9a-f]{32}")
_METADATA = "__metadata__"
_YEAR_5138 = 10**11
# A row that a crash leaves behind must be gone before the tombstone of its session is, or it would
# bring back who logged out.
_READ = """
local row = redis.call('GET', KEYS[1])
if row then
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 or left > 60000 then redis.call('PEXPIRE', KEYS[1], 60000) end
end
return row
"""


class Row(NamedTuple):
    """A session of another library."""

    data: dict[str, Any]
    created_ms: int | None
    """When it began, where that is known."""


class Rows(Protocol):
    """What another library kept, by the ids that its cookies have."""

    async def read(self, id: str) -> Row | None:
        """The session of an id; ``None`` where there is none, or none that can be read."""

    async def remove(self, id: str) -> None:
        """Called when the session is ours."""


class StarsessionsRows:
    """``client`` is of ``redis.asyncio``; ``prefix`` is that of starsessions' ``RedisStore``."""

    def __init__(self, client: Any, prefix: str = "starsessions.") -> None:
        self._client = client
        self._prefix = prefix

    async def read(self, id: str) -> Row | None:
        if not _ID.fullmatch(id):
            return None
        row = await self._client.eval(_READ, 1, self._prefix + id)
        return None if row is None else _row(row)

    async def remove(self, id: str) -> None:
        await self._client.delete(self._prefix + id)


def _row(text: bytes | str) -> Row | None:
    try:
        # NaN is no JSON: a record of ours could not hold it.
        data = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    metadata = data.pop(_METADATA, None)
    created = metadata.get("created") if isinstance(metadata, dict) else None
    if not isinstance(created, (int, float)) or not 0 < created < _YEAR_5138:
        return Row(data, None)
    return Row(data, int(created * 1000))
