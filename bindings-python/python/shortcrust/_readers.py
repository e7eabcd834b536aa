"""What is read beside what is written, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timezone
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from ._checks import PREFIX, kind_of, secret_list
from ._errors import ConfigError

if TYPE_CHECKING:
    from ._options import FormatOptions, ReaderOptions

KEPT = "express-session"
"""The reader's format whose cookies name rows that a store of express-session's kept."""
_COOKIE = "connect.sid"
_OF_READERS = ("until", "secrets", "path", "domain")
_OF_KEPT = ("format", "store", "name", "until", "secrets")
_ROWS = "RedisRows or SQLRows, or their async twins, of shortcrust.express_session"

Place = tuple[str | None, str]
"""A Domain and a Path, under which a cookie may lie."""


def readers(
    value: object, secrets: list[str | bytes], described: Callable[[str, object], FormatOptions]
) -> list[ReaderOptions]:
    key = PREFIX + "READERS"
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f"{key} must be a list of dicts, and is {kind_of(value)}", "reader")
    found: list[ReaderOptions] = []
    for reader in value:
        if not isinstance(reader, Mapping) or "until" not in reader:
            raise ConfigError(
                f"{key}: each reader is a dict and says until when it is read: "
                '"until": "2027-03-01", or "never" by decision',
                "reader",
            )
        own = reader.get("secrets")
        options: ReaderOptions = {
            "format": _format(key, reader, described),
            "secrets": secrets if own is None else secret_list(f'{key}: "secrets"', own),
            "until": _until(key, reader["until"]),
            "row_cookie": cookie_of(reader),
        }
        found.append(options)
    return found


def _format(
    key: str, reader: Mapping[str, Any], described: Callable[[str, object], FormatOptions]
) -> FormatOptions:
    if reader.get("format") != KEPT:
        rest = {name: option for name, option in reader.items() if name not in _OF_READERS}
        return described(key, rest)
    if unknown := sorted(set(reader) - set(_OF_KEPT)):
        raise ConfigError(
            f"{key}: an {KEPT} reader has no {', '.join(unknown)}; it has {', '.join(_OF_KEPT)}",
            "reader",
        )
    if not isinstance(reader.get("name", ""), str):
        raise ConfigError(f'{key}: "name" must be str, and is {kind_of(reader["name"])}', "reader")
    return {"format": "express"}


def cookie_of(reader: Mapping[str, Any]) -> str | None:
    """The cookie that names what express-session kept, where the reader is for that."""
    return str(reader.get("name", _COOKIE)) if reader.get("format") == KEPT else None


def old_cookies(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The cookies that name rows which are taken over."""
    names = (cookie_of(reader) for reader in config.get(PREFIX + "READERS") or ())
    return tuple(name for name in names if name is not None)


def old_rows(config: Mapping[str, Any], *, is_async: bool) -> dict[int, Any]:
    """What keeps express-session's rows, by the position of its reader."""
    given = config.get(PREFIX + "READERS") or ()
    found = {at: one.get("store") for at, one in enumerate(given) if cookie_of(one) is not None}
    for rows in found.values():
        _check(rows, getattr(config.get(PREFIX + "STORE"), "has_bare_keys", False), is_async)
    return found


def _check(rows: object, stays_peers: object, is_async: bool) -> None:
    key = f'{PREFIX}READERS: "store" of an {KEPT} reader'
    read, remove = getattr(rows, "read", None), getattr(rows, "remove", None)
    if not callable(read) or not callable(remove):
        raise ConfigError(f"{key} must be {_ROWS}, and is {kind_of(rows)}", "reader")
    if iscoroutinefunction(read) != is_async:
        wanted = "an async one, such as AsyncRedisRows" if is_async else "a sync one"
        raise ConfigError(f"{key} must be {wanted} in this framework", "reader")
    if stays_peers is True:
        raise ConfigError(
            f"{PREFIX}READERS: an {KEPT} reader goes with sessions of ours: remove "
            f"{PREFIX}ROWS, or the reader",
            "reader",
        )


def places_of(readers: Iterable[Mapping[str, Any]]) -> list[Place]:
    """Where the readers' cookies lie, if they say so."""
    key = f"{PREFIX}READERS: "
    found: list[Place] = []
    for reader in readers:
        path, domain = reader.get("path", "/"), reader.get("domain")
        for name, value in (("path", path), ("domain", domain or "")):
            if not isinstance(value, str):
                raise ConfigError(f'{key}"{name}" must be str, and is {kind_of(value)}', "reader")
        if "path" in reader or "domain" in reader:
            found.append((domain, path))
    return found


def past_readers(config: Mapping[str, Any], now_ms: int) -> list[str]:
    """What to say of readers that read no more, since their time has passed."""
    key = PREFIX + "READERS"
    past = [
        reader
        for reader in config.get(key, ())
        if (until := _until(key, reader["until"])) is not None and until < now_ms
    ]
    return [
        f'{key}: "until" of the {reader["format"]} reader has passed, so its cookies open no '
        "session any more: remove it, or give it more time"
        for reader in past
    ]


def _until(key: str, value: object) -> int | None:
    """Milliseconds; a date counts to its end, and times without a zone are UTC."""
    if value == "never":
        return None
    try:
        moment = _moment(value)
        return int(moment.timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(
            f'{key}: "until" must be a date, a datetime, an ISO 8601 text or "never"', "reader"
        ) from None


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        # Python 3.10 reads no Z.
        return _moment(
            date.fromisoformat(value)
            if len(value) == len("2027-03-01")
            else datetime.fromisoformat(value.replace("Z", "+00:00"))
        )
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    if isinstance(value, date):
        return datetime.combine(value, time.max, timezone.utc)
    raise TypeError
