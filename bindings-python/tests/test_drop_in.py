"""What Flask's documentation promises: one suite for the stock interface and for ours.

Where bytes are expected they are itsdangerous' own, made at the same second.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from conftest import SECRET, Clock, since_flask
from flask import Flask, Response, flash, get_flashed_messages, session
from flask.json.provider import DefaultJSONProvider, JSONProvider
from flask.json.tag import JSONTag, TaggedJSONSerializer
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer
from markupsafe import Markup
from shortcrust.flask import SessionInterface
from shortcrust.flask._installed import FLASK
from werkzeug.test import TestResponse

STOCK = SecureCookieSessionInterface
Handler = Callable[[], object]


class Exact(SessionInterface):
    peer_exact = True

    def __init__(self) -> None:
        super().__init__(peer_exact=True)


@pytest.fixture(params=[STOCK, SessionInterface, Exact], ids=["stock", "ours", "peer_exact"])
def interface(request: pytest.FixtureRequest) -> type[SecureCookieSessionInterface]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def app(interface: type[SecureCookieSessionInterface], clock: Clock) -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    app.session_interface = interface()
    return app


def serve(app: Flask, **handlers: Handler) -> None:
    """Each handler at its own path; what it returns is sent as the repr."""
    for name, handler in handlers.items():
        app.add_url_rule(f"/{name}", name, lambda handler=handler: repr(handler()))


def setter(**values: Any) -> Handler:
    return lambda: session.update(values)


def show() -> dict[str, Any]:
    return dict(session)


def token(app: Flask, data: dict[str, Any]) -> str:
    """What stock Flask signs now."""
    with app.app_context():
        serializer = STOCK().get_signing_serializer(app)
        assert serializer is not None
        return str(serializer.dumps(data))


def cookies(response: TestResponse | Response) -> list[str]:
    return response.headers.getlist("Set-Cookie")


def test_a_new_session_is_set_in_flasks_own_bytes(app: Flask) -> None:
    serve(app, login=setter(user="ada", roles=["admin", "editor"]))
    response = app.test_client().get("/login")
    signed = token(app, {"user": "ada", "roles": ["admin", "editor"]})
    assert cookies(response) == [f"session={signed}; HttpOnly; Path=/"]
    assert response.headers["Vary"] == "Cookie"


def test_an_untouched_session_sets_nothing_and_does_not_vary(app: Flask) -> None:
    serve(app, login=setter(user="ada"), page=lambda: "hello")
    client = app.test_client()
    client.get("/login")
    response = client.get("/page")
    assert cookies(response) == []
    assert "Vary" not in response.headers


def test_a_session_that_was_read_varies_and_sets_nothing(app: Flask) -> None:
    serve(app, login=setter(user="ada"), show=show)
    client = app.test_client()
    client.get("/login")
    response = client.get("/show")
    assert response.text == "{'user': 'ada'}"
    assert cookies(response) == []
    assert response.headers["Vary"] == "Cookie"


def test_a_permanent_session_has_an_expiry_date(app: Flask) -> None:
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(hours=2)

    def login() -> None:
        session.permanent = True
        session["user"] = "ada"

    serve(app, login=login)
    signed = token(app, {"_permanent": True, "user": "ada"})
    assert cookies(app.test_client().get("/login")) == [
        f"session={signed}; Expires=Fri, 02 Jan 2026 05:04:05 GMT; HttpOnly; Path=/"
    ]


@since_flask(2, 3)
def test_a_permanent_session_is_refreshed_at_each_request(app: Flask, clock: Clock) -> None:
    serve(app, login=setter(_permanent=True, user="ada"), page=lambda: "hello")
    client = app.test_client()
    client.get("/login")
    clock.advance(days=1)
    response = client.get("/page")
    signed = token(app, {"_permanent": True, "user": "ada"})
    assert cookies(response) == [
        f"session={signed}; Expires=Tue, 03 Feb 2026 03:04:05 GMT; HttpOnly; Path=/"
    ]
    assert response.headers["Vary"] == "Cookie"


def test_a_permanent_session_is_not_refreshed_if_the_option_says_so(app: Flask) -> None:
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    serve(app, login=setter(_permanent=True), page=lambda: "hello")
    client = app.test_client()
    client.get("/login")
    assert cookies(client.get("/page")) == []


@since_flask(2, 3)
def test_a_cleared_session_deletes_its_cookie(app: Flask) -> None:
    serve(app, login=setter(user="ada"), logout=lambda: session.clear())
    client = app.test_client()
    client.get("/login")
    response = client.get("/logout")
    assert cookies(response) == [
        "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/"
    ]
    assert response.headers["Vary"] == "Cookie"


@pytest.mark.filterwarnings("ignore:SESSION_COOKIE")
@pytest.mark.parametrize("permanent", [False, True])
@pytest.mark.parametrize(
    ("options", "name", "attributes"),
    [
        ({"SESSION_COOKIE_NAME": "sid"}, "sid", "HttpOnly; Path=/"),
        ({"SESSION_COOKIE_DOMAIN": "x.test"}, "session", "Domain=x.test; HttpOnly; Path=/"),
        ({"SESSION_COOKIE_PATH": "/shop"}, "session", "HttpOnly; Path=/shop"),
        ({"APPLICATION_ROOT": "/root"}, "session", "HttpOnly; Path=/root"),
        ({"SESSION_COOKIE_HTTPONLY": False}, "session", "Path=/"),
        ({"SESSION_COOKIE_SECURE": True}, "session", "Secure; HttpOnly; Path=/"),
        ({"SESSION_COOKIE_SAMESITE": "Strict"}, "session", "HttpOnly; Path=/; SameSite=Strict"),
        ({"SESSION_COOKIE_SAMESITE": "None"}, "session", "HttpOnly; Path=/; SameSite=None"),
        pytest.param(
            {"SESSION_COOKIE_PARTITIONED": True},
            "session",
            "Secure; HttpOnly; Path=/; Partitioned",
            marks=since_flask(3, 1),
        ),
    ],
)
def test_every_cookie_option_is_obeyed_when_setting_and_deleting(
    app: Flask, options: dict[str, Any], name: str, attributes: str, permanent: bool
) -> None:
    app.config.update(options)
    data = {"_permanent": True, "user": "ada"} if permanent else {"user": "ada"}
    serve(app, login=setter(**data), logout=lambda: session.clear())
    client = app.test_client(use_cookies=False)
    signed = token(app, data)
    expires = "Expires=Mon, 02 Feb 2026 03:04:05 GMT; " if permanent else ""
    before, domain, after = attributes.rpartition("Domain=x.test; ")
    assert cookies(client.get("/login")) == [f"{name}={signed}; {before}{domain}{expires}{after}"]
    gone = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; "
    response = client.get("/logout", headers={"Cookie": f"{name}={signed}"})
    assert cookies(response) == [f"{name}=; {before}{domain}{gone}{after}"]


@since_flask(3, 1)
def test_a_cookie_of_a_fallback_secret_opens_and_the_current_one_signs(app: Flask) -> None:
    serve(app, login=setter(user="ada"), visit=setter(seen=True), show=show)
    client = app.test_client()
    client.get("/login")
    new, older = "a new secret that is no secret", "an older secret that is no secret"
    app.config.update(SECRET_KEY=new, SECRET_KEY_FALLBACKS=[older, SECRET])
    assert client.get("/show").text == "{'user': 'ada'}"
    signed = token(app, {"user": "ada", "seen": True})
    assert cookies(client.get("/visit")) == [f"session={signed}; HttpOnly; Path=/"]


def test_a_cookie_of_a_secret_that_was_dropped_is_an_empty_session(app: Flask) -> None:
    serve(app, login=setter(user="ada"), show=show)
    client = app.test_client()
    client.get("/login")
    app.config["SECRET_KEY"] = "a new secret that is no secret"
    assert client.get("/show").text == "{}"


def test_a_secret_may_be_bytes(app: Flask) -> None:
    app.config["SECRET_KEY"] = bytes(range(200, 232))
    serve(app, login=setter(user="ada"), show=show)
    client = app.test_client()
    signed = token(app, {"user": "ada"})
    assert cookies(client.get("/login")) == [f"session={signed}; HttpOnly; Path=/"]
    assert client.get("/show").text == "{'user': 'ada'}"


@pytest.mark.parametrize(("days", "shown"), [(31, "{'user': 'ada'}"), (31.0001, "{}")])
def test_a_session_opens_for_the_permanent_lifetime(
    app: Flask, clock: Clock, days: float, shown: str
) -> None:
    serve(app, login=setter(user="ada"), show=show)
    client = app.test_client()
    client.get("/login")
    clock.advance(days=days)
    assert client.get("/show").text == shown


def test_a_lifetime_in_seconds_and_of_zero_is_obeyed(app: Flask, clock: Clock) -> None:
    app.config["PERMANENT_SESSION_LIFETIME"] = 0
    serve(app, login=setter(user="ada"), show=show)
    client = app.test_client()
    client.get("/login")
    assert client.get("/show").text == "{'user': 'ada'}"
    clock.advance(seconds=1)
    assert client.get("/show").text == "{}"


def test_a_session_transaction_reads_and_writes(app: Flask) -> None:
    serve(app, show=show)
    client = app.test_client()
    with client.session_transaction() as opened:
        opened["user"] = "ada"
    with client.session_transaction() as opened:
        assert opened["user"] == "ada"
        opened["seen"] = True
    assert client.get("/show").text == "{'seen': True, 'user': 'ada'}"


def test_flashed_messages_are_shown_once(app: Flask) -> None:
    serve(
        app,
        save=lambda: flash("saved", "info"),
        show=lambda: get_flashed_messages(with_categories=True),
    )
    client = app.test_client()
    client.get("/save")
    assert client.get("/show").text == "[('info', 'saved')]"
    assert client.get("/show").text == "[]"


def test_without_a_secret_there_is_a_null_session(app: Flask) -> None:
    app.config["SECRET_KEY"] = None
    serve(app, show=show, login=setter(user="ada"))
    app.testing = True
    client = app.test_client()
    assert client.get("/show").text == "{}"
    with pytest.raises(RuntimeError, match="no secret key was set"):
        client.get("/login")


@pytest.mark.parametrize(
    "value",
    [
        (1, ("x",), []),
        b"\x00\xff",
        Markup("<b>hi</b>"),
        uuid.UUID("c2f3a9d4-5b1e-4e07-8a6c-91d0f7b3e582"),
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        {" t": [1]},
        {" t": [1], "x": 2},
        {"": None},
        1.0,
        -0.0,
        1e22,
        float("inf"),
        2**63,
        -(2**80),
        '\u65e5\u672c \ud800 \U0001f36a \x7f "\\/',
    ],
    ids=repr,
)
def test_every_value_of_the_tagged_dialect_comes_back(app: Flask, value: Any) -> None:
    serve(app, save=setter(value=value), show=lambda: session["value"])
    client = app.test_client()
    signed = token(app, {"value": value})
    assert cookies(client.get("/save")) == [f"session={signed}; HttpOnly; Path=/"]
    assert client.get("/show").text == repr(value)


@dataclass
class Point:
    x: int
    y: int


class Html:
    def __html__(self) -> str:
        return "<i>made</i>"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (Decimal("1.50"), "1.50"),
        (date(2026, 1, 2), "Fri, 02 Jan 2026 00:00:00 GMT"),
        (Point(1, 2), {"x": 1, "y": 2}),
        (Html(), Markup("<i>made</i>")),
        (datetime(2026, 1, 2, 3, 4, 5), datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)),
        (
            datetime(2026, 1, 2, 3, 4, 5, 999_999, timezone(timedelta(hours=2))),
            datetime(2026, 1, 2, 1, 4, 5, tzinfo=timezone.utc),
        ),
    ],
    ids=["decimal", "date", "dataclass", "html", "naive", "offset"],
)
def test_what_flasks_json_knows_may_be_in_the_session(app: Flask, value: Any, read: Any) -> None:
    serve(app, save=setter(value=value), show=lambda: session["value"])
    client = app.test_client()
    signed = token(app, {"value": value})
    assert cookies(client.get("/save")) == [f"session={signed}; HttpOnly; Path=/"]
    assert client.get("/show").text == repr(read)


def test_what_no_json_knows_raises_when_it_is_set(app: Flask) -> None:
    app.testing = True
    serve(app, save=setter(value=object()))
    with pytest.raises(TypeError, match="object is not JSON serializable"):
        app.test_client().get("/save")


@pytest.mark.parametrize("sort_keys", [True, False])
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_the_json_providers_options_are_obeyed(
    app: Flask, sort_keys: bool, ensure_ascii: bool
) -> None:
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.sort_keys, app.json.ensure_ascii = sort_keys, ensure_ascii
    values = {"ü": "é🍪", "b": {"z": 1, "a": 2}, "a": 1}
    serve(app, save=setter(**values))
    signed = token(app, values)
    assert cookies(app.test_client().get("/save")) == [f"session={signed}; HttpOnly; Path=/"]


class SpacedProvider(JSONProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return json.dumps(obj)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return {"spaced": True, **json.loads(s)}


def test_a_json_provider_of_ones_own_is_used(app: Flask) -> None:
    app.json = SpacedProvider(app)
    serve(app, save=setter(user="ada"), show=show)
    client = app.test_client()
    signed = token(app, {"user": "ada"})
    assert cookies(client.get("/save")) == [f"session={signed}; HttpOnly; Path=/"]
    assert client.get("/show").text == "{'spaced': True, 'user': 'ada'}"


def test_a_default_function_of_ones_own_is_used(app: Flask) -> None:
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.default = lambda value: f"<{type(value).__name__}>"
    serve(app, save=setter(value=object()), show=show)
    client = app.test_client()
    client.get("/save")
    assert client.get("/show").text == "{'value': '<object>'}"


class TagPoint(JSONTag):
    key = " p"

    def check(self, value: Any) -> bool:
        return isinstance(value, Point)

    def to_json(self, value: Any) -> Any:
        return [value.x, value.y]

    def to_python(self, value: Any) -> Any:
        return Point(*value)


def test_a_registered_tag_is_used(
    app: Flask, interface: type[SecureCookieSessionInterface]
) -> None:
    class Tagged(interface):  # type: ignore[valid-type,misc]
        serializer = TaggedJSONSerializer()

    Tagged.serializer.register(TagPoint, index=0)
    app.session_interface = Tagged()
    serve(app, save=setter(point=Point(1, 2)), show=show)
    client = app.test_client()
    client.get("/save")
    assert client.get("/show").text == "{'point': Point(x=1, y=2)}"


@pytest.mark.parametrize("derivation", ["concat", "django-concat", "hmac", "none"])
@pytest.mark.parametrize(
    "digest", [hashlib.sha1, hashlib.sha256, hashlib.sha384, hashlib.sha512, hashlib.md5]
)
def test_the_class_attributes_are_obeyed(
    app: Flask, interface: type[SecureCookieSessionInterface], digest: Any, derivation: str
) -> None:
    class Changed(interface):  # type: ignore[valid-type,misc]
        salt = "another salt"
        digest_method = staticmethod(digest)
        key_derivation = derivation

    app.session_interface = Changed()
    serve(app, save=setter(user="ada"), show=show)
    client = app.test_client()
    signed = Changed().get_signing_serializer(app)
    assert isinstance(signed, URLSafeTimedSerializer)
    with app.app_context():
        expected = signed.dumps({"user": "ada"})
    assert cookies(client.get("/save")) == [f"session={expected}; HttpOnly; Path=/"]
    assert client.get("/show").text == "{'user': 'ada'}"


def test_a_signing_serializer_of_ones_own_is_used(
    app: Flask, interface: type[SecureCookieSessionInterface]
) -> None:
    class Resigned(interface):  # type: ignore[valid-type,misc]
        def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer:
            return URLSafeTimedSerializer("another secret", salt="another salt")

    app.session_interface = Resigned()
    serve(app, save=setter(user="ada"), show=show)
    client = app.test_client()
    expected = URLSafeTimedSerializer("another secret", salt="another salt").dumps({"user": "ada"})
    assert cookies(client.get("/save")) == [f"session={expected}; HttpOnly; Path=/"]
    assert client.get("/show").text == "{'user': 'ada'}"


class Basket(SecureCookieSession):
    def add(self, item: str) -> None:
        self["basket"] = [*self.get("basket", []), item]


def test_a_session_class_of_ones_own_is_used(
    app: Flask, interface: type[SecureCookieSessionInterface]
) -> None:
    class WithBasket(interface):  # type: ignore[valid-type,misc]
        session_class = Basket

    def add() -> None:
        session._get_current_object().add("pear")  # type: ignore[attr-defined]

    app.session_interface = WithBasket()
    serve(app, add=add, show=show)
    client = app.test_client()
    client.get("/add")
    client.get("/add")
    assert client.get("/show").text == "{'basket': ['pear', 'pear']}"


def test_the_cookie_hooks_are_asked(
    app: Flask, interface: type[SecureCookieSessionInterface]
) -> None:
    class Hooked(interface):  # type: ignore[valid-type,misc]
        def get_cookie_name(self, app: Flask) -> str:
            return "hooked"

        def get_cookie_domain(self, app: Flask) -> str | None:
            return "hooked.test"

        def get_cookie_path(self, app: Flask) -> str:
            return "/hooked"

        def get_cookie_httponly(self, app: Flask) -> bool:
            return False

        def get_cookie_secure(self, app: Flask) -> bool:
            return True

        def get_cookie_samesite(self, app: Flask) -> str | None:
            return "Lax"

        def get_cookie_partitioned(self, app: Flask) -> bool:
            return True

        def get_expiration_time(self, app: Flask, session: SessionMixin) -> datetime | None:
            return datetime(2030, 1, 1, tzinfo=timezone.utc)

    app.session_interface = Hooked()
    serve(app, save=setter(user="ada"))
    signed = token(app, {"user": "ada"})
    (cookie,) = cookies(app.test_client().get("/save"))
    partitioned = "; Partitioned" if FLASK >= (3, 1) else ""
    assert cookie == (
        f"hooked={signed}; Domain=hooked.test; Expires=Tue, 01 Jan 2030 00:00:00 GMT; Secure; "
        f"Path=/hooked; SameSite=Lax{partitioned}"
    )


def test_a_hook_may_forbid_the_cookie(
    app: Flask, interface: type[SecureCookieSessionInterface]
) -> None:
    class Silent(interface):  # type: ignore[valid-type,misc]
        def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
            return False

    serve(app, login=setter(user={"name": "ada"}), rename=lambda: session["user"].update(name="b"))
    client = app.test_client()
    client.get("/login")
    app.session_interface = Silent()
    assert cookies(client.get("/rename")) == []


@since_flask(2, 3)
def test_a_hook_that_looks_at_the_session_does_not_lose_vary(
    app: Flask, interface: type[SecureCookieSessionInterface]
) -> None:
    class Looking(interface):  # type: ignore[valid-type,misc]
        def should_set_cookie(self, app: Flask, opened: SessionMixin) -> bool:
            return "user" in session

    serve(app, login=setter(user="ada"), page=lambda: "hello")
    client = app.test_client()
    client.get("/login")
    app.session_interface = Looking()
    assert client.get("/page").headers["Vary"] == "Cookie"


def test_a_hook_may_set_the_cookie_at_every_request(
    app: Flask, interface: type[SecureCookieSessionInterface]
) -> None:
    class Eager(interface):  # type: ignore[valid-type,misc]
        def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
            return True

    app.session_interface = Eager()
    serve(app, login=setter(user="ada"), page=lambda: "hello")
    client = app.test_client()
    client.get("/login")
    signed = token(app, {"user": "ada"})
    assert cookies(client.get("/page")) == [f"session={signed}; HttpOnly; Path=/"]


def test_a_session_over_four_kilobytes_is_set_with_werkzeugs_warning(app: Flask) -> None:
    noise = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(130))
    serve(app, save=setter(noise=noise), show=lambda: session["noise"] == noise)
    client = app.test_client()
    with pytest.warns(UserWarning, match="cookie is too large"):
        client.get("/save")
    assert client.get("/show").text == "True"


@pytest.mark.filterwarnings("ignore:The 'session' cookie is too large")
def test_a_session_that_no_browser_would_keep_is_still_set(app: Flask) -> None:
    serve(app, save=setter(noise="".join(map(str, range(100_000)))))
    assert len(cookies(app.test_client().get("/save"))) == 1


def test_the_clock_that_is_patched_later_is_read(app: Flask, clock: Clock) -> None:
    serve(app, login=setter(user="ada"))
    client = app.test_client()
    first = client.get("/login")
    clock.advance(hours=1)
    assert cookies(client.get("/login")) != cookies(first)
    assert cookies(client.get("/login")) == [
        f"session={token(app, {'user': 'ada'})}; HttpOnly; Path=/"
    ]
