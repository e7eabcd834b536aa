"""What is said of a store: which it is, what it is for, and what it is used with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any, Literal

from ._checks import PREFIX, kind_of
from ._errors import ConfigError

_METHODS = ("load", "create", "put", "save", "delete", "list", "revoke", "sweep")


def store_of(
    config: Mapping[str, Any], *, is_async: bool
) -> tuple[Any, Literal["sessions", "revocations"] | None]:
    """The store that a front's configuration names, and what it is for."""
    found = purpose_of(config.get(PREFIX + "STORE"), config.get(PREFIX + "REVOCATIONS"))
    store, purpose = found
    if purpose is None:
        return found
    key = PREFIX + ("STORE" if purpose == "sessions" else "REVOCATIONS")
    lacks = [name for name in _METHODS if not callable(getattr(store, name, None))]
    if isinstance(store, (str, bytes)):
        name = "AsyncRedisStore" if is_async else "RedisStore"
        client = "redis.asyncio.Redis" if is_async else "redis.Redis"
        raise ConfigError(
            f"{key} must be a store, and is a text; for the URL of a Redis server write "
            f"{name}({client}.from_url(...)), with {name} from shortcrust.stores",
            "option",
        )
    if lacks:
        raise ConfigError(
            f"{key} must be a store, and is {kind_of(store)}, without {', '.join(lacks)}", "option"
        )
    if iscoroutinefunction(store.load) != is_async:
        name, wanted = type(store).__name__, "an async" if is_async else "a sync"
        other = f"Async{name}" if is_async else name.removeprefix("Async")
        raise ConfigError(f"{key}: this framework takes {wanted} store, such as {other}", "option")
    if purpose == "revocations" and (keep_all := getattr(store, "keep_all", None)):
        keep_all()
    return found


def purpose_of(
    store: object, revocations: object
) -> tuple[Any, Literal["sessions", "revocations"] | None]:
    if store is not None and revocations is not None:
        raise ConfigError(
            f"{PREFIX}REVOCATIONS is for sessions in cookies: remove it, or {PREFIX}STORE", "option"
        )
    if store is not None:
        return store, "sessions"
    return revocations, None if revocations is None else "revocations"


def merge_rules(value: object) -> dict[str, str]:
    """The rules of a merge by their paths; which of them there are is the core's matter."""
    key = PREFIX + "MERGE"
    if not isinstance(value, Mapping):
        raise ConfigError(
            f'{key} must be a dict, such as {{"visits": "add"}}, and is {kind_of(value)}', "merge"
        )
    for path, rule in value.items():
        if not isinstance(path, str) or not isinstance(rule, str):
            raise ConfigError(
                f'{key}: {path!r} must be a path with its rule, such as "visits": "add"', "merge"
            )
    return dict(value)


def listener_of(config: Mapping[str, Any]) -> Callable[[Any], object] | None:
    """What is told of the sessions."""
    key = PREFIX + "ON_EVENT"
    listener = config.get(key)
    if listener is not None and not callable(listener):
        message = f"{key} must be a callable of an event, and is {kind_of(listener)}"
        raise ConfigError(message, "option")
    return listener


def label_of(config: Mapping[str, Any]) -> Callable[[Any], object] | None:
    """What makes labels for users' sessions, if anything does."""
    key = PREFIX + "LABEL"
    label = config.get(key)
    if label is None:
        return None
    if not callable(label):
        raise ConfigError(
            f"{key} must be a callable of the request, and is {kind_of(label)}", "option"
        )
    if config.get(PREFIX + "STORE") is None:
        raise ConfigError(
            f"{key} is for sessions in a store, since others can't be listed: set {PREFIX}STORE, "
            f"or remove it",
            "option",
        )
    return label  # type: ignore[no-any-return]
