"""Flask: the drop-in :class:`SessionInterface`, and :class:`Shortcrust`, our own front.

Put the drop-in in, and nobody is logged out::

    app.session_interface = SessionInterface()

Or let our own front keep the session, encrypted by default::

    Shortcrust(app)

With ``SHORTCRUST_STORE`` the sessions lie in a store, and can be listed and revoked::

    app.config["SHORTCRUST_STORE"] = SQLiteStore("sessions.db")
"""

from __future__ import annotations

from .. import reason
from .._listing import SessionInfo
from ._installed import FLASK as _FLASK  # noqa: F401 - first: it says what is missing
from .commands import Sessions, login, logout, regenerate, save, sessions, user
from .drop_in import SessionInterface
from .front import Shortcrust
from .interface import ShortcrustInterface
from .server_side import FlaskSessionInterface, ServerSideSession

__all__ = [
    "FlaskSessionInterface",
    "ServerSideSession",
    "SessionInfo",
    "SessionInterface",
    "Sessions",
    "Shortcrust",
    "ShortcrustInterface",
    "login",
    "logout",
    "reason",
    "regenerate",
    "save",
    "sessions",
    "user",
]
