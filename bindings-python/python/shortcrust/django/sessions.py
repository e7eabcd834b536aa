"""A user's sessions: to be listed, and ended one by one or all.

With ``"shortcrust.django"`` in ``INSTALLED_APPS`` and one of the engines ``db``, ``cached_db`` and
``cache``. A session from before that appears when it is next used::

    from shortcrust.django import sessions

    for info in sessions.list(request.user, current=request): ...
    sessions.revoke(handle, request.user)
    sessions.revoke_all(request.user, except_current=request)

A user is given as the object or as its primary key. Each function has a twin with an ``a`` in
front. All raise ``Unsupported`` where the table or such an engine is missing.
"""

from __future__ import annotations

import builtins
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY

from .._errors import Unsupported
from . import _tracking
from ._tracked import TrackedSession

if TYPE_CHECKING:
    from django.http import HttpRequest

    from .models import UserSession

__all__ = [
    "SessionInfo",
    "alist",
    "arevoke",
    "arevoke_all",
    "list",
    "revoke",
    "revoke_all",
]


class SessionInfo(NamedTuple):
    """One of a user's sessions."""

    handle: str
    """What ``revoke`` takes. It opens no session."""
    created: datetime
    """When the user logged in, or when the session was first seen if that was before the table."""
    last_used: datetime
    """To within five minutes."""
    label: str
    """What ``session.label`` or ``SHORTCRUST_LABEL`` said; else empty."""
    is_current: bool
    """Whether it is the session of the request that was given as ``current``."""


def list(user: Any, current: HttpRequest | None = None) -> builtins.list[SessionInfo]:  # noqa: A001
    """The user's sessions that have not ended, the last used first."""
    found = _living(_engine(), _text(user))
    key = None if current is None else current.session.session_key
    return [
        SessionInfo(row.handle, row.created, row.last_used, row.label, own == key)
        for row, own in sorted(found, key=lambda one: one[0].last_used, reverse=True)
    ]


async def alist(user: Any, current: HttpRequest | None = None) -> builtins.list[SessionInfo]:
    """As ``list``."""
    return await sync_to_async(list)(user, current)


def revoke(handle: str, user: Any) -> bool:
    """Ends one session; false where the user has none of that handle, as another's is."""
    engine = _engine()
    rows = _tracking.sessions().filter(pk=str(handle), user=_text(user))
    # First, so that it counts for a request in flight that gives the session another key.
    if not rows.update(epoch=_tracking.REVOKED):
        return False
    for row in rows:
        _end(engine, row)
    return True


async def arevoke(handle: str, user: Any) -> bool:
    """As ``revoke``."""
    return await sync_to_async(revoke)(handle, user)


def revoke_all(user: Any, except_current: HttpRequest | None = None) -> int:
    """Ends a user's sessions, and says how many.

    With ``except_current`` the session of that request stays, under a new key, since the old one
    may be what was stolen. A session that the table does not know yet ends when it is next used.
    """
    engine, text = _engine(), _text(user)
    epoch = _tracking.raise_epoch(text)
    kept = None if except_current is None else _kept(except_current.session, text, epoch)
    rows = _tracking.sessions().filter(user=text).exclude(pk=kept)
    return sum(_end(engine, row) for row in rows)


async def arevoke_all(user: Any, except_current: HttpRequest | None = None) -> int:
    """As ``revoke_all``."""
    return await sync_to_async(revoke_all)(user, except_current)


def _engine() -> type[TrackedSession]:
    if not _tracking.is_on():
        raise Unsupported('sessions are listed with "shortcrust.django" in INSTALLED_APPS')
    engine: type = import_module(settings.SESSION_ENGINE).SessionStore
    if not issubclass(engine, TrackedSession):
        raise Unsupported(
            "sessions are listed with SESSION_ENGINE = shortcrust.django.db, .cached_db or .cache"
        )
    return engine


def _text(user: Any) -> str:
    """As ``django.contrib.auth.login`` writes it into the session."""
    field = getattr(getattr(user, "_meta", None), "pk", None)
    return str(user) if field is None else str(field.value_to_string(user))


def _living(engine: type[TrackedSession], user: str) -> builtins.list[tuple[UserSession, str]]:
    current = _tracking.epoch_of(user)
    rows = [row for row in _tracking.sessions().filter(user=user) if row.epoch >= current]
    keys = {row.handle: _tracking.key_of(row) for row in rows}
    living = engine.living([key for key in keys.values() if key is not None])
    found = [(row, key) for row in rows if (key := keys[row.handle]) in living and key is not None]
    gone = {row.handle for row in rows if keys[row.handle] is not None}
    gone -= {row.handle for row, _ in found}
    if gone:
        _tracking.sessions().filter(pk__in=gone).delete()
    return found


def _end(engine: type[TrackedSession], row: UserSession) -> bool:
    """Whether it was alive. Without its key it can't be reached, and ends when it is next used."""
    key = _tracking.key_of(row)
    if key is None:
        return False
    was_alive = key in engine.living([key])
    engine().delete(key)
    _tracking.sessions().filter(pk=row.handle).delete()
    return was_alive


def _kept(session: Any, user: str, epoch: int) -> str | None:
    if not isinstance(session, TrackedSession) or str(session.get(SESSION_KEY)) != user:
        return None
    old = session.session_key
    session.cycle_key()
    key = session.session_key
    if key is None or key == old:
        # Another request ended it meanwhile.
        return None
    handle = _tracking.handle_of(key)
    _tracking.sessions().filter(pk=handle).update(epoch=epoch)
    return handle
