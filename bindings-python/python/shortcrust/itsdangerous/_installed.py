"""Which itsdangerous is here."""

from __future__ import annotations

from .._installed import Version, at_least

ITSDANGEROUS: Version = at_least("itsdangerous", (2, 0), front="itsdangerous", extra="itsdangerous")
