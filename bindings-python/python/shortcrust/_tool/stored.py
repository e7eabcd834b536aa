"""Sessions in a store that a URL names."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from .. import _core, ambient
from .._errors import ConfigError, Unsupported
from .inputs import Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._core import ToolAnswer, ToolCall
    from ..stores import Store
    from .arguments import Command

_BATCH = 1_000


def run_stored(command: Command, call: ToolCall) -> ToolAnswer:
    """What the verb says, to the store that its argument names."""
    url = command.option("")
    if url is None:
        raise Missing(f"{command.verb} needs a store: see shortcrust {command.verb} --help")
    work = _work(command, call)
    if not callable(work):
        return work
    with _opened(url) as store:
        try:
            return work(store)
        except Unsupported:
            raise Missing("this kind of store has no list of a user's sessions") from None
        except Exception as error:  # noqa: BLE001 - the client's, whatever it is; it may quote the URL
            return "", f"shortcrust: the store failed: {type(error).__name__}\n", 1


def _work(command: Command, call: ToolCall) -> Callable[[Store], ToolAnswer] | ToolAnswer:
    if command.verb == "sweep":
        limit = _limit(command.option("limit"))
        return lambda store: _core.tool_removed(call, _swept(store, limit))
    index, wrong = _core.tool_user_index(call)
    if index is None:
        assert wrong is not None  # noqa: S101 - one of the two
        return wrong
    user: str = index
    if command.verb == "sessions list":
        return lambda store: _core.tool_listing(
            call, [(key, text) for key, text in store.list(user)]
        )
    keep = command.option("keep")
    return lambda store: _core.tool_removed(call, store.revoke(user, keep))


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise Missing(f"--limit {text!r} is unknown: give a number from 1 on".replace("'", '"'))
    return int(text)


def _swept(store: Store, limit: int | None) -> int:
    now = ambient.now_ms()
    if limit is not None:
        return store.sweep(now, limit)
    count = 0
    while gone := store.sweep(now, _BATCH):
        count += gone
    return count


@contextmanager
def _opened(url: str) -> Iterator[Store]:
    scheme = urlsplit(url).scheme.lower()
    opener = _OPENERS.get(scheme)
    if opener is None:
        known = "redis://, rediss://, postgresql://, mysql://, sqlite:///, file:/// or memcached://"
        raise Missing(f"the store's URL must begin with {known}")
    try:
        store, close = opener(url)
    except ImportError as error:
        raise Missing(f"the client of the store is missing: pip install {error.name}") from None
    except (ConfigError, ValueError) as error:
        raise Missing("the store's URL is wrong") from error
    try:
        yield store
    finally:
        close()


def _redis(url: str) -> tuple[Store, Callable[[], Any]]:
    from redis import Redis  # noqa: PLC0415 - optional

    from ..stores import RedisStore  # noqa: PLC0415

    client = Redis.from_url(url)
    return RedisStore(client), client.close


def _sql(url: str) -> tuple[Store, Callable[[], Any]]:
    from sqlalchemy import create_engine  # noqa: PLC0415 - optional
    from sqlalchemy.engine import make_url  # noqa: PLC0415

    from ..stores import SQLAlchemyStore  # noqa: PLC0415

    parsed = make_url(url)
    drivers = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
    drivers |= {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
    engine = create_engine(parsed.set(drivername=drivers.get(parsed.drivername, parsed.drivername)))
    return SQLAlchemyStore(engine), engine.dispose


def _sqlite(url: str) -> tuple[Store, Callable[[], Any]]:
    from ..stores import SQLiteStore  # noqa: PLC0415

    store = SQLiteStore(_path(url))
    return store, store.close


def _file(url: str) -> tuple[Store, Callable[[], Any]]:
    from ..stores import FileStore  # noqa: PLC0415

    return FileStore(_path(url)), lambda: None


def _memcached(url: str) -> tuple[Store, Callable[[], Any]]:
    from pymemcache import HashClient  # type: ignore[import-untyped]  # noqa: PLC0415 - optional

    from ..stores import MemcachedStore  # noqa: PLC0415

    servers = urlsplit(url).netloc.split(",")
    client = HashClient([server if ":" in server else f"{server}:11211" for server in servers])
    return MemcachedStore(client), client.close


def _path(url: str) -> str:
    """``sqlite:///a.db`` is below the current folder, ``sqlite:////a.db`` is not."""
    parts = urlsplit(url)
    if parts.netloc or not parts.path:
        raise ValueError("no path")
    path = unquote(parts.path)
    path = path[1:] if parts.scheme == "sqlite" else path
    if not Path(path).exists():
        # A store would make it, and say that nothing is in it.
        raise Missing(f"there is nothing at {path}")
    return path


_OPENERS: dict[str, Callable[[str], tuple[Store, Callable[[], Any]]]] = {
    "redis": _redis,
    "rediss": _redis,
    "postgres": _sql,
    "postgresql": _sql,
    "mysql": _sql,
    "mariadb": _sql,
    "sqlite": _sqlite,
    "file": _file,
    "memcached": _memcached,
}
