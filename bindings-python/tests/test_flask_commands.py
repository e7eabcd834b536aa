"""What extensions see of our front's session, and what they leave in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import SECRET
from flask import Flask, Response, copy_current_request_context, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from shortcrust import Unsupported
from shortcrust.flask import Shortcrust, login, logout, regenerate, save
from shortcrust.stores import MemoryStore
from test_drop_in import serve, show
from werkzeug.test import Client


@pytest.fixture(params=["cookie", "store"])
def app(request: pytest.FixtureRequest) -> Flask:
    return build(MemoryStore() if request.param == "store" else None)


@pytest.fixture
def stored() -> Flask:
    return build(MemoryStore())


def build(store: MemoryStore | None) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, SHORTCRUST_STORE=store)
    Shortcrust(app)
    serve(app, begin=lambda: session.update(cart=["pear"], pair=(1, {"a": 1.0})), show=show)
    return app


def visitor(app: Flask) -> Client:
    client = app.test_client()
    client.get("/begin")
    return client


# `session.modified`


def modified_after(app: Flask, change: Callable[[], Any]) -> Any:
    def look() -> bool:
        change()
        return bool(session.modified)

    serve(app, look=look)
    return visitor(app).get("/look").text


@pytest.mark.parametrize(
    "change",
    [
        lambda: session["cart"].append("fig"),
        lambda: session["pair"][1].update(a=2),
        lambda: session["pair"][1].update(a=1),
        lambda: session["pair"][1].update(a=True),
        lambda: session.update(n=1),
        lambda: session.pop("cart"),
        lambda: session.clear(),
        lambda: setattr(session, "modified", True),
    ],
    ids=["append", "inside a tuple", "int", "bool", "update", "pop", "clear", "set"],
)
def test_modified_sees_every_change(app: Flask, change: Callable[[], Any]) -> None:
    assert modified_after(app, change) == "True"


@pytest.mark.parametrize(
    "look",
    [
        lambda: None,
        lambda: session["cart"],
        lambda: session["cart"].append("x") or session["cart"].pop(),
    ],
    ids=["nothing", "read", "there and back"],
)
def test_a_session_that_is_as_it_came_is_not_modified(app: Flask, look: Callable[[], Any]) -> None:
    assert modified_after(app, look) == "False"


def test_a_session_that_is_new_and_empty_is_not_modified(app: Flask) -> None:
    serve(app, look=lambda: session.modified)
    assert app.test_client().get("/look").text == "False"


def test_a_nested_change_counts_after_a_save_too(stored: Flask) -> None:
    def twice() -> list[bool]:
        session["cart"].append("fig")
        save()
        saved = bool(session.modified)
        session["cart"].append("plum")
        return [saved, bool(session.modified)]

    serve(stored, twice=twice)
    client = visitor(stored)
    assert client.get("/twice").text == "[False, True]"
    assert "'plum'" in client.get("/show").text


def test_an_extension_that_saves_what_is_modified_keeps_a_nested_change(stored: Flask) -> None:
    """As Flask-SocketIO does after each event."""
    client = visitor(stored)
    interface = stored.session_interface
    cookie = client.get_cookie("session")
    assert cookie is not None
    for fruit in ("fig", "plum"):
        with stored.request_context({**environ(), "HTTP_COOKIE": f"session={cookie.value}"}):
            session["cart"].append(fruit)
            if session.modified:
                interface.save_session(stored, session, Response())
    assert "['pear', 'fig', 'plum']" in client.get("/show").text


def after_event(app: Flask, client: Client, event: Callable[[], Any]) -> Response:
    """As Flask-SocketIO (5.6) without ``manage_session``: the response is sent to nobody."""
    cookie = client.get_cookie("session")
    header = {} if cookie is None else {"HTTP_COOKIE": f"session={cookie.value}"}
    with app.request_context({**environ(), **header}):
        for mark in ("sid", "namespace"):
            setattr(request, mark, "/")
        event()
        response = Response()
        if session.modified:
            app.session_interface.save_session(app, session, response)
    return response


def test_an_event_writes_into_the_session_that_its_cookie_names(stored: Flask) -> None:
    client = visitor(stored)
    response = after_event(stored, client, lambda: session["cart"].append("fig"))
    assert "['pear', 'fig']" in client.get("/show").text
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    "event", [lambda: session.update(cart=["fig"]), lambda: login("ada")], ids=["data", "login"]
)
def test_an_event_without_a_session_makes_no_record_that_no_cookie_names(
    stored: Flask, event: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    after_event(stored, stored.test_client(), event)
    assert records(stored) == 0
    assert "the session of an event was not saved" in caplog.text


@pytest.mark.parametrize("event", [lambda: login("ada"), regenerate], ids=["login", "regenerate"])
def test_an_event_that_asks_for_a_new_id_leaves_the_session_as_it_is(
    stored: Flask, event: Callable[[], Any]
) -> None:
    client = visitor(stored)
    after_event(stored, client, event)
    assert "'pear'" in client.get("/show").text
    assert records(stored) == 1


def test_a_user_whom_an_event_sets_by_hand_is_in_the_session_that_the_cookie_names(
    stored: Flask,
) -> None:
    client = visitor(stored)
    after_event(stored, client, lambda: session.update(user_id="ada"))
    assert "'user_id': 'ada'" in client.get("/show").text
    assert records(stored) == 1


def test_an_event_may_log_out(stored: Flask) -> None:
    client = visitor(stored)
    after_event(stored, client, logout)
    assert client.get("/show").text == "{}"


def environ() -> dict[str, Any]:
    from werkzeug.test import EnvironBuilder  # noqa: PLC0415 - the one test needs it

    return dict(EnvironBuilder().get_environ())


# What comes after the response


@pytest.fixture
def tasks(stored: Flask) -> Iterator[Callable[[str, Callable[[], Any]], Any]]:
    """Runs something in the background of a request, when its response has been made."""

    def run(path: str, task: Callable[[], Any]) -> Any:
        answered, told = threading.Event(), []

        def view() -> None:
            session.get("cart")

            @copy_current_request_context
            def later() -> None:
                answered.wait()
                try:
                    told.append(task())
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    told.append(error)

            thread = threading.Thread(target=later)
            threads.append(thread)
            thread.start()

        serve(stored, **{path: view})
        client = visitor(stored) if path == "known" else stored.test_client()
        client.get(f"/{path}")
        answered.set()
        threads[-1].join()
        return client, told[0]

    threads: list[threading.Thread] = []
    yield run
    for thread in threads:
        thread.join()


def put_and_save() -> None:
    session["done"] = True
    save()


def records(app: Flask) -> int:
    return len(app.config["SHORTCRUST_STORE"]._kept)


def test_a_background_task_writes_into_the_session_of_its_request(
    stored: Flask, tasks: Any
) -> None:
    client, told = tasks("known", put_and_save)
    assert told is None
    assert "'done': True" in client.get("/show").text


def test_a_new_session_is_not_saved_when_no_cookie_can_name_it(stored: Flask, tasks: Any) -> None:
    _, told = tasks("unknown", put_and_save)
    assert isinstance(told, Unsupported)
    assert records(stored) == 0


def test_a_session_gets_no_new_id_when_no_cookie_can_name_it(stored: Flask, tasks: Any) -> None:
    def anew() -> None:
        regenerate()
        save()

    client, told = tasks("known", anew)
    assert isinstance(told, Unsupported)
    assert "'pear'" in client.get("/show").text


def test_a_background_task_may_log_out(stored: Flask, tasks: Any) -> None:
    def leave() -> None:
        logout()
        save()

    client, told = tasks("known", leave)
    assert told is None
    assert client.get("/show").text == "{}"


# Flask-Login


class User(UserMixin):  # type: ignore[misc]
    id = "7"


LOGOUTS: list[list[Callable[[], Any]]] = [
    [logout_user, logout],
    [logout, logout_user],
    [logout],
    [logout_user],
]


@pytest.fixture(params=["remember_token", "another"])
def remembering(app: Flask, request: pytest.FixtureRequest) -> Flask:
    app.config["REMEMBER_COOKIE_NAME"] = request.param
    LoginManager(app).user_loader(lambda _: User())

    def log_in() -> None:
        login_user(User(), remember=True)
        login(User.id)

    serve(app, login=log_in, me=lambda: current_user.is_authenticated)
    return app


@pytest.mark.parametrize("calls", LOGOUTS, ids=lambda calls: "; ".join(c.__name__ for c in calls))
def test_after_a_logout_no_remember_cookie_logs_in_again(
    remembering: Flask, calls: list[Callable[[], Any]]
) -> None:
    serve(remembering, leave=lambda: [call() for call in calls])
    client = remembering.test_client()
    client.get("/login")
    assert client.get("/me").text == "True"
    client.get("/leave")
    assert client.get("/me").text == "False"


def test_a_remember_cookie_logs_in_when_the_session_has_ended_by_itself(
    remembering: Flask,
) -> None:
    client = remembering.test_client()
    client.get("/login")
    client.delete_cookie("session")
    assert client.get("/me").text == "True"
