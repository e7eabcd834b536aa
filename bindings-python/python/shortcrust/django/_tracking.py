"""The table of users' sessions, as the engines keep it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connections, router, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from .. import _core, ambient
from .._errors import ShortcrustError

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import QuerySet

    from .._options import PolicyOptions
    from .models import UserEpoch, UserSession

LONGEST_LABEL = 200
"""Bytes of UTF-8."""
REVOKED = -1
"""The epoch of a session that was ended by itself."""

# Seconds for which a process knows that a session is in the table, and does not ask.
_KNOWN_FOR = 300
_MOST_KNOWN = 10_000
_COOKIE = "shortcrust-session-key"
_NEVER: PolicyOptions = {
    "idle": None,
    "absolute": None,
    "renew_after": None,
    "skew": None,
    "persistent": True,
}

_logger = logging.getLogger("shortcrust")
_known: dict[str, float] = {}


def is_on() -> bool:
    """Whether the application asked for the table."""
    return apps.is_installed("shortcrust.django") and apps.ready


def handle_of(key: str) -> str:
    """By which a session is known outside; it opens nothing."""
    return hashlib.sha256(key.encode()).hexdigest()


def sessions() -> QuerySet[UserSession]:
    """Where rows are written, since a replica may be behind."""
    model: type[UserSession] = apps.get_model("shortcrust", "UserSession")
    return model._base_manager.using(router.db_for_write(model))  # noqa: SLF001 - documented


def epochs() -> QuerySet[UserEpoch]:
    """Of each user whose sessions were all ended before."""
    model: type[UserEpoch] = apps.get_model("shortcrust", "UserEpoch")
    return model._base_manager.using(router.db_for_write(model))  # noqa: SLF001 - documented


def connection() -> BaseDatabaseWrapper:
    """Where the table is."""
    return connections[sessions().db]


def epoch_of(user: str) -> int:
    """How often all of the user's sessions were ended."""
    return epochs().filter(pk=user).values_list("epoch", flat=True).first() or 0


def raise_epoch(user: str) -> int:
    """From now on the user's sessions are over, in flight or unknown ones too."""
    with transaction.atomic(using=epochs().db):
        epochs().get_or_create(pk=user)
        epochs().filter(pk=user).update(epoch=F("epoch") + 1)
    return epoch_of(user)


def is_live(key: str, user: str, expires: datetime) -> bool:
    """Notes that the session was used; false if it was ended.

    A session that the table does not know began before there was the table, so it is over if all
    of the user's were ended since.
    """
    handle = handle_of(key)
    if _known.get(handle, 0) > ambient.now():
        return True
    epoch = current = 0
    with _careful():
        row = sessions().filter(pk=handle, user=user)
        found = row.values_list("epoch", flat=True).first()
        if found is None:
            _put(key, user, expires, "", 0)
        else:
            epoch = found
            row.update(last_used=timezone.now(), expires=expires)
        # Last, so that whoever ends all sees this row, or we see the new epoch.
        current = epoch_of(user)
        if epoch >= current:
            _know(handle)
    return epoch >= current


def begin(key: str, user: str, expires: datetime, label: str | None) -> None:
    """Notes a session that began here: a login, or a new user in it."""
    with _careful():
        _put(key, user, expires, label or "", epoch_of(user))
        _know(handle_of(key))


def describe(key: str, label: str) -> None:
    """Gives a known session another label."""
    with _careful():
        sessions().filter(pk=handle_of(key)).update(label=label)


def move(old: str, new: str) -> None:
    """The session has another key. What was said of it stays, its end too."""
    with _careful():
        row = sessions().filter(pk=handle_of(old))
        row.update(handle=handle_of(new), sealed_key=_sealed(new))
    _known.pop(handle_of(old), None)


def forget(key: str) -> None:
    """The session has ended."""
    with _careful():
        sessions().filter(pk=handle_of(key)).delete()


def clear_expired() -> None:
    """A day late, since what is in use may be noted five minutes late."""
    sessions().filter(expires__lt=timezone.now() - timedelta(days=1)).delete()


def forget_known() -> None:
    """What this process knows of who is in the table."""
    _known.clear()


def key_of(row: UserSession) -> str | None:
    """The session's key; ``None`` where no secret of today opens it."""
    for codec in _codecs():
        with suppress(ShortcrustError):
            text = codec.open(f"{_COOKIE}={row.sealed_key}", _COOKIE, ambient.now_ms(), _NEVER)
            return str(json.loads(text)["key"])
    return None


def _put(key: str, user: str, expires: datetime, label: str, epoch: int) -> None:
    now = timezone.now()
    values: dict[str, Any] = {
        "user": user,
        "sealed_key": _sealed(key),
        "created": now,
        "last_used": now,
        "expires": expires,
        "label": label,
        "epoch": epoch,
    }
    sessions().update_or_create(handle=handle_of(key), defaults=values)


def _know(handle: str) -> None:
    def know() -> None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[handle] = ambient.now() + _KNOWN_FOR

    # What is rolled back is not in the table.
    transaction.on_commit(know, using=sessions().db)


@contextmanager
def _careful() -> Iterator[None]:
    """The table serves the requests, so it fails none of them: it may not be migrated yet."""
    try:
        with transaction.atomic(using=sessions().db):
            yield
    except DatabaseError as error:
        _logger.warning("the table of users' sessions was not written: %s", type(error).__name__)


def _sealed(key: str) -> str:
    payload, now = json.dumps({"key": key}), ambient.now_ms()
    return _codecs()[0].seal(payload, _COOKIE, now, _NEVER, ambient.entropy)


def _codecs() -> list[_core.Codec]:
    return [_codec(_secret(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _secret(key: Any) -> bytes:
    """Of 32 bytes, whatever the length of the key, and not the key itself."""
    return salted_hmac("shortcrust.django", _COOKIE, key, algorithm="sha256").digest()


@lru_cache(maxsize=16)
def _codec(secret: bytes) -> _core.Codec:
    return _core.Codec({"format": "sealed"}, [secret])
