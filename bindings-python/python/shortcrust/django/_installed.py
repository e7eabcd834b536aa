"""Which Django is here."""

from __future__ import annotations

from .._installed import Version, at_least

DJANGO: Version = at_least("django", (4, 2), front="django", extra="django")
