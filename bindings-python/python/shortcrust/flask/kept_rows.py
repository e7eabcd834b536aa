"""``SHORTCRUST_ROWS = "flask-session"``: rows that stay Flask-Session's (0.8), as a store of ours.

A row is written over only as it was read. What it can't hold beside the data, such as who has
logged in, is not kept; and where a session ended nothing is left, as with Flask-Session.
"""

from __future__ import annotations

from collections import OrderedDict
from importlib import import_module
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from flask.json.tag import TaggedJSONSerializer

from .. import _core, ambient
from .._errors import ConfigError, TooLarge, Unsupported
from ..stores import Capabilities, Entry, Row
from .exact import hidden, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rows import Found, Rows

_PERMANENT = "_permanent"
_MOST_KNOWN = 4096
# Saves of one request.
_STEP = 1 << 16
_TAGGED = TaggedJSONSerializer()


class KeptRows:
    """A store for :class:`shortcrust.flask.Shortcrust` alone."""

    has_bare_keys: bool = True

    def __init__(
        self, rows: Rows, serialization: str, *, lifetime: int | None, is_permanent: bool
    ) -> None:
        self.capabilities: Capabilities = Capabilities(index=False, expiry=rows.expires_by_itself)
        self._rows = rows
        self._codec = _Codec(serialization)
        self._lifetime = lifetime
        self._is_permanent = is_permanent
        self._versions = count(_STEP, _STEP)
        # What is forgotten is read again.
        self._known: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = Lock()

    def load(self, keys: Sequence[str]) -> Sequence[Row | None]:
        """What is under the keys."""
        return [self._row(key, self._rows.get(key)) for key in keys]

    def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """Writes where nothing is."""
        made = self._made(entry)
        if made is None or not self._rows.add(key, made, entry.expires):
            return "exists"
        self._know(key, 1, made)
        return "done"

    def put(self, key: str, entry: Entry) -> Literal["done"]:  # noqa: ARG002
        """Not in Flask-Session's rows."""
        raise Unsupported(_NO_INDEX)

    def save(self, key: str, version: int, entry: Entry) -> Literal["done", "gone"] | Row:
        """Writes only over what was read as ``version``."""
        with self._lock:
            old = self._known.get((key, version))
        if old is not None:
            made = self._made(entry)
            if self._rows.swap(key, old, made, entry.expires):
                if made is not None:
                    self._know(key, version + 1, made)
                return "done"
        return self._row(key, self._rows.get(key)) or "gone"

    def delete(self, key: str) -> Literal["done"]:
        """Removes the row."""
        self._rows.delete(key)
        return "done"

    def list(self, user: str) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """Not in Flask-Session's rows."""
        raise Unsupported(_NO_INDEX)

    def revoke(self, user: str, keep: str | None = None) -> int:  # noqa: ARG002
        """Not in Flask-Session's rows."""
        raise Unsupported(_NO_INDEX)

    def sweep(self, now: int, limit: int = 1_000) -> int:
        """Removes rows that have ended."""
        return self._rows.sweep(now, limit)

    def _row(self, key: str, found: Found | None) -> Row | None:
        """A row that can't be read is no session, and stays where it is."""
        payload = None if found is None else self._codec.payload(found.data)
        if found is None or payload is None:
            return None
        now, version = ambient.now_ms(), next(self._versions)
        renewed = now
        if found.expires is not None and self._lifetime is not None:
            renewed = min(found.expires - self._lifetime, now)
        self._know(key, version, found.data)
        return Row(version, _core.row_record(payload, renewed, found.expires))

    def _made(self, entry: Entry) -> bytes | None:
        """The row for what is to be there; ``None`` for nothing."""
        payload = _core.record_payload(entry.text)
        if payload is None:
            return None
        data = shown(_TAGGED.loads(payload))
        if self._is_permanent and _PERMANENT not in data:
            data = {_PERMANENT: True, **data}
        return self._codec.row(data)

    def _know(self, key: str, version: int, row: bytes) -> None:
        with self._lock:
            self._known[key, version] = row
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)


class _Codec:
    """As Flask-Session reads and writes, but for pickle."""

    def __init__(self, serialization: str) -> None:
        if serialization not in ("msgpack", "json"):
            raise ConfigError('SESSION_SERIALIZATION_FORMAT must be "msgpack" or "json"', "option")
        self._msgspec = import_module("msgspec")
        both = [self._msgspec.msgpack, self._msgspec.json]
        self._formats = both if serialization == "msgpack" else both[::-1]

    def row(self, data: dict[str, Any]) -> bytes:
        row: bytes = self._formats[0].encode(data)
        return row

    def payload(self, row: bytes) -> str | None:
        """``None`` for what is no session."""
        found = (self._read(form, row) for form in self._formats)
        return next((payload for payload in found if payload is not None), None)

    def _read(self, form: Any, row: bytes) -> str | None:
        try:
            data = form.decode(row)
            is_session = isinstance(data, dict) and all(isinstance(key, str) for key in data)
            return _core.dump_tagged(hidden(data)) if is_session else None
        except (self._msgspec.DecodeError, RecursionError, TooLarge, ValueError):
            return None


_NO_INDEX = (
    "Flask-Session's rows have no index by user: for lists and revocations take them over, "
    "without SHORTCRUST_ROWS"
)
