"""What a key of the configuration may be; what is said never shows a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._errors import ConfigError

PREFIX = "SHORTCRUST_"


def one_of(name: str, value: Any, choices: tuple[Any, ...]) -> Any:
    # By type too: 1 is no True here.
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        message = f"{PREFIX}{name} must be one of {choices}, and is {kind_of(value)}"
        raise ConfigError(message, "option")
    return value


def expect(name: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        message = f"{PREFIX}{name} must be {kind.__name__}, and is {kind_of(value)}"
        raise ConfigError(message, "option")
    return value


def kind_of(value: object) -> str:
    """The type, never the value: it may be a secret."""
    return f"a {type(value).__name__}" if value is not None else "None"


def secret_list(key: str, value: object) -> list[str | bytes]:
    """A list of secrets; a string would make each of its letters a key."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise ConfigError(
            f"{key} must be a list of secrets, and is {kind_of(value)}: write [...] around it",
            "secret",
        )
    secrets = list(value)
    for secret in secrets:
        if not isinstance(secret, (str, bytes)):
            raise ConfigError(
                f"{key} must hold str or bytes, and holds {kind_of(secret)}", "secret"
            )
        if not secret:
            raise ConfigError(
                f"{key}: a secret is empty, so that anyone could sign: remove it or set it",
                "secret",
            )
    return secrets
