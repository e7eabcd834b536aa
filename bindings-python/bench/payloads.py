"""The sessions of the rows: 14 bytes of JSON, about 310 and about 2,500."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

_TYPICAL: dict[str, Any] = {
    "user_id": 183_922,
    "username": "ada.lovelace",
    "email": "ada.lovelace@example.com",
    "roles": ["customer", "reviewer", "beta"],
    "csrf_token": "b3f1c9d0e7a84f52b6c1d2e3f4a5968778695a4b",
    "locale": "en-GB",
    "theme": "dark",
    "cart": {"items": [{"sku": "PIE-0042", "n": 2}, {"sku": "TART-0007", "n": 1}], "total": 31.5},
    "last_seen": "2027-01-15T08:00:00Z",
    "visits": 17,
}
PLAIN: dict[str, dict[str, Any]] = {
    "tiny": {"user": 81723},
    "typical": _TYPICAL,
    "large": _TYPICAL
    | {
        f"item {n}": {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, str(n))),
            "price": round(n * 1.1, 2),
            "tags": [n, "x"],
            "seen": False,
        }
        for n in range(22)
    },
}
"""What every JSON can hold."""

_FLASKS: dict[str, Any] = {
    "_permanent": True,
    "_user_id": "81723",
    "_fresh": True,
    "_id": "8f0e2b6c41d97a53" * 4,
    "csrf_token": "e1c7a90b52f3864d8f0e2b6c41d97a535f3a",
    "_flashes": [("info", "Saved.")],
    "basket": [{"sku": "A-1", "n": 2}, {"sku": "B-7", "n": 1}],
    "seen": datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    "lang": "de",
    "visits": 17,
}
TAGGED: dict[str, dict[str, Any]] = {
    "tiny": {"user": 81723},
    "typical": _FLASKS,
    "large": _FLASKS
    | {
        f"item {n}": {
            "id": uuid.uuid5(uuid.NAMESPACE_URL, str(n)),
            "price": n * 1.1,
            "tags": (n, "x"),
        }
        for n in range(20)
    },
}
"""With what Flask has tags for."""
