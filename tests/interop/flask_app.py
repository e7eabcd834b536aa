"""The Flask half of the shop: people log in and out here."""

import os
from datetime import datetime, timezone

from flask import Flask, Response, jsonify, request, session
from shortcrust.flask import SessionInterface, Shortcrust, reason
from shortcrust.stores import SQLiteStore

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET"]
app.config["SESSION_COOKIE_NAME"] = app.config["SHORTCRUST_NAME"] = os.environ["NAME"]
if os.environ["FORMAT"] == "flask":
    app.session_interface = SessionInterface()
else:
    app.config["SHORTCRUST_REVOCATIONS"] = SQLiteStore(os.environ["REVOCATIONS"])
    Shortcrust(app)


@app.post("/login")
def login() -> Response:
    session["user"] = request.form["user"]
    session["since"] = datetime.now(timezone.utc)
    session["table"] = ("window", 4)
    session["basket"] = []
    return show()


@app.post("/logout")
def logout() -> Response:
    session.clear()
    return show()


@app.get("/")
def show() -> Response:
    return jsonify(
        greeting=f"Hello {session['user']}" if "user" in session else "Hello stranger",
        basket=session.get("basket", []),
        types={key: type(value).__name__ for key, value in session.items()},
        reason=reason(request),
    )


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]), threaded=True)
