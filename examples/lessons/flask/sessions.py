"""The lessons about Flask's session: what it can do, and where it lies."""

from __future__ import annotations

import base64
import os
import secrets
import sqlite3
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

from flask import Flask, current_app, make_response, request, session
from lesson import Lesson, Part
from shortcrust import reason
from shortcrust.flask import SessionInterface, Shortcrust
from shortcrust.stores import SQLiteStore

SECRET = os.environ.get("SECRET_KEY") or secrets.token_hex(32)
FOLDER = Path(os.environ.get("LESSONS_FOLDER") or mkdtemp(prefix="lessons-"))


def signed(name):
    app = Flask(name)
    app.config["SECRET_KEY"] = SECRET
    app.config["SESSION_COOKIE_NAME"] = name
    app.session_interface = SessionInterface()
    return app


def dict_app():
    return signed("session")


def set_a_value():
    session["fruit"] = "apple"
    session["basket"] = ["bread", "jam"]
    return "Two keys are in the session."


def get_a_value():
    return f"fruit: {session.get('fruit')}, colour: {session.get('colour', 'none')}"


def read_with_brackets():
    return f"fruit: {session['fruit']}"


def change_inside():
    session["basket"].append("tea")
    return f"basket: {session['basket']}"


def show_all():
    return dict(session)


def pop_a_value():
    fruit = session.pop("fruit", None)
    return f"{fruit} was taken out."


def del_a_value():
    del session["basket"]
    return "The basket is gone."


def clear_it():
    session.clear()
    return "The session is empty, so its cookie is deleted."


DICT = Lesson(
    "session-as-a-dict",
    "The session, a dict",
    """<p>A session is a dict that comes back with the next request of the same visitor. Flask keeps
    it in a cookie, and signs it with <code>SECRET_KEY</code>.</p>
    <p><code>get</code> gives <code>None</code> where a key is not there, square brackets an error.
    A change <em>inside</em> a list is saved too; with Flask alone you must also say
    <code>session.modified = True</code>.</p>""",
    (
        Part(
            (
                set_a_value,
                get_a_value,
                read_with_brackets,
                change_inside,
                show_all,
                pop_a_value,
                del_a_value,
                clear_it,
            ),
            setup=(signed,),
            app=dict_app,
        ),
    ),
)


def until_the_browser_closes():
    session["fruit"] = "apple"
    session.permanent = False
    return "The cookie has no end."


def make_it_permanent():
    session["fruit"] = "apple"
    session.permanent = True
    days = current_app.permanent_session_lifetime.days
    return f"The cookie ends in {days} days."


def as_ever():
    return signed("default_lifetime")


def two_hours():
    app = signed("two_hours")
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(hours=2)
    return app


def lifetime():
    session["fruit"] = "apple"
    session.permanent = True
    return f"The cookie ends in {current_app.permanent_session_lifetime}."


PERMANENT = Lesson(
    "session-permanent",
    "permanent: 31 days, or what you say",
    """<p>A session's cookie is gone when the browser closes. After
    <code>session.permanent = True</code> it stays for 31 days. The setting
    <code>PERMANENT_SESSION_LIFETIME</code> changes that: a <code>timedelta</code>, or seconds.</p>
    <p>The server looks at the time too: an older cookie is an empty session, permanent or
    not.</p>""",
    (
        Part((until_the_browser_closes, make_it_permanent), app=as_ever),
        Part((lifetime,), app=two_hours, heading="With PERMANENT_SESSION_LIFETIME"),
    ),
)


def without_a_key():
    app = Flask("no-key")
    app.session_interface = SessionInterface()
    return app


def write_into_it():
    session["fruit"] = "apple"
    return "You will not read this."


def read_it():
    return f"fruit: {session.get('fruit')}"


NO_KEY = Lesson(
    "session-without-a-key",
    "Without SECRET_KEY",
    """<p>Without a key Flask can't sign the session. Reading gives an empty session. Writing is an
    error that says what to do.</p>
    <p>A good key is long and random. <code>python -c 'import secrets;
    print(secrets.token_hex(32))'</code> prints one. Keep it out of your code, for instance in an
    environment variable. Who knows it can write every session.</p>""",
    (Part((read_it, write_into_it), app=without_a_key),),
)


def signed_app():
    return signed("signed")


def sealed_app():
    app = Flask("sealed")
    app.config["SECRET_KEY"] = SECRET
    app.config["SESSION_COOKIE_NAME"] = "sealed"
    Shortcrust(app)
    return app


def stored_app():
    app = Flask("stored")
    app.config["SECRET_KEY"] = SECRET
    app.config["SESSION_COOKIE_NAME"] = "stored"
    app.config["SHORTCRUST_STORE"] = SQLiteStore(FOLDER / "sessions.db")
    Shortcrust(app)
    return app


def log_in_as_guest():
    session["user"] = "guest"
    session["note"] = "I like pears"
    return "The session is written."


def show_the_session():
    why = reason(request)
    return dict(session) or f"The session is empty. Why: {why}"


def read_the_cookie_without_the_key():
    cookie = request.cookies[current_app.config["SESSION_COOKIE_NAME"]]
    longest = max(cookie.split("."), key=len)
    return base64.urlsafe_b64decode(longest + "=" * (-len(longest) % 4))


def change_the_cookie():
    name = current_app.config["SESSION_COOKIE_NAME"]
    cookie = request.cookies[name]
    changed = cookie[:9] + ("A" if cookie[9] != "A" else "B") + cookie[10:]
    answer = make_response("One character of the cookie is another one now.")
    answer.set_cookie(name, changed, httponly=True)
    return answer


def show_what_the_store_has():
    with sqlite3.connect(FOLDER / "sessions.db") as database:
        rows = database.execute("SELECT key, version, record FROM shortcrust_session").fetchall()
    return "\n".join(f"{key}, version {version}: {record}" for key, version, record in rows)


def forge_an_id():
    answer = make_response("The cookie has an id that somebody made up.")
    answer.set_cookie("stored", secrets.token_urlsafe(32), httponly=True)
    return answer


IN_COOKIE = (log_in_as_guest, show_the_session, read_the_cookie_without_the_key, change_the_cookie)
SIDES = Lesson(
    "client-side-and-server-side",
    "In the browser or on the server",
    """<p>A session can lie in the cookie itself (client-side), or on the server, and then the
    cookie has a text that nobody can guess, the session's id (server-side). Here is the same
    session three times. Press the same buttons in each part, and look at the cookies.</p>
    <p><strong>Signed</strong>: everybody can read the cookie, and nobody can change it.
    <strong>Encrypted</strong>: nobody can read it, and nobody can change it.
    <strong>On the server</strong>: the cookie says nothing, and an id that somebody made up opens
    nothing. The server can end such a session.</p>""",
    (
        Part(IN_COOKIE, setup=(signed,), app=signed_app, heading="Signed, in the cookie"),
        Part(IN_COOKIE, app=sealed_app, heading="Encrypted, in the cookie"),
        Part(
            (log_in_as_guest, show_the_session, show_what_the_store_has, forge_an_id),
            app=stored_app,
            heading="On the server",
        ),
    ),
)


def put_in_a_little():
    session["text"] = "x" * 1000
    return "This fits."


def put_in_too_much():
    session["text"] = "x" * 5000
    return "You will not read this."


TOO_LARGE = Lesson(
    "four-kilobytes",
    "A session over 4 KB",
    """<p>A browser keeps no cookie of more than 4,096 bytes, and says nothing. So a session in the
    cookie that grows too much would be lost, and nobody would know why.</p>
    <p>Here it is an error that says so. The session from before stays as it was. To keep more, put
    sessions into a store.</p>""",
    (Part((put_in_a_little, put_in_too_much, show_the_session), app=sealed_app),),
)

LESSONS = [DICT, PERMANENT, NO_KEY, SIDES, TOO_LARGE]
