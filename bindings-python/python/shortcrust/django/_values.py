"""The merge of sessions whose values may be anything that Python can pickle.

Which change wins is decided by the core, over JSON. What JSON does not have becomes a text there,
the same for equal values.
"""

from __future__ import annotations

import json
import math
import pickle
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from . import _settings

IDENTITY = (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY)

_TEXT, _OTHER = "s", "o"


def merged(
    base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> dict[str, Any] | None:
    """What is to be written; ``None`` where another request made it another user's session."""
    if _identity(mine) != _identity(base):
        return mine
    if _identity(theirs) != _identity(base):
        return None
    values = _Values()
    try:
        texts = [json.dumps(values.encoded(data)) for data in (base, mine, theirs)]
        joined = _settings.merge_rules().merge(texts[0], texts[1], texts[2])
    except Exception:  # noqa: BLE001 - a value may raise what it likes when it is pickled
        joined = None
    if joined is None:
        # Too large, too deep or a value that can't be compared: the last one wins, as with Django.
        return mine
    decoded: dict[str, Any] = values.decoded(json.loads(joined))
    return decoded


def canonical(value: Any) -> bytes:
    """Equal for equal values, however their parts are shared in memory."""
    if isinstance(value, (set, frozenset)):
        return pickle.dumps((type(value), sorted(map(canonical, value))))
    # What was pickled shares texts that are equal by chance; once more, and that is settled.
    return pickle.dumps(pickle.loads(pickle.dumps(value)))  # noqa: S301 - made on this line


def _identity(data: dict[str, Any]) -> list[Any]:
    return [data.get(key) for key in IDENTITY]


class _Values:
    """The values that JSON does not have, by number."""

    def __init__(self) -> None:
        self._known: list[Any] = []
        self._numbers: dict[bytes, int] = {}

    def encoded(self, value: Any) -> Any:
        kind = type(value)
        if kind is dict and all(type(key) is str for key in value):
            return {key: self.encoded(item) for key, item in value.items()}
        if kind is list:
            return [self.encoded(item) for item in value]
        if kind is str:
            return _TEXT + value
        if value is None or kind is bool or kind is int:
            return value
        if kind is float and math.isfinite(value):
            # As a number, since `SHORTCRUST_MERGE` may name it.
            return value
        return f"{_OTHER}{self._number(value)}"

    def decoded(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.decoded(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.decoded(item) for item in value]
        if isinstance(value, str):
            rest = value[1:]
            return rest if value[0] == _TEXT else self._known[int(rest)]
        return value

    def _number(self, value: Any) -> int:
        key = canonical(value)
        if key not in self._numbers:
            self._numbers[key] = len(self._known)
            self._known.append(value)
        return self._numbers[key]


# Wrong settings fail when the engine is loaded, and not when two requests overlap one day.
_settings.merge_rules()
