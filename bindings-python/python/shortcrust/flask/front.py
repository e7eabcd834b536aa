"""Our own front, as an extension of an app."""

from __future__ import annotations

from flask import Flask

from .._warnings import warn
from . import flask_session
from .interface import ShortcrustInterface
from .server_side import FlaskSessionInterface, NullInterface


class Shortcrust:
    """Our own front, configured by ``app.config["SHORTCRUST_..."]``; everything has a default.

    The configuration is checked here if a secret is there already, else at the first request.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Gives the app's sessions to this front."""
        kind = flask_session.kind_of(app.config)
        if kind == "null":
            app.session_interface = NullInterface()
            return
        interface = ShortcrustInterface() if kind is None else FlaskSessionInterface(app, kind)
        interface.driver(app, warn)
        app.session_interface = interface
