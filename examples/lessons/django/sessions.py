"""The lessons about Django's session: what it can do, and where it lies."""

from __future__ import annotations

import base64
import os
import secrets
import zlib
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.http import HttpResponse
from django.utils import timezone
from lesson import Lesson, Part, answers


def prepare():
    """Makes the tables, as `manage.py migrate` and `manage.py createcachetable` do."""
    for variable in ("DATABASE_URL", "CACHE_URL"):
        url = os.environ.get(variable, "")
        if "://" in url and not answers(url):
            raise SystemExit(f"{variable}: nothing answers there. Start the server, then this.")
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)


def set_values(request):
    request.session["fruit"] = "apple"
    request.session["basket"] = ["bread", "jam"]
    return "Two keys are in the session."


def get_a_value(request):
    fruit = request.session.get("fruit")
    colour = request.session.get("colour", "none")
    return f"fruit: {fruit}, colour: {colour}"


def read_with_brackets(request):
    return f"fruit: {request.session['fruit']}"


def change_inside(request):
    request.session["basket"].append("tea")
    return f"basket: {request.session['basket']}"


def keys_and_items(request):
    keys = list(request.session.keys())
    items = list(request.session.items())
    return f"keys: {keys}\nitems: {items}"


def pop_a_value(request):
    fruit = request.session.pop("fruit", None)
    return f"{fruit} was taken out."


def del_a_value(request):
    del request.session["basket"]
    return "The basket is gone."


def clear_it(request):
    request.session.clear()
    return "The session is empty. Its cookie and its row stay."


def flush_it(request):
    request.session.flush()
    return "The session is gone, with its cookie and its row. A logout does this."


DICT = Lesson(
    "session-as-a-dict",
    "The session, nearly a dict",
    """<p><code>request.session</code> comes back with the next request of the same visitor. It has
    <code>get</code>, <code>pop</code>, <code>keys</code>, <code>items</code>, <code>clear</code>
    and square brackets, as a dict has.</p>
    <p><code>flush</code> is more than <code>clear</code>: the cookie is deleted too, and what the
    server kept. A change <em>inside</em> a list is saved; with Django alone you must also say
    <code>request.session.modified = True</code>.</p>""",
    (
        Part(
            (
                set_values,
                get_a_value,
                read_with_brackets,
                change_inside,
                keys_and_items,
                pop_a_value,
                del_a_value,
                clear_it,
                flush_it,
            ),
        ),
    ),
)


def say_nothing(request):
    request.session["fruit"] = "apple"
    return f"It ends in {request.session.get_expiry_age()} seconds: two weeks."


def so_many_seconds(request):
    request.session.set_expiry(600)
    return f"It ends in {request.session.get_expiry_age()} seconds."


def a_timedelta(request):
    request.session.set_expiry(timedelta(days=1))
    return f"It ends on {request.session.get_expiry_date():%d %B %Y}."


def zero(request):
    request.session.set_expiry(0)
    closes = request.session.get_expire_at_browser_close()
    return f"It ends when the browser closes: {closes}."


def none(request):
    request.session.set_expiry(None)
    return f"It ends as the settings say, in {request.session.get_expiry_age()} seconds."


EXPIRY = Lesson(
    "set-expiry",
    "set_expiry, and the two weeks",
    """<p>A session ends two weeks after it was last changed: <code>SESSION_COOKIE_AGE</code> is
    1,209,600 seconds. <code>set_expiry</code> says something else for this one session.</p>
    <p>A number is so many seconds. <code>0</code> means until the browser closes.
    <code>None</code> means as the settings say.</p>""",
    (Part((say_nothing, so_many_seconds, a_timedelta, zero, none)),),
)


def make_old_sessions(request):
    for number in range(3):
        Session.objects.create(
            session_key=secrets.token_hex(16),
            session_data=Session.objects.encode({"number": number}),
            expire_date=timezone.now() - timedelta(days=1),
        )
    return count_them()


def count_them(_=None):
    rows = Session.objects.all()
    ended = rows.filter(expire_date__lt=timezone.now())
    return f"{rows.count()} sessions in the table, of which {ended.count()} have ended."


def clear_expired(request):
    type(request.session).clear_expired()
    return count_them()


def manage_py_clearsessions(_):
    call_command("clearsessions")
    return count_them()


CLEAR = Lesson(
    "clear-expired",
    "clear_expired, and manage.py clearsessions",
    """<p>A session that has ended opens nothing. But its row stays in the table, because nobody
    asks for it any more. <code>clear_expired</code> removes such rows, and
    <code>python manage.py clearsessions</code> calls it. Run the command once a day.</p>
    <p>The engine <code>db</code> needs this, and <code>cached_db</code> and <code>file</code> too.
    A cache forgets by itself.</p>""",
    (Part((make_old_sessions, count_them, clear_expired, manage_py_clearsessions)),),
)


def put_something_in(request):
    request.session["user"] = "guest"
    request.session["note"] = "I like pears"
    return "The session is written."


def show_the_session(request):
    return dict(request.session) or "The session is empty."


def read_the_cookie_without_the_key(request):
    cookie = request.COOKIES[settings.SESSION_COOKIE_NAME]
    longest = max(cookie.replace(":", ".").split("."), key=len)
    data = base64.urlsafe_b64decode(longest + "=" * (-len(longest) % 4))
    # Django puts a dot in front of what it has made smaller.
    return zlib.decompress(data) if cookie.startswith(".") else data


def change_the_cookie(request):
    name = settings.SESSION_COOKIE_NAME
    cookie = request.COOKIES[name]
    changed = cookie[:9] + ("a" if cookie[9] != "a" else "b") + cookie[10:]
    answer = HttpResponse("One character of the cookie is another one now.")
    answer.set_cookie(name, changed, httponly=True)
    return answer


def what_the_server_has(request):
    engine = settings.SESSION_ENGINE.split(".")[-1]
    key = request.session.session_key
    if engine in ("db", "cached_db"):
        row = Session.objects.get(session_key=key)
        return f"django_session: {row.session_key}, {row.session_data}, {row.expire_date}"
    if engine == "cache":
        return f"{settings.CACHES['default']['BACKEND']}: {cache.get(request.session.cache_key)}"
    if engine == "file":
        return (Path(settings.SESSION_FILE_PATH) / f"sessionid{key}").read_text()
    return "Nothing. All of the session is in the cookie."


ENGINES = Lesson(
    "where-the-session-lies",
    "Where the session lies",
    f"""<p>One setting says it: <code>SESSION_ENGINE</code>. This site runs with
    <code>{settings.SESSION_ENGINE}</code>. Start it with another, and open this page again:</p>
    <ul>
    <li><code>ENGINE=db</code>: a table of the database</li>
    <li><code>ENGINE=file</code>: a file for each session</li>
    <li><code>ENGINE=cache</code>: the cache</li>
    <li><code>ENGINE=cached_db</code>: the table, and the cache for speed</li>
    <li><code>ENGINE=signed_cookies</code>: the cookie; all can read it, nobody can change it</li>
    <li><code>ENGINE=sealed_cookies</code>: the cookie, encrypted</li>
    </ul>
    <p><code>DATABASE_URL=mysql://root@localhost:3306/test</code> puts the table into MySQL.
    <code>CACHE_URL=redis://localhost:6379</code>, <code>memcached://localhost:11211</code>,
    <code>database:</code> or <code>file:</code> says what the cache is.</p>""",
    (
        Part(
            (
                put_something_in,
                show_the_session,
                read_the_cookie_without_the_key,
                what_the_server_has,
                change_the_cookie,
            ),
        ),
    ),
)


def put_in_a_little(request):
    request.session["text"] = secrets.token_hex(500)
    return "This fits."


def put_in_too_much(request):
    request.session["text"] = secrets.token_hex(4000)
    return "This fits into a database. Into a cookie it does not, and then you will not read this."


TOO_LARGE = Lesson(
    "four-kilobytes",
    "A session over 4 KB",
    """<p>A browser keeps no cookie of more than 4,096 bytes, and says nothing. In a table or a
    cache a session may be larger. Start this site with <code>ENGINE=sealed_cookies</code>, and the
    second button is an error that says so.</p>""",
    (Part((put_in_a_little, put_in_too_much)),),
)

LESSONS = [DICT, EXPIRY, CLEAR, ENGINES, TOO_LARGE]
