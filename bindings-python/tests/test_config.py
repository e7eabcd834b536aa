"""Wrong configuration fails early, says what to change and never shows a secret."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from conftest import SECRET
from flask import Flask
from shortcrust import ConfigError, ShortcrustError
from shortcrust._readers import _until
from shortcrust.flask import Shortcrust, ShortcrustInterface


def build(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update({"SECRET_KEY": SECRET, **config})
    Shortcrust(app)
    return app


READER = {"format": "flask", "until": "never"}

WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("unknown-key", {"SHORTCRUST_IDEL": 1}, "option", "unknown: SHORTCRUST_IDEL; the keys are"),
    ("secrets-text", {"SHORTCRUST_SECRETS": "x" * 40}, "secret", "must be a list of secrets"),
    ("secrets-bytes", {"SHORTCRUST_SECRETS": b"x" * 40}, "secret", "must be a list of secrets"),
    ("secrets-number", {"SHORTCRUST_SECRETS": 3}, "secret", "must be a list of secrets"),
    ("secrets-of-numbers", {"SHORTCRUST_SECRETS": [3]}, "secret", "must hold str or bytes"),
    ("secrets-many", {"SHORTCRUST_SECRETS": [SECRET + str(n) for n in range(9)]}, "secret", "8"),
    ("secret-short", {"SECRET_KEY": "k" * 31}, "secret", "31 bytes and sealed needs at least 32"),
    ("secret-twice", {"SHORTCRUST_SECRETS": [SECRET, SECRET]}, "secret", "listed twice"),
    ("secret-empty", {"SHORTCRUST_SECRETS": [SECRET, ""]}, "secret", "a secret is empty"),
    ("fallbacks-text", {"SECRET_KEY_FALLBACKS": "old"}, "secret", "SECRET_KEY_FALLBACKS must be"),
    (
        "flask-secret-short",
        {"SECRET_KEY": "dev", "SHORTCRUST_FORMAT": "flask", "SHORTCRUST_ABSOLUTE": None},
        "secret",
        "3 bytes and flask needs at least 16",
    ),
    ("name-number", {"SHORTCRUST_NAME": 1}, "option", "SHORTCRUST_NAME must be str"),
    ("name-empty", {"SHORTCRUST_NAME": ""}, "cookie", "SHORTCRUST_NAME"),
    ("name-spaced", {"SHORTCRUST_NAME": "my session"}, "cookie", "cookie name"),
    ("format-unknown", {"SHORTCRUST_FORMAT": "rot13"}, "format", "format must be one of"),
    ("format-number", {"SHORTCRUST_FORMAT": 1}, "format", 'a dict with "format"'),
    ("format-empty", {"SHORTCRUST_FORMAT": {}}, "format", 'a dict with "format"'),
    ("salt", {"SHORTCRUST_FORMAT": {"format": "flask", "salt": 1}}, "format", "salt must be"),
    ("digest", {"SHORTCRUST_FORMAT": {"format": "flask", "digest": "md5"}}, "format", "sha512"),
    (
        "derivation",
        {"SHORTCRUST_FORMAT": {"format": "flask", "key_derivation": "hkdf"}},
        "format",
        "django-concat",
    ),
    (
        "option-of-another-format",
        {"SHORTCRUST_FORMAT": {"format": "sealed", "salt": "x"}},
        "format",
        "format sealed has no option salt; it has audience",
    ),
    ("audience", {"SHORTCRUST_AUDIENCE": 1}, "option", "SHORTCRUST_AUDIENCE must be str"),
    ("meta", {"SHORTCRUST_META": "cookie"}, "option", "SHORTCRUST_META must be one of"),
    ("readers-text", {"SHORTCRUST_READERS": "flask"}, "reader", "must be a list of dicts"),
    ("readers-of-text", {"SHORTCRUST_READERS": ["flask"]}, "reader", "until when"),
    ("reader-without-until", {"SHORTCRUST_READERS": [{"format": "flask"}]}, "reader", "never"),
    ("reader-without-format", {"SHORTCRUST_READERS": [{"until": "never"}]}, "format", '"format"'),
    (
        "reader-until-nonsense",
        {"SHORTCRUST_READERS": [{"format": "flask", "until": "soon"}]},
        "reader",
        "ISO 8601",
    ),
    (
        "reader-until-number",
        {"SHORTCRUST_READERS": [{"format": "flask", "until": 1}]},
        "reader",
        "ISO 8601",
    ),
    (
        "reader-secrets-text",
        {"SHORTCRUST_READERS": [{**READER, "secrets": "x" * 40}]},
        "secret",
        '"secrets" must be a list',
    ),
    ("reader-option", {"SHORTCRUST_READERS": [{**READER, "slat": "x"}]}, "format", "no option"),
    ("readers-many", {"SHORTCRUST_READERS": [READER] * 4}, "reader", "more than 4 formats"),
    ("idle-text", {"SHORTCRUST_IDLE": "14d"}, "policy", "SHORTCRUST_IDLE must be seconds"),
    ("idle-negative", {"SHORTCRUST_IDLE": -1}, "policy", "not negative"),
    ("idle-true", {"SHORTCRUST_IDLE": True}, "policy", "SHORTCRUST_IDLE must be seconds"),
    ("idle-false", {"SHORTCRUST_IDLE": False}, "policy", "SHORTCRUST_IDLE must be seconds"),
    ("absolute-nan", {"SHORTCRUST_ABSOLUTE": float("nan")}, "policy", "SHORTCRUST_ABSOLUTE"),
    ("skew-span", {"SHORTCRUST_SKEW": timedelta(-1)}, "policy", "SHORTCRUST_SKEW"),
    ("idle-0", {"SHORTCRUST_IDLE": 0}, "policy", "`idle` is 0, so that every session ends"),
    ("absolute-0", {"SHORTCRUST_ABSOLUTE": timedelta()}, "policy", "`absolute` is 0"),
    ("lifetime-0", {"PERMANENT_SESSION_LIFETIME": 0}, "policy", "`idle` is 0"),
    (
        "renew-too-late",
        {"SHORTCRUST_IDLE": 60, "SHORTCRUST_RENEW_AFTER": 61},
        "policy",
        "longer than idle",
    ),
    ("user-key-empty", {"SHORTCRUST_USER_KEY": ""}, "option", "no empty part"),
    ("user-key-half", {"SHORTCRUST_USER_KEY": "account."}, "option", "no empty part"),
    ("renew-text", {"SHORTCRUST_RENEW_AFTER": "often"}, "policy", "SHORTCRUST_RENEW_AFTER"),
    (
        "absolute-in-flask",
        {"SHORTCRUST_FORMAT": "flask"},
        "policy",
        "does not carry when the session began",
    ),
    ("persistent", {"SHORTCRUST_PERSISTENT": "yes"}, "option", "SHORTCRUST_PERSISTENT must be"),
    ("path", {"SHORTCRUST_COOKIE_PATH": "shop"}, "cookie", "must begin with /"),
    ("domain", {"SHORTCRUST_COOKIE_DOMAIN": "https://shop.test"}, "cookie", "bare host name"),
    ("domain-number", {"SHORTCRUST_COOKIE_DOMAIN": 1}, "option", "must be str"),
    ("secure", {"SHORTCRUST_COOKIE_SECURE": 1}, "option", "one of ('auto', True, False)"),
    ("httponly", {"SHORTCRUST_COOKIE_HTTPONLY": 1}, "option", "must be bool"),
    ("samesite", {"SHORTCRUST_COOKIE_SAMESITE": "lax"}, "option", "one of ('Lax', 'Strict'"),
    ("partitioned", {"SHORTCRUST_COOKIE_PARTITIONED": "no"}, "option", "must be bool"),
    ("priority", {"SHORTCRUST_COOKIE_PRIORITY": "high"}, "option", "'Low', 'Medium', 'High'"),
    (
        "samesite-none-insecure",
        {"SHORTCRUST_COOKIE_SAMESITE": "None", "SHORTCRUST_COOKIE_SECURE": False},
        "cookie",
        "SameSite=None needs Secure",
    ),
    (
        "partitioned-insecure",
        {"SHORTCRUST_COOKIE_PARTITIONED": True, "SHORTCRUST_COOKIE_SECURE": False},
        "cookie",
        "Partitioned needs Secure",
    ),
    (
        "host-prefix-with-domain",
        {"SHORTCRUST_NAME": "__Host-s", "SHORTCRUST_COOKIE_DOMAIN": "shop.test"},
        "cookie",
        "must have no Domain",
    ),
]


@pytest.mark.parametrize(
    ("config", "code", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_wrong_configuration_says_what_to_change(
    config: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        build(**config)
    assert words in str(raised.value)
    assert raised.value.code == code
    assert isinstance(raised.value, (ShortcrustError, ValueError))


@pytest.mark.parametrize("config", [row[1] for row in WRONG], ids=[row[0] for row in WRONG])
def test_no_message_shows_a_secret(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as raised:
        build(**config)
    assert not any(secret in str(raised.value) for secret in (SECRET, "x" * 40, "k" * 31))


def test_what_the_core_refuses_names_flasks_keys() -> None:
    with pytest.raises(ConfigError, match=r"\(see SHORTCRUST_SECRETS, or SECRET_KEY"):
        build(SECRET_KEY="short")


def test_the_same_is_an_error_at_the_first_request_if_the_secret_comes_later() -> None:
    app = Flask(__name__)
    app.testing = True
    app.config["SHORTCRUST_IDLE"] = "soon"
    Shortcrust(app)
    app.config["SECRET_KEY"] = SECRET
    with pytest.raises(ConfigError, match="SHORTCRUST_IDLE"):
        app.test_client().get("/")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"SHORTCRUST_COOKIE_SAMESITE": None}, "no SameSite"),
        ({"SHORTCRUST_COOKIE_SECURE": False}, "not Secure"),
        ({"SHORTCRUST_COOKIE_HTTPONLY": False}, "not HttpOnly"),
        ({"SHORTCRUST_COOKIE_DOMAIN": "shop.test"}, "has a Domain"),
        ({"SHORTCRUST_IDLE": 401 * 86_400, "SHORTCRUST_ABSOLUTE": None}, "400 days"),
    ],
)
def test_what_may_surprise_is_warned_of_once(config: dict[str, Any], words: str) -> None:
    def visit_twice() -> None:
        client = build(**config).test_client()
        client.get("/")
        client.get("/")

    with pytest.warns(UserWarning, match=words) as caught:
        visit_twice()
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2027-03-01", datetime(2027, 3, 1, 23, 59, 59, 999_000)),
        (date(2027, 3, 1), datetime(2027, 3, 1, 23, 59, 59, 999_000)),
        ("2027-03-01T12:00:00Z", datetime(2027, 3, 1, 12)),
        ("2027-03-01T12:00:00+02:00", datetime(2027, 3, 1, 10)),
        ("2027-03-01 12:00", datetime(2027, 3, 1, 12)),
        (datetime(2027, 3, 1, 12), datetime(2027, 3, 1, 12)),
        (datetime(2027, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))), datetime(2027, 3, 1, 10)),
    ],
    ids=repr,
)
def test_until_is_a_date_a_datetime_or_iso_text(value: object, moment: datetime) -> None:
    at = moment.replace(tzinfo=timezone.utc)
    assert _until("key", value) == round(at.timestamp() * 1000)


def test_until_never_has_no_end() -> None:
    assert _until("key", "never") is None


def test_the_interface_tells_the_cookies_name() -> None:
    assert ShortcrustInterface().get_cookie_name(build(SHORTCRUST_NAME="sid")) == "sid"
    assert ShortcrustInterface().get_cookie_name(build()) == "session"
