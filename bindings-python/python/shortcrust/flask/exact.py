"""Values that tagged JSON holds less exactly than Flask-Session's rows: hidden in bytes meanwhile.

A time has microseconds there, or no zone, and an object may have keys that are no texts. What is
hidden is one value where changes are joined.
"""

from __future__ import annotations

from importlib import import_module
from math import isfinite
from typing import TYPE_CHECKING, Any
from uuid import UUID

from .. import ambient
from .._driver import Driver
from .._errors import TooLarge

if TYPE_CHECKING:
    from .. import _core
    from .._request import RequestSession
    from .._steps import Steps

# Hidden values never leave the process, and nobody can make one.
_HIDDEN = ambient.entropy(16)
_AS_THEY_ARE = (str, bytes, int, bool, type(None), UUID)
_DEEPEST = 200


def hidden(value: Any, depth: int = 0) -> Any:
    """A copy for tagged JSON; what is hidden already stays so.

    Raises what msgspec raises for what it doesn't know, and ``TooLarge`` for over 200 levels.
    """
    if depth > _DEEPEST:
        raise TooLarge("the session is over 200 levels deep: put less into it")
    kind = type(value)
    if kind is dict and all(type(key) is str for key in value):
        return {key: hidden(item, depth + 1) for key, item in value.items()}
    if kind in (list, tuple):
        return kind(hidden(item, depth + 1) for item in value)
    if kind in _AS_THEY_ARE or (kind is float and isfinite(value)):
        return value
    return _HIDDEN + import_module("msgspec").msgpack.encode(value)


def shown(value: Any) -> Any:
    """What :func:`hidden` hid; at most as deep as tagged JSON is."""
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(shown, value))
    if isinstance(value, bytes) and value.startswith(_HIDDEN):
        return import_module("msgspec").msgpack.decode(value[len(_HIDDEN) :])
    return value


class ExactDriver(Driver):
    """Hides values on their way to the core, and shows them to the application."""

    __slots__ = ()

    def open(self, header: str) -> Steps[tuple[RequestSession, dict[str, Any] | None]]:
        session, data = yield from super().open(header)
        return session, None if data is None else shown(data)

    def save(
        self,
        session: RequestSession,
        data: dict[str, Any],
        modified: bool,
        *,
        is_last: bool = False,
    ) -> Steps[None]:
        yield from super().save(session, hidden(data), modified, is_last=is_last)

    def close(
        self, session: RequestSession, data: dict[str, Any], modified: bool, secure: bool
    ) -> Steps[_core.Closed | None]:
        return (yield from super().close(session, hidden(data), modified, secure))

    def login(
        self, session: RequestSession, user: str, data: dict[str, Any], label: str | None = None
    ) -> dict[str, Any] | None:
        left = super().login(session, user, hidden(data), label)
        return None if left is None else shown(left)
