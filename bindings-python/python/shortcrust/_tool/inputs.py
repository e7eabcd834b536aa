"""What does not stand in the command line: secrets, and a cookie that is piped in."""

from __future__ import annotations

import os
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .arguments import Command

_VARIABLE = "SHORTCRUST_SECRETS"


class Missing(Exception):
    """Something that was named is not there."""


def secrets(command: Command, prefix: str) -> str | None:
    """The text of the secrets, from where the command says; else from the usual variable."""
    path = command.option(f"{prefix}secret-file")
    if path is not None:
        return _read(path)
    name = command.option(f"{prefix}secret-env")
    if name is not None:
        if not os.environ.get(name):
            raise Missing(f"the variable {name} is not set, or empty")
        return os.environ[name]
    if command.option(f"{prefix}ask-secret") is not None:
        return _asked()
    return os.environ.get(_VARIABLE) or None


def _read(path: str) -> str:
    try:
        return text_of(Path(path).read_bytes())
    except OSError:
        raise Missing(f"the file {path} can't be read") from None


def _asked() -> str:
    try:
        return getpass("secret: ")
    except EOFError:
        raise Missing("no secret was given") from None


def text_of(content: bytes) -> str:
    """UTF-8; what is none stays visible as such."""
    return content.decode(errors="replace")
