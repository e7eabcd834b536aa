"""Values that the native encoder does not know exactly, in the tagged dialect."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from . import _core
from ._errors import TooLarge

_KNOWN = (type(None), bool, bytes, datetime, UUID)


def dumps(value: Any) -> str:
    """As ``json.dumps`` takes subclasses and keys, with Flask's tags for what JSON lacks."""
    text = _core.dump_tagged(_exactly(value))
    if text is None:
        raise TooLarge("the session is over 200 levels deep: put less into it")
    return text


def _exactly(value: Any) -> Any:
    if type(value) in _KNOWN:
        return value
    if hasattr(value, "__html__"):
        return _markup(value.__html__())
    for kind in (str, int, float):
        if isinstance(value, kind):
            # A member of an enum shows its name otherwise.
            return kind.__str__(value) if kind is str else kind(value)
    if isinstance(value, dict):
        return {_key(key): _exactly(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return (tuple if isinstance(value, tuple) else list)(map(_exactly, value))
    json.dumps(value)  # Raises, and says what is wrong.
    return value


def _markup(html: str) -> str:
    try:
        from markupsafe import Markup  # noqa: PLC0415 - not every framework brings it
    except ImportError:
        return str.__str__(html)
    return Markup(html)  # noqa: S704 - the value says so itself


def _key(key: object) -> str:
    return str(next(iter(json.loads(json.dumps({key: None})))))
