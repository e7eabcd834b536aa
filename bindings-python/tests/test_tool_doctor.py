"""The doctor finds what was planted in real applications, and nothing in those done right."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_tool import Tool

if TYPE_CHECKING:
    from collections.abc import Iterator

MAIN = Path(__file__).parents[2] / "bindings-node/dist/tool/main.js"
SECRET = "a secret for the tests only, of thirty-two bytes"

FLASK = f"""
from flask import Flask, session
from werkzeug.middleware.proxy_fix import ProxyFix
app = Flask(__name__)
app.secret_key = {SECRET!r}
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"

@app.get("/")
@app.get("/shop/cart")
def page():
    session["n"] = 1
    return "a page"
"""
FRONT = """
from shortcrust.flask import Shortcrust
app.config["SHORTCRUST_SECRETS"] = [app.secret_key]
Shortcrust(app)
"""
STARLETTE = f"""
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def page(request):
    request.session["n"] = 1
    return PlainTextResponse("a page", headers={{"Cache-Control": "private"}})

layer = Middleware(SessionMiddleware, secret_key={SECRET!r})
app = Starlette(routes=[Route("/", page)], middleware=[layer])
"""
DJANGO = f"""
from django.conf import settings
settings.configure(
    SECRET_KEY={SECRET!r}, ALLOWED_HOSTS=["localhost"], ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies", DEBUG=DEBUG,
)
import django
django.setup()
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

def page(request):
    request.session["n"] = 1
    return HttpResponse("a page")

urlpatterns = [path("", page)]
app = get_wsgi_application()
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tool:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return Tool(monkeypatch)


def findings(run: Tool, folder: Path, name: str, code: str, *args: str) -> dict[str, str | None]:
    """The rules that are broken, and by which cookie."""
    (folder / f"{name}.py").write_text(code)
    done = run("doctor", f"{name}:app", "--json", *args)
    assert done.err == ""
    found: list[dict[str, Any]] = json.loads(done.out)["findings"]
    assert done.code == (1 if found else 0)
    return {finding["rule"]: finding["cookie"] for finding in found}


PLANTED = {
    "proxy": ("", ["--proxy"]),
    "samesite-missing": ('app.config["SESSION_COOKIE_SAMESITE"] = None', []),
    "samesite-none": ('app.config["SESSION_COOKIE_SAMESITE"] = "None"', []),
    "httponly-missing": ('app.config["SESSION_COOKIE_HTTPONLY"] = False', []),
    "domain-foreign": ('app.config["SESSION_COOKIE_DOMAIN"] = "example.com"', []),
    "path-narrow": ('app.config["SESSION_COOKIE_PATH"] = "/admin"', []),
    "host-prefix": ('app.config["SESSION_COOKIE_NAME"] = "__Host-session"', []),
    "secret-short": ('app.secret_key = "dev"', []),
    "debug": ("app.debug = True", []),
    "lifetime": (
        (
            "from datetime import timedelta\n"
            'app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(days=730)\n'
            "@app.before_request\ndef stay(): session.permanent = True"
        ),
        [],
    ),
    "too-large": (
        # Werkzeug warns of it, too.
        (
            "import os\napp.config['MAX_COOKIE_SIZE'] = 0\n"
            "@app.before_request\ndef fill(): session['x'] = os.urandom(4_000)"
        ),
        [],
    ),
    "twice": (
        (
            "@app.after_request\ndef again(response):\n"
            "    response.headers.add('Set-Cookie', 'theme=dark; Path=/')\n"
            "    response.headers.add('Set-Cookie', 'theme=light; Path=/')\n    return response"
        ),
        [],
    ),
    "two-places": (
        (
            "@app.after_request\ndef again(response):\n"
            "    response.set_cookie('theme', 'dark')\n"
            "    response.set_cookie('theme', 'dark', path='/shop')\n    return response"
        ),
        ["--path", "/shop/cart"],
    ),
    "cache-public": (
        (
            "@app.after_request\ndef keep(response):\n"
            "    response.headers['Cache-Control'] = 'public, max-age=60'\n    return response"
        ),
        [],
    ),
    "value": (
        (
            "@app.after_request\ndef odd(response):\n"
            "    response.headers.add('Set-Cookie', 'theme=dark blue; Path=/')\n    return response"
        ),
        [],
    ),
}


@pytest.mark.parametrize("rule", PLANTED)
def test_a_mistake_in_a_flask_app_is_found_alone(rule: str, run: Tool, tmp_path: Path) -> None:
    planted, args = PLANTED[rule]
    name = f"flask_{rule.replace('-', '_')}"
    found = findings(run, tmp_path, name, FLASK + planted, *args)
    assert list(found) == [rule]


def test_applications_that_are_done_right_have_no_finding(run: Tool, tmp_path: Path) -> None:
    trusting = "app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)\n"
    assert findings(run, tmp_path, "right_flask", FLASK) == {}
    front = FLASK + FRONT + trusting
    assert findings(run, tmp_path, "right_front", front, "--proxy") == {}
    assert findings(run, tmp_path, "right_starlette", STARLETTE) == {}


def test_starlette_sets_no_secure_cookie_behind_a_proxy(run: Tool, tmp_path: Path) -> None:
    assert findings(run, tmp_path, "proxied_starlette", STARLETTE, "--proxy") == {
        "proxy": "session"
    }


@pytest.mark.parametrize("is_debug", [False, True])
def test_djangos_debug_mode_is_found(is_debug: bool, tmp_path: Path) -> None:
    """In a process of its own, as Django is configured once."""
    (tmp_path / "site_of_django.py").write_text(DJANGO.replace("DEBUG=DEBUG", f"DEBUG={is_debug}"))
    args = [sys.executable, "-m", "shortcrust", "doctor", "site_of_django:app", "--json"]
    done = subprocess.run(args, cwd=tmp_path, capture_output=True, check=False)
    found = [finding["rule"] for finding in json.loads(done.stdout)["findings"]]
    assert found == (["debug"] if is_debug else [])


def test_what_is_no_application_is_said(run: Tool, tmp_path: Path) -> None:
    (tmp_path / "nothing_here.py").write_text(
        "app = 1\nprint('noise')\nbroken = lambda *_: 1 / 0\n"
    )
    for target, message in (
        ("no_module:app", "no_module:app can't be imported: ModuleNotFoundError"),
        ("nothing_here:other", "nothing_here:other can't be imported: AttributeError"),
        ("nothing_here:app", "nothing_here:app is no application of WSGI or ASGI"),
        ("nothing_here:broken", "the application failed: ZeroDivisionError"),
    ):
        done = run("doctor", target)
        assert (done.out, done.code) == ("", 2)
        assert done.err.endswith(f"shortcrust: {message}\n")


class Pages(BaseHTTPRequestHandler):
    """Set-Cookie lines by path."""

    def do_GET(self) -> None:
        is_login = self.path == "/login"
        self.send_response(303 if is_login else 200)
        if is_login:
            self.send_header("Location", "/shop/cart")
            self.send_header("Set-Cookie", "session=abc; Path=/; HttpOnly; SameSite=None")
        elif "session=abc" in self.headers.get("Cookie", ""):
            self.send_header("Set-Cookie", "basket=1; Path=/admin")
            self.send_header("Cache-Control", "max-age=60")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(not MAIN.exists(), reason="Node's tool is not built")
def test_a_url_is_followed_and_both_tools_say_the_same(run: Tool, origin: str) -> None:
    for kind in ([], ["--json"], ["--proxy", "--name", "session"]):
        done = run("doctor", f"{origin}/login", *kind)
        args = ["node", str(MAIN), "doctor", f"{origin}/login", *kind]
        theirs = subprocess.run(args, capture_output=True, check=False)
        assert (theirs.stdout.decode(), theirs.stderr.decode(), theirs.returncode) == done
    found = json.loads(run("doctor", f"{origin}/login", "--json").out)
    assert [(finding["rule"], finding["cookie"]) for finding in found["findings"]] == [
        ("samesite-none", "session"),
        ("cache-public", None),
        ("cache-unsaid", None),
        ("path-narrow", "basket"),
    ]
    assert [visit["url"] for visit in found["visits"]] == [f"{origin}/login", f"{origin}/shop/cart"]


def test_a_page_that_is_not_there_is_said(run: Tool) -> None:
    done = run("doctor", "http://127.0.0.1:1/")
    assert done == ("", "shortcrust: the page http://127.0.0.1:1/ can't be fetched\n", 2)
    assert (
        run("doctor", "ftp://x/").err == "shortcrust: the URL must begin with http:// or https://\n"
    )
