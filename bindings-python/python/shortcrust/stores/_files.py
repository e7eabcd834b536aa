"""What the file stores do, in whatever thread."""

from __future__ import annotations

import heapq
import os
import secrets
from contextlib import contextmanager, suppress
from functools import wraps
from hashlib import sha256
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Concatenate, Literal, NamedTuple, ParamSpec, TypeVar

from .. import ambient
from .._errors import ConfigError
from ._base import Entry, Row, is_tombstone
from ._file_lock import locked
from ._file_record import DAMAGED, Found, is_name, read, set_end, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

P = ParamSpec("P")
T = TypeVar("T")

_HAS_FOLDER_SYNC = os.name != "nt"
# A sweep looks at so many files for each that it may remove.
_LOOKS = 10


def _without_path(
    method: Callable[Concatenate[Files, P], T],
) -> Callable[Concatenate[Files, P], T]:
    """An error of the operating system names the file, and the file's name is the key."""

    @wraps(method)
    def called(files: Files, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(files, *args, **kwargs)
        except OSError as error:
            if error.errno is None:
                raise
            failure = OSError(error.errno, error.strerror)
        # Not in the handler: there it would carry the other along.
        raise failure

    return called


class Files:
    """One folder of sessions; any number of threads and processes share it."""

    def __init__(self, folder: str, max_records: int | None, busy_timeout: float) -> None:
        if not folder:
            raise ConfigError("FileStore takes the path of a folder")
        if max_records is not None and max_records < 1:
            raise ConfigError("max_records must be 1 or more")
        if not busy_timeout >= 0:
            raise ConfigError("busy_timeout must be 0 seconds or more")
        self._max_records: float = inf if max_records is None else max_records
        self._busy_timeout = busy_timeout
        self._records = os.path.join(folder, "records")
        self._users = os.path.join(folder, "users")
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            for path in (self._records, self._users):
                _made(path)
        except OSError as error:
            message = f"FileStore cannot make its folder: {error.strerror}"
            raise ConfigError(message) from error
        for path in (folder, self._records, self._users):
            _check_owner(path)
        # How many may be made until they are counted again.
        self._room = 0
        self._making_room, self._process = Lock(), os.getpid()
        self._swept = secrets.token_hex(8)

    def keep_all(self) -> None:
        """From now on nothing goes before it has ended."""
        self._max_records = inf

    @_without_path
    def load(self, keys: Sequence[str]) -> list[Row | None]:
        """What is under the keys. A rename is one step, so nothing half is read."""
        found = [self._place(key).read() for key in keys]
        if None in found:
            # A disk that is not there holds no sessions, and that is no logout.
            os.stat(self._records)
        return [one and one.row for one in found]

    @_without_path
    def create(self, key: str, entry: Entry) -> Literal["done", "exists"]:
        """Writes where nothing is."""
        self._make_room()
        with self._locked(key) as place:
            if place.read() is not None:
                return "exists"
            self._write(place, None, entry)
        return "done"

    @_without_path
    def put(self, key: str, entry: Entry) -> Literal["done"]:
        """Writes, whatever is there."""
        if not os.path.lexists(self._place(key).path):
            self._make_room()
        with self._locked(key) as place:
            self._write(place, place.read(), entry)
        return "done"

    @_without_path
    def save(self, key: str, version: int, entry: Entry) -> Literal["done", "gone"] | Row:
        """Writes only over ``version``."""
        with self._locked(key) as place:
            found = place.read()
            if found is None:
                return "gone"
            if found.row.version != version:
                return found.row
            self._write(place, found, entry)
        return "done"

    @_without_path
    def delete(self, key: str) -> Literal["done"]:
        """Removes the record, if there is one."""
        with self._locked(key) as place:
            if (found := place.read()) is not None:
                self._remove(place, found)
                _synced(place.folder)
        return "done"

    @_without_path
    def list(self, user: str) -> list[tuple[str, str]]:
        """The user's records that have not ended."""
        now, listed = ambient.now_ms(), []
        for key in self._keys_of(user):
            found = self._place(key).read()
            if found is None or found.user != user:
                self._mend(key, user)
            elif not found.has_ended(now):
                listed.append((key, found.row.text))
        return listed

    @_without_path
    def revoke(self, user: str, keep: str | None) -> int:
        """Removes the user's records but for one."""
        count = 0
        for key in self._keys_of(user):
            if key != keep:
                count += self._mend(key, user, is_revoked=True)
        return count

    @_without_path
    def sweep(self, now: int, limit: int) -> int:
        """Removes what ended, from the folder on where the last sweep stopped."""
        count, looks = 0, _LOOKS * limit
        names = sorted(os.listdir(self._records))
        after = [name for name in names if name > self._swept]
        for name in after + names[: len(names) - len(after)]:
            if count >= limit or looks <= 0:
                break
            folder = os.path.join(self._records, name)
            files = list(_files_in(folder))
            looks -= len(files) + 1
            ended = [key for end, key in files if end < now]
            if ended:
                count += self._sweep_folder(ended[: limit - count], now)
            if len(ended) <= limit:
                self._swept = name
        return count

    def _sweep_folder(self, keys: Sequence[str], now: int) -> int:
        count = 0
        # All lie in one folder, which has one lock.
        with self._locked(keys[0]):
            for place in map(self._place, keys):
                found = place.read()
                if found is not None and found.has_ended(now):
                    self._remove(place, found)
                    count += 1
        return count

    def _make_room(self) -> None:
        """Counts the files after each tenth of what may be there: each time would be too much."""
        if self._max_records == inf:
            return
        if self._process != os.getpid():
            # A thread that the child has not may have held it at the fork.
            self._making_room, self._process = Lock(), os.getpid()
        with self._making_room:
            if self._room > 0:
                self._room -= 1
                return
            most = int(self._max_records)
            tenth = max(most // 10, 1)
            count = sum(1 for folder in self._folders() for _ in _names_in(folder))
            if count >= most:
                count -= self._evict(count - most + tenth)
            self._room = max(min(most - count, tenth), 1) - 1

    def _evict(self, count: int) -> int:
        """Removes those that end first, which are those that nobody used for longest.

        But no tombstone before its end, and it takes no session's place.
        """
        now = ambient.now_ms()
        files = (one for folder in self._folders() for one in _files_in(folder))
        gone = 0
        for end, key in heapq.nsmallest(count, files):
            with self._locked(key) as place:
                found = place.read()
                if found is None or place.end() != end:
                    continue
                if found.has_ended(now) or not is_tombstone(found.row.text):
                    self._remove(place, found)
                gone += 1
        return gone

    def _folders(self) -> Sequence[str]:
        return [os.path.join(self._records, name) for name in os.listdir(self._records)]

    def _place(self, key: str) -> _Place:
        if not is_name(key):
            raise ValueError("a key has 2 to 200 letters, digits, - and _")
        folder = os.path.join(self._records, key[:2])
        return _Place(key, folder, os.path.join(folder, key))

    @contextmanager
    def _locked(self, key: str) -> Iterator[_Place]:
        """Nobody else writes in the key's folder meanwhile."""
        place = self._place(key)
        if not os.path.isdir(place.folder) and _made(place.folder):
            _synced(self._records)
        with locked(os.path.join(place.folder, ".lock"), self._busy_timeout):
            yield place

    def _write(self, place: _Place, old: Found | None, entry: Entry) -> None:
        """What is written is on the disk, and under its user, before it is seen."""
        if entry.user is not None:
            self._mark(place.key, entry.user)
        # One name is enough under the lock, and what a dead process left is written over.
        draft = os.path.join(place.folder, ".draft")
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(file, "wb") as opened:
            opened.write(written(old.row.version + 1 if old else 1, entry))
            opened.flush()
            set_end(draft, entry.expires)
            os.fsync(file)
        os.replace(draft, place.path)
        _synced(place.folder)
        if old is not None and old.user not in (None, entry.user):
            self._unmark(place.key, str(old.user))

    def _remove(self, place: _Place, found: Found) -> None:
        os.unlink(place.path)
        if found.user is not None:
            self._unmark(place.key, found.user)

    def _mend(self, key: str, user: str, *, is_revoked: bool = False) -> bool:
        """Removes what a dead process left under a user, or a revoked record; whether it was one.

        Under the lock: who creates a record names it under its user first.
        """
        with self._locked(key) as place:
            found = place.read()
            if found is None or found.user != user:
                self._unmark(key, user)
            elif is_revoked:
                self._remove(place, found)
                _synced(place.folder)
                return True
        return False

    def _folder_of(self, user: str) -> tuple[str, str]:
        name = sha256(user.encode()).hexdigest()
        folder = os.path.join(self._users, name[:2])
        return folder, os.path.join(folder, name)

    def _keys_of(self, user: str) -> Sequence[str]:
        try:
            return [key for key in os.listdir(self._folder_of(user)[1]) if is_name(key)]
        except FileNotFoundError:
            os.stat(self._users)
            return []

    def _mark(self, key: str, user: str) -> None:
        """An empty file of the key's name under the user."""
        outer, folder = self._folder_of(user)
        while True:
            try:
                os.close(os.open(os.path.join(folder, key), os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:  # noqa: PERF203 - it is seldom tried twice
                return
            except FileNotFoundError:
                # Also where another removed it, empty, just now.
                if _made(outer):
                    _synced(self._users)
                if _made(folder):
                    _synced(outer)
            else:
                _synced(folder)
                return

    def _unmark(self, key: str, user: str) -> None:
        folder = self._folder_of(user)[1]
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, key))
        # It is not empty, or another was first.
        with suppress(OSError):
            os.rmdir(folder)


class _Place(NamedTuple):
    """Where a record lies."""

    key: str
    folder: str
    path: str

    def read(self) -> Found | None:
        try:
            with open(self.path, "rb") as opened:
                return read(opened.read())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except IsADirectoryError:
            return DAMAGED

    def end(self) -> int:
        return os.stat(self.path).st_mtime_ns // 1_000_000


def _names_in(folder: str) -> Iterator[str]:
    """The records' keys; none in what is no folder."""
    with suppress(FileNotFoundError, NotADirectoryError):
        yield from filter(is_name, os.listdir(folder))


def _files_in(folder: str) -> Iterator[tuple[int, str]]:
    """The records' ends (ms) and keys, by the files' times alone."""
    for key in _names_in(folder):
        # Another may remove it meanwhile.
        with suppress(FileNotFoundError):
            yield os.stat(os.path.join(folder, key)).st_mtime_ns // 1_000_000, key


def _check_owner(folder: str) -> None:
    """Who may write in the folder could put a session there, and log in by it."""
    if os.name == "nt":
        return
    found = os.stat(folder)
    # Root may write everywhere anyway.
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            "the folder of FileStore belongs to another user, who could put sessions into it: "
            "run as that user, or name a folder that is not there yet"
        )
    if found.st_mode & 0o022:
        raise ConfigError(
            "others may write to the folder of FileStore, and could put sessions into it: "
            "chmod 700 it, or name a folder that is not there yet"
        )


def _made(folder: str) -> bool:
    """Makes a folder in one that is there; whether it was not."""
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        return False
    return True


def _synced(folder: str) -> None:
    """A new name is on the disk: a logout is to outlast a power cut."""
    if not _HAS_FOLDER_SYNC:
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
