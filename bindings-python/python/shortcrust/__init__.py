"""Session cookies for Python and Node on one core.

``shortcrust.flask`` has the drop-in ``SessionInterface`` and our own front, ``Shortcrust``.
"""

from __future__ import annotations

from typing import Protocol

from ._core import VERSION as __version__
from ._errors import (
    BadSignature,
    ConfigError,
    Expired,
    Internal,
    Malformed,
    NoCookie,
    NotAnObject,
    NotFound,
    NotYetValid,
    ShortcrustError,
    TooLarge,
    TooMany,
    UnknownKey,
)

__all__ = [
    "BadSignature",
    "ConfigError",
    "Expired",
    "Internal",
    "Malformed",
    "NoCookie",
    "NotAnObject",
    "NotFound",
    "NotYetValid",
    "Request",
    "ShortcrustError",
    "TooLarge",
    "TooMany",
    "UnknownKey",
    "__version__",
    "reason",
]


class Request(Protocol):
    """A framework's request, as far as :func:`reason` needs it."""

    @property
    def environ(self) -> dict[str, object]:
        """The WSGI environment."""


def reason(request: Request) -> str | None:
    """Why the request has no session, as a stable code; ``None`` if it has one.

    The codes are ``no_cookie``, ``malformed``, ``bad_signature``, ``unknown_key``, ``expired``,
    ``not_yet_valid``, ``not_an_object``, ``too_large``, ``too_many`` and ``internal``.
    """
    found = request.environ.get("shortcrust.reason", "no_cookie")
    return None if found is None else str(found)
