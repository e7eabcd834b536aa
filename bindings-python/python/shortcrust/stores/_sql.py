"""One table, by the statements of ``stores/sql``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
    return by_keys("load", keys)


def by_keys(name: str, keys: Sequence[str]) -> tuple[str, Parameters]:
    """The statement ``name`` for that many keys, and its parameters."""
    parameters = {f"key{n}": key for n, key in enumerate(keys)}
    # Nothing is NULL, and an empty list is no SQL to PostgreSQL.
    names = ", ".join(f":{name}" for name in parameters) or "NULL"
    return STATEMENTS[f"sql/{name}.sql"].replace(":keys", names), parameters


def in_order(keys: Sequence[str], found: Iterable[Sequence[Any]]) -> list[Row | None]:
    """The rows in the order of the keys."""
    rows = {_text(key): Row(int(version), _text(record)) for key, version, record in found}
    return [rows.get(key) for key in keys]


def listing(found: Iterable[Sequence[Any]]) -> list[tuple[str, str]]:
    """What ``LIST`` found."""
    return [(_text(key), _text(record)) for key, record in found]


def _text(value: Any) -> str:
    """Bytes where a migration made the column a binary one; what is no UTF-8 is no record."""
    return value if isinstance(value, str) else bytes(value).decode(errors="replace")


def written(key: str, entry: Entry) -> dict[str, str | int | None]:
    """The parameters of a write."""
    return {"key": key, "user": entry.user, "expires": entry.expires, "record": entry.text}


def listed(user: str) -> Parameters:
    """The parameters of ``LIST``."""
    return {"user": user, "now": ambient.now_ms()}


def statement(name: str, dialect: str) -> str:
    """The statement in the words of the dialect, where it has its own."""
    return STATEMENTS.get(f"sql/{name}_{dialect}.sql") or STATEMENTS[f"sql/{name}.sql"]


def batches(found: Iterable[Sequence[str]]) -> list[list[str]]:
    """The keys that were found, by 500 and in their order, in which every statement locks them.

    From 1,000 on MariaDB makes a table of the list and looks through that.
    """
    keys = sorted(key for (key,) in found)
    return [keys[at : at + 500] for at in range(0, len(keys), 500)]
