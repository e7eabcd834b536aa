"""Where the package is installed: a session goes there and back, as does a cookie of Flask's own.

`python round_trip.py`, in an environment with Flask.
"""

from __future__ import annotations

import sys
import sysconfig

from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface
from shortcrust.flask import SessionInterface, Shortcrust


def shop() -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "a secret that is only for this test"

    @app.get("/")
    def count() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return str(session["visits"])

    return app


def visits(app: Flask, cookie: str = "") -> tuple[str, str]:
    response = app.test_client(use_cookies=False).get("/", headers={"Cookie": cookie})
    return response.text, response.headers["Set-Cookie"].split(";")[0]


own, drop_in, peer = shop(), shop(), shop()
Shortcrust(own)
drop_in.session_interface = SessionInterface()
assert isinstance(peer.session_interface, SecureCookieSessionInterface)

_, sealed = visits(own)
assert visits(own, sealed)[0] == "2"
forged = sealed[:-5] + ("B" if sealed[-5] == "A" else "A") + sealed[-4:]
assert visits(own, forged)[0] == "1"
_, cookie = visits(peer)
seen, cookie = visits(drop_in, cookie)
assert seen == "2"
assert visits(peer, cookie)[0] == "3"
if sys.version_info >= (3, 13):
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    assert sys._is_gil_enabled() == (not free_threaded), "the module switched the GIL on again"
print(f"{sys.implementation.name} {sys.version.split()[0]}: there and back")
