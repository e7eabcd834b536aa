"""A file that holds a record, as docs/record-v1.md describes it."""

from __future__ import annotations

import json
import os
import re
from typing import Any, NamedTuple

from ._base import Entry, Row

_FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9_-]{2,200}")
# What no file system refuses; the end itself is in the file.
_LAST_SECOND = 2**32 - 1


class Found(NamedTuple):
    """What a file holds."""

    row: Row
    user: str | None
    expires: int | None

    def has_ended(self, now: int) -> bool:
        """Whether it ended before ``now`` (ms)."""
        return self.expires is not None and self.expires < now


DAMAGED = Found(Row(0, ""), None, None)
"""What is no file of ours, or not all of one."""


def is_name(key: str) -> bool:
    """Whether a key may be a file's name."""
    return _NAME.fullmatch(key) is not None


def written(version: int, entry: Entry) -> bytes:
    """The file's content."""
    text = entry.text.encode()
    head: dict[str, Any] = {"shortcrust": _FORMAT, "version": version, "bytes": len(text)}
    more = {"user": entry.user, "expires": entry.expires}
    head |= {name: value for name, value in more.items() if value is not None}
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + text


def read(content: bytes) -> Found:
    """What is in a file; ``DAMAGED`` for what another wrote, or a half of one."""
    line, _, text = content.partition(b"\n")
    try:
        head: Any = json.loads(line)
        values = head["shortcrust"], head["version"], head["bytes"]
        user, expires = head.get("user"), head.get("expires")
        record = text.decode()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return DAMAGED
    is_ours = values == (_FORMAT, values[1], len(text)) and _is_count(values[1])
    if not is_ours or not isinstance(user, (str, type(None))):
        return DAMAGED
    if expires is not None and not _is_count(expires):
        return DAMAGED
    return Found(Row(values[1], record), user, expires)


def set_end(path: str, expires: int | None) -> None:
    """The file's time is the record's end, so that a sweep reads no file that has not ended."""
    seconds = _LAST_SECOND if expires is None else min(expires / 1000, _LAST_SECOND)
    end = int(seconds * 1000) * 1_000_000
    os.utime(path, ns=(end, end))


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53
