"""The keys of our own fronts, checked; a wrong one says what to change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from ._checks import PREFIX, expect, kind_of, one_of
from ._core import LEAST_ID_BYTES, MOST_ID_BYTES, Engine
from ._errors import ConfigError
from ._readers import Place, places_of, readers
from ._store_config import merge_rules, purpose_of

if TYPE_CHECKING:
    from ._options import (
        CookieOptions,
        EngineOptions,
        FormatOptions,
        PolicyOptions,
    )

DAY = 86_400
MAX_SECONDS = 10**12
DEFAULTS: Mapping[str, Any] = {
    "SECRETS": None,
    "NAME": "session",
    "STORE": None,
    "REVOCATIONS": None,
    "OUTAGE": "error",
    "USER_KEY": None,
    "MERGE": None,
    "LABEL": None,
    "ON_EVENT": None,
    "ID_BYTES": 32,
    "FORMAT": None,
    "READERS": (),
    "AUDIENCE": "",
    "NAMESPACE": "",
    "ENCRYPT_AT_REST": False,
    "META": None,
    "IDLE": 14 * DAY,
    "ABSOLUTE": 90 * DAY,
    "RENEW_AFTER": "a quarter of idle",
    "PERSISTENT": True,
    "SKEW": 60,
    "COOKIE_PATH": "/",
    "COOKIE_DOMAIN": None,
    "COOKIE_SECURE": "auto",
    "COOKIE_HTTPONLY": True,
    "COOKIE_SAMESITE": "Lax",
    "COOKIE_PARTITIONED": False,
    "COOKIE_PRIORITY": None,
}
LIVE_KEYS = tuple(PREFIX + key for key in ("STORE", "REVOCATIONS", "LABEL", "ON_EVENT"))
"""What they hold is told by its identity, and not copied."""
PLAIN_KEYS = tuple(PREFIX + key for key in DEFAULTS if PREFIX + key not in LIVE_KEYS)
DIGESTS = ("sha1", "sha256", "sha384", "sha512")
KEY_DERIVATIONS = ("hmac", "concat", "django-concat", "none")
FORMAT_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "sealed": ("audience",),
    "id": ("salt",),
    "express": (),
    "flask": ("salt", "digest", "key_derivation"),
    "django": ("salt", "digest"),
    "starlette": (),
}
_FORMATS = '"sealed", "id", "express", "flask", "django", "starlette"'
_WITH_STORE = ("id", "express")

# The core speaks of what it checks; this says where it was set.
KEYS: Mapping[str, str] = {
    "cookie": "SHORTCRUST_NAME, SHORTCRUST_COOKIE_*",
    "merge": "SHORTCRUST_MERGE",
    "option": "SHORTCRUST_FORMAT, SHORTCRUST_USER_KEY",
    "policy": "SHORTCRUST_FORMAT, SHORTCRUST_META, SHORTCRUST_IDLE, SHORTCRUST_ABSOLUTE, "
    "SHORTCRUST_RENEW_AFTER",
    "reader": "SHORTCRUST_READERS",
    "secret": "SHORTCRUST_SECRETS, or SECRET_KEY and SECRET_KEY_FALLBACKS",
}

Secret = str | bytes


def build_engine(
    config: Mapping[str, Any],
    secrets: list[Secret],
    keys: Mapping[str, str] = KEYS,
    places: Iterable[Place] = (),
) -> Engine:
    """The engine that a front's configuration describes; ``keys`` says where a fault was set.

    Where a cookie may lie that a reader opens, a logout deletes it too: in ``places``, and where
    the readers say.
    """
    _refuse_unknown(config)
    settings = {name: config.get(PREFIX + name, default) for name, default in DEFAULTS.items()}
    options = _engine_options(settings, secrets)
    options["cookie"]["elsewhere"] = [*places, *places_of(settings["READERS"])]
    try:
        return Engine(options)
    except ConfigError as error:
        raise ConfigError(f"{error} (see {keys.get(error.code, '')})", error.code) from None


def is_plain(chosen: object) -> bool:
    """Whether a format's payloads are JSON without tags for what JSON lacks."""
    name = chosen.get("format") if isinstance(chosen, Mapping) else chosen
    return name in ("django", "starlette")


def _refuse_unknown(config: Mapping[str, Any]) -> None:
    unknown = sorted(
        key for key in config if key.startswith(PREFIX) and key.removeprefix(PREFIX) not in DEFAULTS
    )
    if unknown:
        known = ", ".join(PREFIX + name for name in DEFAULTS)
        raise ConfigError(f"unknown: {', '.join(unknown)}; the keys are {known}", "option")


def _engine_options(settings: Mapping[str, Any], secrets: list[Secret]) -> EngineOptions:
    meta = one_of("META", settings["META"], (None, "payload"))
    audience = expect("AUDIENCE", settings["AUDIENCE"], str)
    is_stored = settings["STORE"] is not None

    def described(key: str, value: object) -> FormatOptions:
        options = _format(key, value, audience, meta)
        if options["format"] in _WITH_STORE and not is_stored:
            raise ConfigError(
                f"{key}: format {options['format']} needs a store: set {PREFIX}STORE", "format"
            )
        return options

    written = settings["FORMAT"]
    if written is None:
        written = "id" if is_stored else "sealed"
    options: EngineOptions = {
        "name": expect("NAME", settings["NAME"], str),
        "secrets": secrets,
        "format": described(PREFIX + "FORMAT", written),
        "readers": readers(settings["READERS"], secrets, described),
        "policy": _policy(settings),
        "cookie": _cookie(settings),
        "duplicates": "newest",
    }
    return options | _kept(settings)


def _kept(settings: Mapping[str, Any]) -> EngineOptions:
    """What is said about a store."""
    options: dict[str, Any] = {}
    _, purpose = purpose_of(settings["STORE"], settings["REVOCATIONS"])
    if purpose is not None:
        options["store"] = purpose
    if settings["USER_KEY"] is not None:
        options["user_key"] = expect("USER_KEY", settings["USER_KEY"], str)
    if settings["MERGE"] is not None:
        options["merge"] = merge_rules(settings["MERGE"])
    options["id_bytes"] = _id_bytes(expect("ID_BYTES", settings["ID_BYTES"], int))
    options["audience"] = settings["AUDIENCE"]
    options["namespace"] = expect("NAMESPACE", settings["NAMESPACE"], str)
    options["encrypt_at_rest"] = _encrypt_at_rest(settings)
    outage = one_of("OUTAGE", settings["OUTAGE"], ("error", "empty"))
    options["tolerates_outage"] = outage == "empty"
    # Such a store keeps the rows of another library, under the ids themselves.
    options["bare_keys"] = getattr(settings["STORE"], "has_bare_keys", False) is True
    return cast("EngineOptions", options)


def _encrypt_at_rest(settings: Mapping[str, Any]) -> bool:
    is_wanted = expect("ENCRYPT_AT_REST", settings["ENCRYPT_AT_REST"], bool)
    if is_wanted and settings["STORE"] is None:
        message = f"{PREFIX}ENCRYPT_AT_REST is for sessions in a store: set {PREFIX}STORE"
        raise ConfigError(message, "option")
    return bool(is_wanted)


def _id_bytes(count: int) -> int:
    if LEAST_ID_BYTES <= count <= MOST_ID_BYTES:
        return count
    span = f"{LEAST_ID_BYTES} to {MOST_ID_BYTES} random bytes: 32 are a good choice"
    raise ConfigError(f"{PREFIX}ID_BYTES must be {span}", "option")


def _format(key: str, value: object, audience: str, meta: str | None) -> FormatOptions:
    options = {"format": value} if isinstance(value, str) else value
    if not isinstance(options, Mapping) or "format" not in options:
        raise ConfigError(
            f'{key} must be {_FORMATS} or a dict with "format", and is {kind_of(value)}',
            "format",
        )
    name = options["format"]
    allowed = FORMAT_OPTIONS.get(name) if isinstance(name, str) else None
    if allowed is None:
        raise ConfigError(f"{key}: format must be one of {_FORMATS}", "format")
    if unknown := sorted(set(options) - {"format", *allowed}):
        raise ConfigError(
            f"{key}: format {name} has no option {', '.join(unknown)}; "
            f"it has {', '.join(allowed) or 'none'}",
            "format",
        )
    if name == "sealed":
        audience = expect("AUDIENCE", options.get("audience", audience), str)
        return {"format": name, "audience": audience}
    if not isinstance(options.get("salt", ""), (str, bytes)):
        raise ConfigError(f"{key}: salt must be str or bytes", "format")
    for option, choices in (("digest", DIGESTS), ("key_derivation", KEY_DERIVATIONS)):
        if options.get(option, choices[0]) not in choices:
            raise ConfigError(f"{key}: {option} must be one of {', '.join(choices)}", "format")
    return cast("FormatOptions", {**options, "meta": meta})


def _policy(settings: Mapping[str, Any]) -> PolicyOptions:
    idle = in_seconds("IDLE", settings["IDLE"])
    renew_after = settings["RENEW_AFTER"]
    if renew_after == DEFAULTS["RENEW_AFTER"]:
        renew_after = None if idle is None else idle // 4
    return {
        "idle": idle,
        "absolute": in_seconds("ABSOLUTE", settings["ABSOLUTE"]),
        "renew_after": in_seconds("RENEW_AFTER", renew_after),
        "skew": in_seconds("SKEW", settings["SKEW"]),
        "persistent": expect("PERSISTENT", settings["PERSISTENT"], bool),
    }


def _is_lifetime(seconds: float) -> bool:
    # Less than a second would be none.
    return seconds == 0 or 1 <= seconds <= MAX_SECONDS


def in_seconds(name: str, value: object) -> int | None:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if seconds is None:
        return None
    is_bool = isinstance(seconds, bool)
    if isinstance(seconds, (int, float)) and not is_bool and _is_lifetime(seconds):
        return int(seconds)
    raise ConfigError(
        f"{PREFIX}{name} must be seconds, a timedelta or None, and not negative", "policy"
    )


def _cookie(settings: Mapping[str, Any]) -> CookieOptions:
    secure = one_of("COOKIE_SECURE", settings["COOKIE_SECURE"], ("auto", True, False))
    domain = settings["COOKIE_DOMAIN"]
    return {
        "path": expect("COOKIE_PATH", settings["COOKIE_PATH"], str),
        "domain": None if domain is None else expect("COOKIE_DOMAIN", domain, str),
        "secure": None if secure == "auto" else secure,
        "httponly": expect("COOKIE_HTTPONLY", settings["COOKIE_HTTPONLY"], bool),
        "samesite": one_of(
            "COOKIE_SAMESITE", settings["COOKIE_SAMESITE"], ("Lax", "Strict", "None", None)
        ),
        "partitioned": expect("COOKIE_PARTITIONED", settings["COOKIE_PARTITIONED"], bool),
        "priority": one_of(
            "COOKIE_PRIORITY", settings["COOKIE_PRIORITY"], (None, "Low", "Medium", "High")
        ),
        "elsewhere": [],
    }
