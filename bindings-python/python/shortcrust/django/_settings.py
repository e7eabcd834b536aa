"""Django's settings as the core's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from .. import _config, _core, _readers, _store_config, ambient
from .._checks import PREFIX, secret_list
from .._errors import ConfigError

# Our own settings, without the prefix.
_OURS: Mapping[str, Any] = {
    "ABSOLUTE": "90 days, or SESSION_COOKIE_AGE if that is longer",
    "AUDIENCE": "",
    "COOKIE_PARTITIONED": False,
    "LABEL": None,
    "MERGE": None,
    "READERS": (),
    "RENEW_AFTER": "a quarter of the idle time",
    "SKEW": 60,
}
_KEYS = {
    "cookie": "SESSION_COOKIE_*, SHORTCRUST_COOKIE_PARTITIONED",
    "policy": "SHORTCRUST_ABSOLUTE",
    "reader": "SHORTCRUST_READERS",
    "secret": "SECRET_KEY, SECRET_KEY_FALLBACKS",
}


def ours(name: str) -> Any:
    """A setting of ours; Django knows no defaults for it."""
    return getattr(settings, PREFIX + name, _OURS[name])


def refuse_text(name: str, keys: object) -> None:
    """A string where a list is due would make each of its letters a key."""
    if isinstance(keys, (str, bytes)):
        secret_list(name, keys)


def renew_after(idle: float) -> float | None:
    """When a session that is only read is sealed again."""
    after = ours("RENEW_AFTER")
    if after == _OURS["RENEW_AFTER"]:
        return idle / 4
    return _config.in_seconds("RENEW_AFTER", after)


@lru_cache(maxsize=1)
def sealed_engine() -> _core.Engine:
    """For the settings as they are; ``override_settings`` makes another."""
    _refuse_unknown()
    fallbacks = settings.SECRET_KEY_FALLBACKS
    # Django's default is none.
    is_none = fallbacks in ([], ())
    previous = [] if is_none else secret_list("SECRET_KEY_FALLBACKS", fallbacks)
    return _engine([settings.SECRET_KEY, *previous])


@lru_cache(maxsize=1)
def merge_rules() -> _core.MergeRules:
    """How the engines ``db``, ``cached_db`` and ``cache`` join two requests' changes."""
    given = ours("MERGE")
    rules = {} if given is None else _store_config.merge_rules(given)
    try:
        return _core.MergeRules(rules)
    except ConfigError as error:
        raise ConfigError(f"{error} (see {_config.KEYS['merge']})", error.code) from None


def cookie_warnings() -> list[str]:
    """What may surprise in the session cookie's settings; raises where they can't work."""
    # The cookie alone is looked at, so any secret will do.
    return _engine(["a secret for no cookie whatsoever"]).warnings


def past_readers() -> list[str]:
    """What to say of readers whose ``until`` has passed."""
    return _readers.past_readers({PREFIX + "READERS": ours("READERS")}, ambient.now_ms())


def _engine(secrets: list[_config.Secret]) -> _core.Engine:
    absolute = ours("ABSOLUTE")
    if absolute == _OURS["ABSOLUTE"]:
        absolute = max(90 * _config.DAY, settings.SESSION_COOKIE_AGE)
    samesite = settings.SESSION_COOKIE_SAMESITE
    config = {
        "NAME": settings.SESSION_COOKIE_NAME,
        "READERS": ours("READERS"),
        "AUDIENCE": ours("AUDIENCE"),
        # The engine looks at the age itself, since each session may have its own.
        "IDLE": None,
        "ABSOLUTE": absolute,
        "RENEW_AFTER": None,
        "SKEW": ours("SKEW"),
        "COOKIE_PATH": settings.SESSION_COOKIE_PATH,
        "COOKIE_DOMAIN": settings.SESSION_COOKIE_DOMAIN or None,
        "COOKIE_SECURE": bool(settings.SESSION_COOKIE_SECURE),
        "COOKIE_HTTPONLY": bool(settings.SESSION_COOKIE_HTTPONLY),
        "COOKIE_SAMESITE": samesite.title() if samesite else None,
        "COOKIE_PARTITIONED": bool(ours("COOKIE_PARTITIONED")),
    }
    prefixed = {PREFIX + name: value for name, value in config.items()}
    return _config.build_engine(prefixed, secrets, _KEYS)


def _refuse_unknown() -> None:
    given = (name for name in dir(settings) if name.startswith(PREFIX))
    if unknown := sorted(name for name in given if name.removeprefix(PREFIX) not in _OURS):
        known = ", ".join(PREFIX + name for name in _OURS)
        raise ConfigError(f"unknown: {', '.join(unknown)}; the settings are {known}", "option")


def _forget(**_: Any) -> None:
    sealed_engine.cache_clear()
    merge_rules.cache_clear()


setting_changed.connect(_forget)
