"""System checks: ``manage.py check``, and the most with ``--deploy``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.utils.encoding import force_bytes
from django.utils.module_loading import import_string

from .. import _core
from .._errors import ConfigError
from . import _settings
from .middleware import SessionMiddleware

_ENGINES = "shortcrust.django."
_SEALED = _ENGINES + "sealed_cookies"


@register(Tags.security)
def check_fallbacks(**_: Any) -> list[CheckMessage]:
    """Django iterates over a string, and each letter is a key."""
    try:
        _settings.refuse_text("SECRET_KEY_FALLBACKS", settings.SECRET_KEY_FALLBACKS)
    except ConfigError as error:
        return [Error(str(error), id="shortcrust.E001")]
    return []


@register(Tags.security)
def check_sealed(**_: Any) -> list[CheckMessage]:
    """The configuration of the engine ``sealed_cookies``, which is our own front."""
    if settings.SESSION_ENGINE != _SEALED:
        return []
    try:
        _settings.sealed_engine()
    except ConfigError as error:
        return [Error(str(error), id="shortcrust.E002")]
    return []


@register(Tags.security)
def check_merge(**_: Any) -> list[CheckMessage]:
    """What the engines that merge read."""
    try:
        _settings.merge_rules()
    except ConfigError as error:
        return [Error(str(error), id="shortcrust.E004")]
    return []


@register(Tags.security)
def check_readers(**_: Any) -> list[CheckMessage]:
    """A reader whose time has passed opens nothing, and says nothing in a request."""
    if settings.SESSION_ENGINE != _SEALED:
        return []
    try:
        past = _settings.past_readers()
    except ConfigError:
        # E002 says so.
        return []
    return [checks.Warning(f"{message}.", id="shortcrust.W004") for message in past]


@register(Tags.security, deploy=True)
def check_secrets(**_: Any) -> list[CheckMessage]:
    """Django asks for 50 characters; this is about what can be guessed."""
    fallbacks = settings.SECRET_KEY_FALLBACKS
    keys = {"SECRET_KEY": settings.SECRET_KEY}
    if not isinstance(fallbacks, (str, bytes)):
        keys |= {f"SECRET_KEY_FALLBACKS[{at}]": key for at, key in enumerate(fallbacks)}
    return [
        checks.Warning(
            f"{name} has under {_core.LEAST_DJANGO_SECRET} bytes and can be guessed.",
            hint="Make one with `python -c 'import secrets; print(secrets.token_hex())'`.",
            id="shortcrust.W002",
        )
        for name, key in keys.items()
        if len(force_bytes(key)) < _core.LEAST_DJANGO_SECRET
    ]


@register(Tags.security, deploy=True)
def check_cookie(**_: Any) -> list[CheckMessage]:
    """What browsers drop is an error, what surprises later a warning."""
    try:
        found = _settings.cookie_warnings()
    except ConfigError as error:
        return [Error(str(error), id="shortcrust.E003")]
    return [
        checks.Warning(f"{message[0].upper()}{message[1:]}.", id="shortcrust.W003")
        for message in found
    ]


@register(Tags.security, deploy=True)
def check_middleware(**_: Any) -> list[CheckMessage]:
    """An engine sees one value of the cookie, and no response."""
    if not settings.SESSION_ENGINE.startswith(_ENGINES) or _has_middleware():
        return []
    return [
        checks.Warning(
            "With Django's own SessionMiddleware there is no second look at duplicate cookies, no "
            "Partitioned and no Cache-Control on responses that set the session cookie.",
            hint='Put "shortcrust.django.SessionMiddleware" in its place in MIDDLEWARE.',
            id="shortcrust.W001",
        )
    ]


def _has_middleware() -> bool:
    kinds = (import_string(path) for path in settings.MIDDLEWARE)
    return any(isinstance(kind, type) and issubclass(kind, SessionMiddleware) for kind in kinds)
