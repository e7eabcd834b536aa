"""One table, in the SQL that SQLite (3.35) and PostgreSQL have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .. import ambient
from ._base import Entry, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS shortcrust_session (key TEXT PRIMARY KEY,"
        " version BIGINT NOT NULL, user_id TEXT, expires BIGINT, record TEXT NOT NULL)"
    ),
    "CREATE INDEX IF NOT EXISTS shortcrust_session_user_id ON shortcrust_session (user_id)",
    "CREATE INDEX IF NOT EXISTS shortcrust_session_expires ON shortcrust_session (expires)",
)
CREATE = (
    "INSERT INTO shortcrust_session (key, version, user_id, expires, record)"
    " VALUES (:key, 1, :user, :expires, :record) ON CONFLICT (key) DO NOTHING"
)
PUT = (
    "INSERT INTO shortcrust_session (key, version, user_id, expires, record)"
    " VALUES (:key, 1, :user, :expires, :record) ON CONFLICT (key) DO UPDATE"
    " SET version = shortcrust_session.version + 1, user_id = excluded.user_id,"
    " expires = excluded.expires, record = excluded.record"
)
SAVE = (
    "UPDATE shortcrust_session SET version = version + 1, user_id = :user, expires = :expires,"
    " record = :record WHERE key = :key AND version = :version"
)
DELETE = "DELETE FROM shortcrust_session WHERE key = :key"
LIST = (
    "SELECT key, record FROM shortcrust_session"
    " WHERE user_id = :user AND (expires IS NULL OR expires >= :now)"
)
REVOKE = "DELETE FROM shortcrust_session WHERE user_id = :user AND key <> :keep"
SWEEP = (
    "DELETE FROM shortcrust_session WHERE key IN"
    " (SELECT key FROM shortcrust_session WHERE expires < :now LIMIT :limit{locking})"
)
# A row that another request just prolongs is neither waited for nor removed.
LOCKING = {"postgresql": " FOR UPDATE SKIP LOCKED"}

Parameters = Mapping[str, str | int | None]


def load(keys: Sequence[str]) -> tuple[str, Parameters]:
    """The statement for that many keys, and its parameters."""
    parameters = {f"key{n}": key for n, key in enumerate(keys)}
    names = ", ".join(f":{name}" for name in parameters)
    return f"SELECT key, version, record FROM shortcrust_session WHERE key IN ({names})", parameters  # noqa: S608 - numbers only


def in_order(keys: Sequence[str], found: Iterable[Sequence[str | int]]) -> list[Row | None]:
    """The rows in the order of the keys."""
    rows = {key: Row(int(version), str(record)) for key, version, record in found}
    return [rows.get(key) for key in keys]


def written(key: str, entry: Entry) -> dict[str, str | int | None]:
    """The parameters of a write."""
    return {"key": key, "user": entry.user, "expires": entry.expires, "record": entry.text}


def listed(user: str) -> Parameters:
    """The parameters of ``LIST``."""
    return {"user": user, "now": ambient.now_ms()}


def sweep(dialect: str) -> str:
    """``SWEEP``, so that it waits for nobody."""
    return SWEEP.format(locking=LOCKING.get(dialect, ""))
