"""The golden vectors, against the codec and through whole Flask apps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
import vectors
from conftest import Clock
from flask import Flask, Response, jsonify, request, session
from flask.json.tag import TaggedJSONSerializer
from shortcrust import ShortcrustError, reason
from shortcrust._core import Codec
from shortcrust._options import FormatOptions
from shortcrust.flask import SessionInterface, Shortcrust
from vectors import Case

YEARS = 3_000_000_000


def each(*stems: str, having: str = "id", without: str = "") -> pytest.MarkDecorator:
    found = [
        pytest.param(session_format, case, id=case["id"])
        for stem in stems
        for session_format, cases in [vectors.load(stem)]
        for case in cases
        if having in case and not (without and case["id"].endswith(without))
    ]
    return pytest.mark.parametrize(("session_format", "case"), found)


def codec(session_format: str, case: Case) -> Codec:
    options = cast("FormatOptions", {"format": session_format, **case.get("options", {})})
    return Codec(options, vectors.keys(case))


class Rng:
    def __init__(self, rolls: str) -> None:
        self.left = bytes.fromhex(rolls)

    def __call__(self, size: int) -> bytes:
        rolled, self.left = self.left[:size], self.left[size:]
        return rolled


def test_all_vector_files_are_run() -> None:
    assert {path.stem for path in vectors.FOLDER.glob("*.json")} == set(vectors.STEMS)


@each(*vectors.STEMS)
def test_the_codec_reads_as_the_vectors_say(session_format: str, case: Case) -> None:
    found: dict[str, Any] = {}
    try:
        found["payload"] = codec(session_format, case).open(
            vectors.header(case), case["name"], case["now_ms"], vectors.policy(case)
        )
        found["expect"] = "ok"
    except ShortcrustError as error:
        found["expect"] = error.code
    assert found == {key: case[key] for key in ("payload", "expect") if key in case}


@each("flask", "sealed", "express", having="entropy")
def test_the_codec_seals_byte_for_byte_where_the_random_bytes_are_given(
    session_format: str, case: Case
) -> None:
    rng = Rng(case["entropy"])
    token = codec(session_format, case).seal(
        case["payload"], case["name"], case["now_ms"], vectors.policy(case), rng
    )
    assert [[case["name"], token]] == case["cookies"]
    assert rng.left == b""


def drop_in(case: Case) -> Flask:
    options = case.get("options", {})

    class Interface(SessionInterface):
        salt = options.get("salt", "cookie-session")
        digest_method = getattr(hashlib, options.get("digest", "sha1"))
        key_derivation = options.get("key_derivation", "hmac")
        _skew = vectors.policy(case)["skew"] or 0

    current, *previous = vectors.keys(case)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=current,
        SECRET_KEY_FALLBACKS=previous[::-1],
        SESSION_COOKIE_NAME=case["name"],
        PERMANENT_SESSION_LIFETIME=case.get("policy", {}).get("idle_s", YEARS),
    )
    app.session_interface = Interface()
    return shown(app)


def own_front(case: Case) -> Flask:
    limits = vectors.policy(case)
    app = Flask(__name__)
    app.config.update(
        SHORTCRUST_SECRETS=vectors.keys(case),
        SHORTCRUST_NAME=case["name"],
        SHORTCRUST_AUDIENCE=case.get("options", {}).get("audience", ""),
        SHORTCRUST_IDLE=limits["idle"],
        SHORTCRUST_ABSOLUTE=limits["absolute"],
        SHORTCRUST_SKEW=limits["skew"],
    )
    Shortcrust(app)
    return shown(app)


def shown(app: Flask) -> Flask:
    @app.get("/")
    def show() -> Response:
        text = TaggedJSONSerializer().dumps(dict(session))
        return jsonify(session=json.loads(text), reason=reason(request))

    return app


def visit(make_app: Callable[[Case], Flask], case: Case, clock: Clock) -> Any:
    clock.set_ms(case["now_ms"])
    client = make_app(case).test_client(use_cookies=False)
    response = client.get("/", environ_overrides={"HTTP_COOKIE": vectors.wsgi_header(case)})
    assert response.status_code == 200
    return response.json


# A front takes the quotes off first, as the frameworks do.
@each("refused-flask", without="/quoted")
def test_a_refused_cookie_is_an_empty_session_in_the_drop_in(
    session_format: str, case: Case, clock: Clock
) -> None:
    assert session_format == "flask"
    assert visit(drop_in, case, clock) == {"session": {}, "reason": case["expect"]}


@each("refused-sealed", without="/quoted")
def test_a_refused_cookie_is_an_empty_session_in_our_front(
    session_format: str, case: Case, clock: Clock
) -> None:
    assert session_format == "sealed"
    assert visit(own_front, case, clock) == {"session": {}, "reason": case["expect"]}


@each("flask")
def test_a_cookie_that_opens_has_the_same_data_in_the_drop_in(
    session_format: str, case: Case, clock: Clock
) -> None:
    assert session_format == "flask"
    serializer = TaggedJSONSerializer()
    same = serializer.dumps(serializer.loads(case["payload"]))
    assert visit(drop_in, case, clock) == {"session": json.loads(same), "reason": None}


@pytest.mark.parametrize("make_app", [drop_in, own_front])
def test_a_cookie_header_of_a_megabyte_is_an_empty_session(
    make_app: Callable[[Case], Flask], clock: Clock
) -> None:
    for junk in ("session=" + "a" * 2**20, "session=a; " * 2**17, "\xff=" * 2**19 + "session"):
        case = {**vectors.cases("refused-sealed")[0], "header": junk}
        assert visit(make_app, case, clock)["session"] == {}
