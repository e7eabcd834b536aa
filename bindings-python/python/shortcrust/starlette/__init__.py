"""Starlette and FastAPI: :class:`SessionMiddleware`, the drop-in and our own front in one.

Starlette's arguments alone make it a drop-in, and nobody is logged out::

    app.add_middleware(SessionMiddleware, secret_key=SECRET)

With ``format``, ``readers``, ``policy`` or another argument of ours it is our own front::

    app.add_middleware(
        SessionMiddleware,
        secret_key=SECRET,
        format="sealed",
        readers=[{"format": "starlette", "until": "2027-03-01"}],
    )

With ``store`` the sessions lie in a store, and can be listed and revoked::

    app.add_middleware(SessionMiddleware, secret_key=SECRET, store=AsyncRedisStore(client))
"""

from __future__ import annotations

from .. import reason
from .._listing import SessionInfo
from ._installed import STARLETTE as _STARLETTE  # noqa: F401 - first: it says what is missing
from .commands import Sessions, login, logout, regenerate, save, sessions, user
from .middleware import SessionMiddleware
from .session import Session
from .starsessions import Row, Rows, StarsessionsRows

__all__ = [
    "Row",
    "Rows",
    "Session",
    "SessionInfo",
    "SessionMiddleware",
    "Sessions",
    "StarsessionsRows",
    "login",
    "logout",
    "reason",
    "regenerate",
    "save",
    "sessions",
    "user",
]
