"""Sessions that another library kept become ours, when their browser comes by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from .. import _config, _core, _tagged, ambient
from .._errors import ConfigError, TooLarge
from .._steps import run_async
from ..stores import Entry

if TYPE_CHECKING:
    from .._driver import Driver
    from .._request import RequestSession
    from ..stores import AsyncStore
    from .starsessions import Row, Rows

_MOST_IDS = 4


class TakeOver:
    """For one front: whose rows, and how long a session lives from now on."""

    def __init__(self, driver: Driver, rows: Rows, name: str, settings: Mapping[str, Any]) -> None:
        if driver.store is None or not driver.has_records:
            raise ConfigError("take_over needs a store, into which the sessions are taken")
        if settings.get("FORMAT", "id") != "id":
            raise ConfigError('take_over needs format="id", since their cookies have a bare id')
        self._driver = driver
        self._store = cast("AsyncStore", driver.store)
        self._rows = rows
        self._name = name
        limits = (settings.get(key, _config.DEFAULTS[key]) for key in ("IDLE", "ABSOLUTE"))
        ends = (_config.in_seconds("IDLE", limit) for limit in limits)
        self._seconds = next((seconds for seconds in ends if seconds is not None), None)

    async def open(self, header: str) -> tuple[RequestSession, dict[str, Any] | None]:
        """Opens the header once more, with the sessions in it that the other library kept.

        Of requests that come at the same time none loses the session: ours is made before the row
        is removed, so who finds no row finds ours.
        """
        made = [one for one in _ids(self._name, header) if await self._made(one)]
        session, data = await run_async(self._driver.open(header))
        if data is None:
            return session, data
        if made and session.user is not None:
            # The store learns whose it is, so that the session can be listed and revoked.
            await run_async(self._driver.save(session, data, modified=True))
        for one in made:
            await self._rows.remove(one)
        return session, data

    async def _made(self, id: str) -> bool:
        row = await self._rows.read(id)
        record = None if row is None or not row.data else self._record(row, id)
        if record is None:
            return False
        # It may be there already: another request was first.
        await self._store.create(*record)
        return True

    def _record(self, row: Row, id: str) -> tuple[str, Entry] | None:
        now = ambient.now_ms()
        ends = None if self._seconds is None else now + self._seconds * 1000
        created = None if row.created_ms is None else min(row.created_ms, now)
        try:
            payload = _tagged.dumps(row.data)
        except TooLarge:
            return None
        record = _core.new_record(self._driver.engine, id, payload, now, ends, created)
        return None if record is None else (record[0], Entry(record[1], None, ends))


def _ids(name: str, header: str) -> list[str]:
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return [_bare(value) for key, _, value in pairs if key == name][:_MOST_IDS]


def _bare(value: str) -> str:
    """Without quotes, as the core reads it."""
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if is_quoted else value
