"""What errors of databases may show: nothing of a row."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# PostgreSQL's lines that name keys and whole rows, and what MySQL quotes of a value.
_LINES = re.compile(r"\n(DETAIL|CONTEXT): .*", re.DOTALL)
_QUOTED = re.compile(r"\b([Vv]alue:|entry) '.*'(?= for |\"|'|\)|$)", re.DOTALL)


@contextmanager
def row_hidden() -> Iterator[None]:
    """An error of SQLAlchemy's shows no row."""
    try:
        yield
    except Exception as error:
        if hasattr(error, "hide_parameters"):
            without_row(error)
        raise


def without_row(error: Any) -> None:
    """Takes parameters and rows out of an error, and of those that it came of."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        one = pending.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        one.args = tuple(map(_shown, one.args))
        for name, value in (("hide_parameters", True), ("detail", None), ("context", None)):
            # asyncpg's have the lines besides.
            if isinstance(getattr(one, name, None), (bool, str)):
                setattr(one, name, value)
        pending += [*one.args, getattr(one, "orig", None), one.__cause__, one.__context__]


def _shown(argument: Any) -> Any:
    if not isinstance(argument, str):
        return argument
    return _QUOTED.sub(r"\1 '...'", _LINES.sub("", argument))
