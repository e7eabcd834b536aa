"""Which Flask is here, and what it has."""

from __future__ import annotations

from .._installed import Version, at_least


def _installed(name: str, oldest: Version) -> Version:
    return at_least(name, oldest, front="flask", extra="flask")


FLASK: Version = _installed("flask", (2, 2))
_installed("werkzeug", (2, 2))
_installed("itsdangerous", (2, 0))

HAS_FALLBACKS: bool = FLASK >= (3, 1)
"""Flask reads ``SECRET_KEY_FALLBACKS``."""
HAS_PARTITIONED: bool = FLASK >= (3, 1)
"""Flask reads ``SESSION_COOKIE_PARTITIONED``, and Werkzeug's ``set_cookie`` takes it."""
