"""What is in an ASGI scope for a session, and what the front puts there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

REASON = "shortcrust.reason"
"""Why there is no session; what ``shortcrust.reason`` reads."""
VISIT = "shortcrust.visit"
"""The session of the front, for ``login`` and the other commands."""


def cookie_header(scope: Scope) -> bytes:
    """The Cookie header; HTTP/2 may split it (RFC 9113, section 8.2.3)."""
    return b"; ".join([value for key, value in scope["headers"] if key == b"cookie"])
