"""From a compressed cookie of Flask's to a sealed one, for which it is too large."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import SECRET, Clock
from flask import Flask, request, session
from shortcrust import TooLarge, reason
from shortcrust.flask import Shortcrust
from shortcrust.stores import MemoryStore
from test_drop_in import cookies, serve, setter
from werkzeug.test import Client

ROWS = [{"sku": f"A-{n:04}", "name": "a plain thing", "qty": 1} for n in range(90)]


def put_in(**config: Any) -> tuple[Flask, Client]:
    """A browser with Flask's cookie, at our front."""
    peer = Flask(__name__)
    peer.config["SECRET_KEY"] = SECRET
    serve(peer, login=setter(cart=ROWS))
    browser = peer.test_client()
    browser.get("/login")
    app = Flask(__name__)
    reader = {"format": "flask", "until": "2026-03-01"}
    app.config.update(SECRET_KEY=SECRET, SHORTCRUST_READERS=[reader], **config)
    Shortcrust(app)
    serve(
        app,
        read=lambda: (len(session.get("cart", ())), reason(request)),
        add=lambda: session["cart"].append(ROWS[0]),
        less=lambda: session.update(cart=[row["sku"] for row in ROWS]),
    )
    client = app.test_client()
    client._cookies = browser._cookies
    return app, client


def test_a_request_that_only_reads_is_answered_and_the_old_cookie_stays(clock: Clock) -> None:
    _, client = put_in()
    for days in (0, 5, 5):
        clock.advance(days=days)
        response = client.get("/read")
        assert (response.text, cookies(response)) == ("(90, None)", [])


def test_a_request_that_changes_the_session_fails_and_names_the_ways_out(clock: Clock) -> None:
    app, client = put_in()
    app.testing = True
    with pytest.raises(TooLarge, match="put less into the session, or keep sessions in a store"):
        client.get("/add")
    app.testing = False
    assert client.get("/add").status_code == 500
    assert client.get("/read").text == "(90, None)"


def test_a_session_that_becomes_smaller_is_sealed(clock: Clock) -> None:
    _, client = put_in()
    (cookie,) = cookies(client.get("/less"))
    assert cookie.startswith("session=v4.local.")
    assert client.get("/read").text == "(90, None)"


def test_a_store_takes_it_over(clock: Clock) -> None:
    _, client = put_in(SHORTCRUST_STORE=MemoryStore())
    assert client.get("/read").text == "(90, None)"
    client.get("/add")
    assert client.get("/read").text == "(91, None)"


def test_when_the_readers_time_has_passed_the_session_is_over(clock: Clock) -> None:
    _, client = put_in(SHORTCRUST_IDLE=None)
    clock.advance(days=80)
    assert client.get("/read").text == "(0, 'malformed')"
