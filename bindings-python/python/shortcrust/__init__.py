"""Session cookies for Python and Node on one core.

``shortcrust.flask`` has the drop-in ``SessionInterface`` and our own front, ``Shortcrust``.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Protocol

from ._core import VERSION
from ._errors import (
    BadSignature,
    ConfigError,
    Conflict,
    Ended,
    Expired,
    Identity,
    Internal,
    Malformed,
    NoCookie,
    NotAnObject,
    NotFound,
    NotYetValid,
    Revoked,
    ShortcrustError,
    TooLarge,
    TooMany,
    Unavailable,
    UnknownKey,
    Unsupported,
)
from ._events import Event
from ._secrets import secrets_from_env, secrets_from_file
from ._warnings import ShortcrustWarning

__all__ = [
    "BadSignature",
    "ConfigError",
    "Conflict",
    "Connection",
    "DjangoRequest",
    "Ended",
    "Event",
    "Expired",
    "Identity",
    "Internal",
    "Malformed",
    "NoCookie",
    "NotAnObject",
    "NotFound",
    "NotYetValid",
    "Request",
    "Revoked",
    "ShortcrustError",
    "ShortcrustWarning",
    "TooLarge",
    "TooMany",
    "Unavailable",
    "UnknownKey",
    "Unsupported",
    "__version__",
    "reason",
    "secrets_from_env",
    "secrets_from_file",
]

__version__ = VERSION


class Request(Protocol):
    """A WSGI framework's request, as far as :func:`reason` needs it."""

    @property
    def environ(self) -> dict[str, object]:
        """The WSGI environment."""


class Connection(Protocol):
    """An ASGI framework's request or websocket, as far as :func:`reason` needs it."""

    @property
    def scope(self) -> MutableMapping[str, Any]:
        """The ASGI scope."""


class DjangoRequest(Protocol):
    """A request of Django's, as far as :func:`reason` needs it."""

    @property
    def META(self) -> dict[str, Any]:  # noqa: N802 - Django's name
        """The request's headers and environment."""


def reason(request: Request | Connection | DjangoRequest) -> str | None:
    """Why the request has no session, as a stable code; ``None`` if it has one.

    The codes are ``no_cookie``, ``malformed``, ``bad_signature``, ``unknown_key``, ``expired``,
    ``not_yet_valid``, ``not_an_object``, ``too_large``, ``too_many``, ``internal`` and, where
    there is a store, ``not_found``, ``ended``, ``identity``, ``conflict``, ``revoked`` and
    ``unavailable``.
    """
    if hasattr(request, "META"):
        # Of an engine of ours, which is asked when the session is first looked at.
        session: Any = getattr(request, "session", None)
        found = getattr(session, "reason", "no_cookie")
        return None if found is None else str(found)
    # Starlette's `Request` is a mapping of its scope, and has no attribute `environ`.
    notes = request.scope if hasattr(request, "scope") else request.environ
    found = notes.get("shortcrust.reason", "no_cookie")
    return None if found is None else str(found)
