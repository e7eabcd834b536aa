"""How the middleware says that its configuration is weak."""

from __future__ import annotations

from .._warnings import warn_or_log


def warn_at_start(message: str) -> None:
    """A warning; what ``add_middleware`` was told is seen in the first request, and is logged."""
    warn_or_log(message, ("fastapi", "starlette"))
