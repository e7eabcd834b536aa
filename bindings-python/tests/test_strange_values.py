"""What a session can't hold, what Python can't build, and values that call back: none is a 500."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SECRET
from flask import Flask, request, session
from shortcrust import Malformed, reason
from shortcrust import flask as flask_front
from simulated_fronts import FRONTS, Browser, simulation

FAR = 10**12
"""Seconds, until long after the year 9999."""


@pytest.fixture(params=FRONTS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with simulation(request.param, "memory", tmp_path) as found:
        yield found


def put(browser: Browser, value: Any) -> None:
    browser.visit(lambda visit: visit.session.update(a=value))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("9" * 5000, id="an integer of more digits than int() takes"),
        pytest.param('{" d":"Sun, 06 Nov 99999999999999 08:49:37 GMT"}', id="a date far away"),
    ],
)
def test_a_record_that_python_can_not_build_is_an_empty_session(shop: Any, value: str) -> None:
    browser = shop.browser()
    put(browser, 1)
    ((key, kept),) = shop.store._kept.items()
    text = kept.row.text.replace('{"a":1}', f'{{"a":{value}}}')
    shop.store._kept[key] = kept._replace(row=kept.row._replace(text=text))
    assert browser.visit() == {}
    assert browser.visit(lambda visit: visit.reason) == "malformed"
    put(browser, 2)
    assert browser.visit() == {"a": 2}


@pytest.mark.parametrize("number", [float("nan"), float("-inf")])
def test_a_number_that_other_languages_do_not_read_is_not_stored(shop: Any, number: float) -> None:
    browser = shop.browser()
    put(browser, 1)
    with pytest.raises(Malformed, match="store it as text"):
        put(browser, number)
    assert browser.visit() == {"a": 1}


@pytest.mark.filterwarnings("ignore:the session lives over 400 days")
def test_a_session_that_would_end_after_the_year_9999_is_kept(tmp_path: Path) -> None:
    for front in FRONTS:
        with simulation(front, "memory", tmp_path, idle=FAR, absolute=FAR) as shop:
            browser = shop.browser()
            put(browser, 1)
            assert browser.visit() == {"a": 1}
        with simulation(front, "memory", tmp_path, mode=None, idle=FAR, absolute=FAR) as shop:
            browser = shop.browser()
            put(browser, 1)
            assert browser.visit() == {"a": 1}


class Asking:
    """As a lazy object of a framework, it looks into the session when it is shown."""

    def __html__(self) -> str:
        return f"{reason(request)}, {flask_front.user()}, {sorted(session)}"


@pytest.mark.parametrize("is_new", [True, False])
def test_a_value_that_asks_the_session_while_it_is_written_is_written(is_new: bool) -> None:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET)
    flask_front.Shortcrust(app)

    @app.get("/put")
    def put() -> str:
        session["value"] = Asking()
        return ""

    @app.get("/nested")
    def nested() -> str:
        session["list"].append(Asking())
        return ""

    @app.get("/begin")
    def begin() -> str:
        session["list"] = []
        return ""

    @app.get("/")
    def show() -> str:
        return repr(dict(session))

    client = app.test_client()
    if is_new:
        assert client.get("/put").status_code == 200
        assert "no_cookie, None, ['value']" in client.get("/").text
    else:
        client.get("/begin")
        assert client.get("/nested").status_code == 200
        assert "None, None, ['list']" in client.get("/").text


ON_A_SMALL_STACK = """
import sys, threading
from shortcrust import _core, ambient

KEYS = ["a secret of thirty-two bytes or more"]
NEVER = {"idle": None, "absolute": None, "renew_after": None, "skew": None, "persistent": False}
FORMAT = {"format": "flask"}
ENGINE = _core.Engine({
    "name": "s", "secrets": KEYS, "format": FORMAT, "policy": NEVER,
    "duplicates": "first", "drop_in": True,
})
CODEC = _core.Codec(FORMAT, KEYS)

def nested(wrap, levels):
    value = 1
    for _ in range(levels):
        value = wrap(value)
    return {"a": value}

def seal(data):
    return ENGINE.seal(None, data, True, True, 0, ambient.entropy, None, False, True)

def work():
    for wrap, levels in ((lambda v: [v], 199), (lambda v: {"a": v}, 199), (lambda v: (v,), 99)):
        data = nested(wrap, levels)
        _, read = ENGINE.open(f"s={seal(data)}", 0)
        assert seal(read) == seal(data)
    text = '{"a":' * 199 + "%d" + "}" * 199
    assert _core.MergeRules({}).merge(text % 1, text % 2, text % 3) == text % 2
    print("done")

threading.stack_size(128 * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def test_the_deepest_session_fits_into_the_stack_that_musl_gives_a_thread() -> None:
    # An overflow would end the process.
    command = [sys.executable, "-c", ON_A_SMALL_STACK]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr
