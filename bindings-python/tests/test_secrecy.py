"""Neither representations nor messages show a secret, a token or what is in a session."""

from __future__ import annotations

import traceback

import pytest
from conftest import SECRET
from flask import Flask
from shortcrust import ShortcrustError, ambient
from shortcrust._core import Codec, Engine
from shortcrust.flask import SessionInterface, Shortcrust
from test_drop_in import cookies, serve, setter
from test_encoding import NEVER, no_fallback


def test_what_the_native_module_gives_shows_nothing() -> None:
    engine = Engine(
        {
            "name": "s",
            "secrets": [SECRET],
            "format": {"format": "sealed"},
            "policy": NEVER,
            "duplicates": "first",
        }
    )
    codec = Codec({"format": "sealed"}, [SECRET])
    token = codec.seal('{"user":"ada"}', "s", 0, NEVER, ambient.entropy)
    session, _ = engine.open(f"s={token}", 0)
    closed = engine.close(
        session, {"user": "ada"}, True, False, 0, ambient.entropy, no_fallback, False, False
    )
    for shown in (engine, codec, session, closed, SessionInterface(), Shortcrust()):
        text = repr(shown) + str(shown)
        assert not any(secret in text for secret in (SECRET, token, "ada"))


@pytest.mark.parametrize("header", ["s=garbage-in", "s=v4.local.garbage-in", "s=garbage-in.a.b"])
@pytest.mark.parametrize("session_format", ["flask", "sealed", "express"])
def test_a_refusal_shows_neither_the_secret_nor_the_token(session_format: str, header: str) -> None:
    with pytest.raises(ShortcrustError) as raised:
        Codec({"format": session_format}, [SECRET]).open(header, "s", 0, NEVER)
    text = "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)
    assert SECRET not in text
    assert "garbage" not in text


def test_a_session_that_is_too_large_is_not_shown() -> None:
    app = Flask(__name__)
    app.testing = True
    app.config["SECRET_KEY"] = SECRET
    Shortcrust(app)
    serve(app, save=setter(text="ada" * 4000))
    with pytest.raises(ShortcrustError) as raised:
        app.test_client().get("/save")
    assert "ada" not in str(raised.value)


def test_the_session_object_shows_its_data_alone() -> None:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    app.session_interface = SessionInterface()
    serve(app, save=setter(user="ada"))
    client = app.test_client()
    cookie = cookies(client.get("/save"))[0]
    with client.session_transaction() as opened:
        assert repr(opened) == "<SecureCookieSession {'user': 'ada'}>"
        assert cookie.partition(";")[0] not in repr(vars(opened))
