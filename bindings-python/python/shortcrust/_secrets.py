"""Secrets that come from the environment, from a file, or from a callable of the application's."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path
from typing import Any, Generic, TypeVar

from . import _core
from ._errors import ConfigError

Source = Callable[[], Sequence[Any]]
T = TypeVar("T")

_LOGGER = logging.getLogger("shortcrust")


def secrets_from_env(name: str) -> list[str | bytes]:
    """The secrets in an environment variable, newest first, one a line.

    ``hex:`` or ``base64:`` in front of a line says that the rest is bytes.
    Raises ``ConfigError`` where the variable has none. A process keeps the environment it was
    started with: for secrets that change while it runs take :func:`secrets_from_file`.
    """
    secrets = _lines(os.environ.get(name, ""))
    if not secrets:
        raise ConfigError(f"the environment variable {name} has no secret: set it", "secret")
    return secrets


def secrets_from_file(path: str | os.PathLike[str]) -> Callable[[], list[str | bytes]]:
    """What a front takes as its secrets: those in a file (UTF-8).

    They are written as :func:`secrets_from_env` has them. The file is read again when it was
    written or replaced, so that secrets change without a restart. Replace it as a whole (write
    another one and rename it). Raises ``ConfigError`` where the file has no secret, and ``OSError``
    where it can't be read.
    """
    file = Path(path)
    known: tuple[int, int, int] | None = None
    secrets: list[str | bytes] = []

    def current() -> list[str | bytes]:
        nonlocal known, secrets
        found = file.stat()
        state = (found.st_ino, found.st_size, found.st_mtime_ns)
        if state != known:
            secrets = _lines(_text(file.read_bytes()))
            if not secrets:
                raise ConfigError("the file of secrets has none: write one a line", "secret")
            known = state
        return secrets

    return current


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        # Python's own message shows a byte.
        message = "the file of secrets is not UTF-8: write bytes with hex: or base64: in front"
        raise ConfigError(message, "secret") from None


def _lines(text: str) -> list[str | bytes]:
    encoded = ((line, _core.encoded_secret(line)) for line in re.split(r"\r?\n", text) if line)
    return [line if secret is None else secret for line, secret in encoded]


class Rekeyed(Generic[T]):
    """What is made of a callable's secrets, and made again when they change.

    Raises what the callable raises at first. Where it fails later, or gives what can't be used, the
    last ones stay in use, and the log says so: no request fails by it.
    """

    def __init__(self, key: str, source: Source, make: Callable[[Any], T]) -> None:
        self._key = key
        self._source = source
        self._make = make
        # A copy, since the callable may change its list in place.
        self._seen = copy(source())
        self._made = make(self._seen)
        self._told: str | None = None

    def current(self) -> T:
        """For the secrets of now. The callable is asked at each call."""
        try:
            secrets = self._source()
            if secrets != self._seen:
                self._seen = copy(secrets)
                self._made = self._make(self._seen)
                self._told = None
        except Exception as error:  # noqa: BLE001 - whatever the application's code raises
            why = str(error) if isinstance(error, ConfigError) else type(error).__name__
            if why != self._told:
                _LOGGER.warning("the last secrets stay in use, since %s fails: %s", self._key, why)
                self._told = why
        return self._made
