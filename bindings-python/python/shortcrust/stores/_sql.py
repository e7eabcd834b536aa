"""One table, by the statements that SQLite (3.35) and PostgreSQL have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .. import ambient
from .._core import STATEMENTS
from ._base import Entry, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TABLES = STATEMENTS["sql/tables.sql"].split(";")
CREATE = STATEMENTS["sql/create.sql"]
DELETE = STATEMENTS["sql/delete.sql"]
LIST = STATEMENTS["sql/list.sql"]
PUT = STATEMENTS["sql/put.sql"]
REVOKE = STATEMENTS["sql/revoke.sql"]
SAVE = STATEMENTS["sql/save.sql"]

Parameters = Mapping[str, str | int | None]


def load(keys: Sequence[str]) -> tuple[str, Parameters]:
    """The statement for that many keys, and its parameters."""
    parameters = {f"key{n}": key for n, key in enumerate(keys)}
    # Nothing is NULL, and an empty list is no SQL to PostgreSQL.
    names = ", ".join(f":{name}" for name in parameters) or "NULL"
    return STATEMENTS["sql/load.sql"].replace(":keys", names), parameters


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
    """The statement that waits for nobody."""
    return STATEMENTS.get(f"sql/sweep_{dialect}.sql", STATEMENTS["sql/sweep.sql"])
