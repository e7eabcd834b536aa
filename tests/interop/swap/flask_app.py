"""A stock Flask app; with SHORTCRUST in the environment its sessions are ours."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, request, session

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET"]
if os.environ.get("SHORTCRUST"):
    from shortcrust.flask import SessionInterface

    app.session_interface = SessionInterface()


@app.get("/login")
def login() -> dict[str, Any]:
    session.update(user=request.args["user"], basket=[])
    return dict(session)


@app.get("/add")
def add() -> dict[str, Any]:
    session["basket"] = [*session["basket"], request.args["item"]]
    return dict(session)


@app.get("/me")
def me() -> dict[str, Any]:
    return {**session, "sessions": type(app.session_interface).__module__.partition(".")[0]}


@app.get("/logout")
def logout() -> dict[str, Any]:
    session.clear()
    return {}


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]))
