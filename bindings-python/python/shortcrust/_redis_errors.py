"""What errors of redis-py may show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_CAUSED = "of pipeline caused error: "


@contextmanager
def without_command() -> Iterator[None]:
    """A pipeline's error names the command, with keys and records; only its cause stays."""
    try:
        yield
    except Exception as error:
        if _CAUSED in str(error):
            error.args = (str(error).rpartition(_CAUSED)[2],)
        raise
