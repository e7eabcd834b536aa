"""What an app says of its session: our keys, and Flask's where ours say nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from .. import _config
from .._checks import PREFIX, secret_list
from .._config import Secret
from .._errors import ConfigError
from .._readers import Place
from ._installed import HAS_PARTITIONED

FLASKS_KEYS = (
    "APPLICATION_ROOT",
    "PERMANENT_SESSION_LIFETIME",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "SERVER_NAME",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_PARTITIONED",
    "SESSION_COOKIE_PATH",
    "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_SECURE",
)
_INSTEAD = {
    "COOKIE_DOMAIN": "SESSION_COOKIE_DOMAIN",
    "COOKIE_HTTPONLY": "SESSION_COOKIE_HTTPONLY",
    "COOKIE_PARTITIONED": "SESSION_COOKIE_PARTITIONED",
    "COOKIE_PATH": "SESSION_COOKIE_PATH or APPLICATION_ROOT",
    "COOKIE_SAMESITE": "SESSION_COOKIE_SAMESITE",
    "COOKIE_SECURE": "SESSION_COOKIE_SECURE",
    "IDLE": "PERMANENT_SESSION_LIFETIME",
    "ID_BYTES": "SESSION_ID_LENGTH",
    "NAME": "SESSION_COOKIE_NAME",
}
KEYS = {
    **_config.KEYS,
    "cookie": "SESSION_COOKIE_*, APPLICATION_ROOT, or SHORTCRUST_NAME and SHORTCRUST_COOKIE_*",
    "policy": f"PERMANENT_SESSION_LIFETIME, {_config.KEYS['policy']}",
}
"""Where a fault was set that the core finds."""
SECRETS = PREFIX + "SECRETS"
_PEER = SecureCookieSessionInterface()
_FLASKS_LIFETIME = Flask.default_config["PERMANENT_SESSION_LIFETIME"]


def settings_of(app: Flask, **defaults: Any) -> dict[str, Any]:
    """The settings, by the names of our keys; ``defaults`` stand before Flask's keys."""
    ours = {key: value for key, value in app.config.items() if key.startswith(PREFIX)}
    values = {**_cookie_of(app), **_lifetime_of(app), **defaults}
    return {PREFIX + key: value for key, value in values.items()} | ours


def places_of(app: Flask) -> list[Place]:
    """Where Flask's own cookie lies: a logout must reach it where it would open again."""
    readers = app.config.get(PREFIX + "READERS") or ()
    formats = [app.config.get(PREFIX + "FORMAT"), *readers]
    names = [found.get("format") if isinstance(found, Mapping) else found for found in formats]
    if "flask" not in names:
        return []
    return [(_domain_of(app), _PEER.get_cookie_path(app))]


def name_of(app: Flask) -> str:
    """The cookie's."""
    return str(app.config.get(PREFIX + "NAME", app.config["SESSION_COOKIE_NAME"]))


def checked_secrets(own: object) -> list[Secret]:
    """What stands under ``SHORTCRUST_SECRETS``, or what the callable there gave."""
    secrets = secret_list(SECRETS, own)
    if not secrets:
        raise ConfigError(f"{SECRETS} is an empty list: set at least one secret", "secret")
    return secrets


def secrets_of(app: Flask) -> list[Secret]:
    """Newest first; empty while there is none."""
    own = app.config.get(SECRETS)
    if own is not None:
        return checked_secrets(own)
    if not app.secret_key:
        return []
    current = secret_list("SECRET_KEY", [app.secret_key])
    key = "SECRET_KEY_FALLBACKS"
    previous = app.config.get(key) or None
    return current if previous is None else current + secret_list(key, previous)[::-1]


def in_flasks_words(error: ConfigError, config: Mapping[str, Any]) -> ConfigError:
    """A fault of a value that stands under one of Flask's keys names that key."""
    found = re.match(PREFIX + r"([A-Z_]+)", str(error))
    if found is None or found[0] in config or found[1] not in _INSTEAD:
        return error
    return ConfigError(_INSTEAD[found[1]] + str(error)[found.end() :], error.code)


def _cookie_of(app: Flask) -> dict[str, Any]:
    """As Flask's own interface finds them. Where Flask says nothing, our defaults stand."""
    same_site = _PEER.get_cookie_samesite(app) or _config.DEFAULTS["COOKIE_SAMESITE"]
    return {
        "NAME": app.config["SESSION_COOKIE_NAME"],
        "COOKIE_PATH": _PEER.get_cookie_path(app),
        "COOKIE_DOMAIN": _domain_of(app),
        "COOKIE_SECURE": bool(_PEER.get_cookie_secure(app)) or "auto",
        "COOKIE_HTTPONLY": bool(_PEER.get_cookie_httponly(app)),
        # Werkzeug takes it in any case.
        "COOKIE_SAMESITE": same_site.title() if isinstance(same_site, str) else same_site,
        "COOKIE_PARTITIONED": HAS_PARTITIONED and bool(_PEER.get_cookie_partitioned(app)),
    }


def _domain_of(app: Flask) -> str | None:
    """Browsers keep a cookie with ``Domain=localhost`` as one without (RFC 6265, 5.3, step 5)."""
    domain = _PEER.get_cookie_domain(app)
    return None if not domain or domain == "localhost" else domain


def _lifetime_of(app: Flask) -> dict[str, Any]:
    """Flask's 31 days are its default, and no decision of the application's."""
    try:
        lifetime = app.permanent_session_lifetime
    except TypeError:
        message = "PERMANENT_SESSION_LIFETIME must be a timedelta or a number of seconds"
        raise ConfigError(message, "policy") from None
    if lifetime in (None, _FLASKS_LIFETIME):
        return {}
    # Who asked for a year is not logged out after 90 days.
    longest = timedelta(seconds=_config.DEFAULTS["ABSOLUTE"])
    return {"IDLE": lifetime} if lifetime <= longest else {"IDLE": lifetime, "ABSOLUTE": lifetime}
