"""The middleware's arguments, checked, and as the settings that all fronts share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import Secret

from .. import _config
from .._checks import PREFIX
from .._errors import ConfigError

_POLICY = ("idle", "absolute", "renew_after", "skew", "persistent")


def secret_list(secret_key: object) -> list[str]:
    """The secrets, newest first, from one or a list of them."""
    if isinstance(secret_key, (str, bytes, Secret)) or not isinstance(secret_key, Iterable):
        # Starlette's own conversion.
        return [str(secret_key)]
    secrets = list(secret_key)
    if not secrets:
        raise ConfigError("secret_key is an empty list: set at least one secret", "secret")
    if not all(isinstance(secret, (str, Secret)) for secret in secrets):
        raise ConfigError("secret_key must hold str or Secret", "secret")
    if not all(map(str, secrets)):
        raise ConfigError("secret_key holds an empty secret: remove it or set it", "secret")
    return [str(secret) for secret in secrets]


def lifetime(max_age: int | None, policy: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings of ``max_age`` and ``policy``."""
    if unknown := sorted(set(policy or ()) - set(_POLICY)):
        raise ConfigError(
            f"policy has no {', '.join(unknown)}; it has {', '.join(_POLICY)}", "policy"
        )
    if max_age is not None and not (isinstance(max_age, (int, float)) and max_age >= 0):
        raise ConfigError("max_age must be seconds or None, and not negative", "policy")
    # Without a Max-Age the cookie ends with the browser; the session ends by the policy.
    limits: dict[str, Any] = {"PERSISTENT": False} if max_age is None else {"IDLE": max_age}
    if max_age is not None and max_age > _config.DEFAULTS["ABSOLUTE"]:
        # Who asked for a year is not logged out after 90 days.
        limits["ABSOLUTE"] = max_age
    return limits | {key.upper(): value for key, value in (policy or {}).items()}


def in_our_words(message: str) -> str:
    """The checks are shared with fronts whose options are keys of a configuration."""

    def word(found: re.Match[str]) -> str:
        name = found[1].lower()
        return f"policy[{name!r}]" if name in _POLICY else _ARGUMENTS.get(name, name)

    return re.sub(PREFIX + r"([A-Z_]+\*?)(?:, or SECRET_KEY and \w+)?", word, message)


_ARGUMENTS = {
    "secrets": "secret_key",
    "name": "session_cookie",
    "cookie_path": "path",
    "cookie_domain": "domain",
    "cookie_secure": "https_only",
    "cookie_samesite": "same_site",
    "cookie_partitioned": "partitioned",
    "cookie_*": "path, domain, https_only, same_site, partitioned",
}
