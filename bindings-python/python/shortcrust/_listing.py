"""What an application is told of a user's sessions, and how it names users and sessions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import NamedTuple

from . import _core

_HANDLE = re.compile(r"[A-Za-z0-9_-]{43}")


class SessionInfo(NamedTuple):
    """One of a user's sessions."""

    handle: str
    """What ``revoke`` takes. It is the store's key and opens no session."""
    created: datetime
    """When the session began, in UTC."""
    renewed: datetime
    """When it was last written or renewed, in UTC."""
    is_current: bool
    """Whether it is the session of this request."""
    label: str
    """What ``login`` or ``SHORTCRUST_LABEL`` said; else empty."""


def listing(found: Sequence[tuple[str, str]], current: str | None) -> list[SessionInfo]:
    """Of a store's keys and records; the last one used first."""
    listed = [
        SessionInfo(key, _moment(info[0]), _moment(info[1]), key == current, info[2])
        for key, text in found
        if (info := _core.record_info(text)) is not None
    ]
    return sorted(listed, key=lambda info: info.renewed, reverse=True)


def is_handle(text: str) -> bool:
    """Whether it may be one: a form may have sent anything."""
    return _HANDLE.fullmatch(text) is not None


def user_text(user: object) -> str:
    """How a store knows a user: text, a number or a UUID. ``TypeError`` for nobody."""
    from uuid import UUID  # noqa: PLC0415 - seldom needed

    if isinstance(user, bool) or not isinstance(user, (str, int, UUID)) or str(user) == "":
        raise TypeError("a user must be a str that is not empty, an int or a UUID")
    return str(user)


def label_text(label: object) -> str:
    """Without halves of characters, which UTF-8 does not have."""
    return "" if label is None else str(label).encode(errors="replace").decode()


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
