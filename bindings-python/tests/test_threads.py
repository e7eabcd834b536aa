"""Many threads share one app and one engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import SECRET
from flask import Flask, session
from shortcrust.flask import SessionInterface, Shortcrust


@pytest.mark.parametrize("front", ["drop-in", "front"])
def test_sessions_of_many_threads_do_not_mix(front: str) -> None:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    if front == "front":
        Shortcrust(app)
    else:
        app.session_interface = SessionInterface()

    @app.get("/<name>")
    def visit(name: str) -> list[str]:
        session.setdefault("names", []).append(name)
        return list(session["names"])

    def browse(name: str) -> object:
        client = app.test_client()
        for _ in range(20):
            last = client.get(f"/{name}").json
        return last

    names = [f"user-{n}" for n in range(32)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(browse, names))
    assert found == [[name] * 20 for name in names]
