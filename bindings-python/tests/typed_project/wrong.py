"""Each marked line is an error."""

from __future__ import annotations

import shortcrust
from flask import Flask, request, session
from shortcrust.flask import SessionInterface, Shortcrust, ShortcrustInterface

app = Flask(__name__)
SessionInterface(True)  # wrong
SessionInterface(peer_exact="yes")  # wrong
Shortcrust("app")  # wrong
ShortcrustInterface().regenerate(session, "rename")  # wrong
why: str = shortcrust.reason(request)  # wrong
shortcrust.reason(app)  # wrong
shortcrust.ConfigError("text").code = 1  # wrong
