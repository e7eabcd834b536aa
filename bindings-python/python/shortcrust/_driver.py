"""Between a front and its store: load, command, write, and what becomes of it.

What has to wait is written once, as steps that hand each call to whoever runs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import Any, Literal, NamedTuple, TypeVar

from . import _core, ambient
from ._errors import Conflict, Unavailable, Unsupported
from .stores._base import AsyncStore, Entry, Row, Store

T = TypeVar("T")
Steps = Generator[tuple[Any, ...], Any, T]
"""Functions with their arguments, to be called; each answer is sent back in."""
Why = Literal["login", "logout", "privilege"]

_SWEEP_EVERY = 100
_SWEEP_LIMIT = 1_000
# Seconds. The engine tries 16 times, so together the pauses are under 2.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.2
_HANDLE = re.compile(r"[A-Za-z0-9_-]{43}")
_SILENT = ("ended", "identity")


def run(steps: Steps[T]) -> T:
    """Calls what the steps hand out."""
    resume: Callable[[], tuple[Any, ...]] = partial(steps.send, None)
    with closing(steps):
        while True:
            try:
                call, *arguments = resume()
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            try:
                resume = partial(steps.send, call(*arguments))
            except Exception as error:  # noqa: BLE001 - the steps decide
                resume = partial(steps.throw, error)


async def run_async(steps: Steps[T]) -> T:
    """Awaits what the steps hand out."""
    resume: Callable[[], tuple[Any, ...]] = partial(steps.send, None)
    # A request that is cancelled leaves the queue it stands in.
    with closing(steps):
        while True:
            try:
                call, *arguments = resume()
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            try:
                resume = partial(steps.send, await call(*arguments))
            except Exception as error:  # noqa: BLE001 - the steps decide
                resume = partial(steps.throw, error)


class SessionInfo(NamedTuple):
    """One of a user's sessions."""

    handle: str
    """What ``revoke`` takes. It is the store's key and opens no session."""
    created: datetime
    """When the session began, in UTC."""
    renewed: datetime
    """When it was last written or renewed, in UTC."""
    is_current: bool
    """Whether it is the session of this request."""


@dataclass(slots=True)
class Visit:
    """One request's session."""

    native: _core.Session | None = None
    """``None`` where no cookie came, and nothing was commanded."""
    key: str | None = None
    """Of the record, where there is one."""
    commanded: bool = False
    """An id was left, which the store has to know."""
    failure: str | None = None
    """The reason why something was not written."""
    given_up: bool = False
    """A write failed. The page about the error comes by here again."""
    revoked: dict[str, int] = field(default_factory=dict)
    """Users whose sessions in cookies ended in this request, and when, in milliseconds."""

    @property
    def reason(self) -> str | None:
        """Why there is no session; ``None`` where there is one."""
        return "no_cookie" if self.native is None else self.native.reason

    @property
    def user(self) -> str | None:
        """Whose session it is."""
        return None if self.native is None else self.native.user

    def __deepcopy__(self, memo: object) -> Visit:
        """An application may copy its session, and this with it; there is one cookie that came."""
        return self


@dataclass(slots=True)
class Driver:
    """A front's engine and its store, if it has one."""

    engine: _core.Engine
    fallback: Callable[[Any], str]
    ensure_ascii: bool
    sleep: Callable[[float], Any]
    queue: Callable[[str], Any]
    """A place where requests wait that another one was first of, by key."""
    store: Store | AsyncStore | None = None
    keeping: Literal["sessions", "revocations"] | None = None
    outage: Literal["error", "empty"] = "error"
    user_key: str | None = None
    _made: int = 0
    """Records, since the last sweep."""

    def open(self, header: str) -> Steps[tuple[Visit, dict[str, Any] | None]]:
        """Reads a Cookie header, and asks the store for what it names: a session's data."""
        now = ambient.now_ms()
        if self.store is None:
            native, data = self.engine.open(header, now)
            return Visit(native), data
        begun = _core.begin(self.engine, header, now)
        if not isinstance(begun, _core.Pending):
            return Visit(begun[0]), begun[1]
        keys = begun.keys
        try:
            rows: list[Row | None] = list((yield self._of_store("load"), keys))
        except Exception:
            if self.outage == "error":
                raise
            return Visit(begun.failed()), None
        native, data = begun.loaded(rows, now)
        is_record = self.keeping == "sessions" and data is not None
        return Visit(native, _current(keys, rows) if is_record else None), data

    def save(self, visit: Visit, data: dict[str, Any], modified: bool) -> Steps[None]:
        """Writes now."""
        if self.store is None:
            raise Unsupported("without a store a session is saved with the response, and not now")
        modified |= self._follow_user(visit, data)
        yield from self._finish(visit, data, modified)

    def close(
        self, visit: Visit, data: dict[str, Any], modified: bool, secure: bool
    ) -> Steps[_core.Closed | None]:
        """Writes what is left to write, and says what the response needs."""
        if visit.given_up:
            return None
        visit.given_up = True
        modified |= self._follow_user(visit, data)
        yield from self._finish(visit, data, modified)
        closed = None
        if visit.failure != "unavailable":
            closed = self.engine.close(
                visit.native,
                data,
                modified,
                secure,
                ambient.now_ms(),
                ambient.entropy,
                self.fallback,
                sort_keys=False,
                ensure_ascii=self.ensure_ascii,
            )
        if visit.revoked and closed is not None:
            yield from self._except_the_new(visit.revoked, closed)
        visit.given_up = False
        return closed

    def regenerate(self, visit: Visit, why: Why, user: str | None) -> None:
        """A new id, when the session is saved."""
        if visit.reason == "unavailable":
            raise Unavailable("the store failed: nobody can log in or out in this request")
        if visit.reason in _SILENT:
            # The id that came in stays silent; what follows is a session of its own.
            visit.native = None
        self._native(visit).regenerate(why, user, ambient.now_ms())
        visit.key = None
        visit.commanded = True

    def destroy(self, visit: Visit) -> None:
        """The session ends with this request."""
        self._native(visit).destroy()
        visit.key = None
        visit.commanded = True

    def session_id(self, visit: Visit) -> str | None:
        """The id that the cookie has, or will have; ``None`` for a session in its cookie."""
        return _core.session_id(self._native(visit), ambient.entropy)

    def listed(self, user: str, visit: Visit | None) -> Steps[list[SessionInfo]]:
        """The user's sessions that have not ended."""
        self._require_records("list")
        found = yield self._of_store("list"), user
        current = None if visit is None else visit.key
        listed = [
            SessionInfo(key, _moment(times[0]), _moment(times[1]), key == current)
            for key, text in found
            if (times := _core.record_times(text)) is not None
        ]
        return sorted(listed, key=lambda info: info.renewed, reverse=True)

    def revoke(self, handle: str, visit: Visit | None) -> Steps[None]:
        """Ends one session."""
        self._require_records("revoke")
        if not _HANDLE.fullmatch(handle):
            # A form may have sent anything.
            return
        yield self._of_store("delete"), handle
        if visit is not None and visit.key == handle:
            self.destroy(visit)

    def revoke_all(
        self, user: str, visit: Visit | None, *, except_current: bool
    ) -> Steps[int | None]:
        """Ends a user's sessions."""
        if self.store is None:
            raise Unsupported("without a store no session can be revoked: see SHORTCRUST_STORE")
        kept = visit if except_current else None
        count = None
        is_own = visit is not None and visit.user == user
        if self.keeping == "sessions":
            count = int((yield self._of_store("revoke"), user, kept and kept.key))
        else:
            now = ambient.now_ms()
            native = None if kept is None else kept.native
            yield from self._answers(_core.revoke_all(self.engine, user, native, now))
            if visit is not None:
                visit.revoked[user] = now
        if visit is not None and is_own and kept is None:
            self.destroy(visit)
        return count

    def _native(self, visit: Visit) -> _core.Session:
        if visit.native is None:
            visit.native, _ = self.engine.open("", ambient.now_ms())
        return visit.native

    def _follow_user(self, visit: Visit, data: dict[str, Any]) -> bool:
        """For a record the engine knows whose it is; a cookie has to be told."""
        if self.user_key is None or self.keeping != "revocations" or not data:
            return False
        user = _user_in(data, self.user_key)
        if user == visit.user:
            return False
        self.regenerate(visit, "logout" if user is None else "login", user)
        return True

    def _finish(self, visit: Visit, data: dict[str, Any], modified: bool) -> Steps[None]:
        """Has the store write what is left to write."""
        if not self._has_work(visit, data, modified):
            return
        native = self._native(visit)
        actions = _core.finish(
            native,
            self.engine,
            data,
            modified,
            ambient.now_ms(),
            ambient.entropy,
            self.fallback,
            sort_keys=False,
            ensure_ascii=self.ensure_ascii,
        )
        created = next((a.key for a in actions.list if a.kind == "create"), None)
        report = yield from self._carried_out(actions, may_fail=not visit.commanded)
        _core.settle(native, report)
        visit.failure = report.reason
        if report.reason == "conflict":
            raise Conflict("other requests wrote the session first, 16 times")
        if report.reason == "unavailable" and self.outage == "error":
            raise Unavailable("the store has a record under the new id already")
        if report.reason is None:
            visit.key = created or visit.key
            visit.commanded = False

    def _has_work(self, visit: Visit, data: dict[str, Any], modified: bool) -> bool:
        if self.keeping != "revocations":
            return self.keeping is not None
        if modified and not data:
            # Emptied: the cookie goes, and a copy of it is not to come back.
            self.destroy(visit)
        return visit.commanded

    def _require_records(self, what: str) -> None:
        if self.keeping != "sessions":
            raise Unsupported(f"{what} needs the sessions in a store, and they are in cookies")

    def _of_store(self, method: str) -> Callable[..., Any]:
        return getattr(self.store, method)  # type: ignore[no-any-return]

    def _carried_out(self, actions: _core.Actions, *, may_fail: bool) -> Steps[_core.Report]:
        """Runs the actions, again and again while another request is first."""
        answers = yield from self._answers(actions.list, may_fail=may_fail)
        step = actions.done(answers)
        if isinstance(step, _core.Report):
            return step
        # One of a process after the other: against the other processes' alone each soon is first.
        place = self.queue(step.list[0].key)
        try:
            yield (place.enter,)
            return (yield from self._retried(step, may_fail=may_fail))
        finally:
            place.leave()

    def _retried(self, actions: _core.Actions, *, may_fail: bool) -> Steps[_core.Report]:
        longest = _FIRST_PAUSE
        while True:
            answers = yield from self._answers(actions.list, may_fail=may_fail)
            if isinstance(answers[-1], tuple):
                yield self.sleep, longest * int.from_bytes(ambient.entropy(2), "big") / 0xFFFF
                longest = min(longest * 2, _LONGEST_PAUSE)
                # What was there before the pause has been overtaken meanwhile.
                (row,) = yield self._of_store("load"), [actions.list[0].key]
                answers[-1] = "gone" if row is None else row
            step = actions.done(answers)
            if isinstance(step, _core.Report):
                return step
            actions = step

    def _answers(
        self, actions: list[_core.Action], *, may_fail: bool = False
    ) -> Steps[list[str | tuple[int, str]]]:
        """What the store says of them, up to the first that is not done."""
        answers: list[str | tuple[int, str]] = []
        for action in actions:
            try:
                answer = yield self._call(action)
            except Exception:
                if self.outage == "error" or not may_fail:
                    raise
                answer = "failed"
            answers.append(answer)
            if answer != "done":
                break
            yield from self._sweep_at_times(action)
        return answers

    def _call(self, action: _core.Action) -> tuple[Any, ...]:
        method = self._of_store(action.kind)
        if action.text is None:
            return method, action.key
        entry = Entry(action.text, action.user, action.expires_ms)
        if action.version is None:
            return method, action.key, entry
        return method, action.key, action.version, entry

    def _sweep_at_times(self, action: _core.Action) -> Steps[None]:
        is_row = action.kind == ("create" if self.keeping == "sessions" else "put")
        if not is_row or self.store is None or self.store.capabilities.expiry:
            return
        self._made += 1
        if self._made < _SWEEP_EVERY:
            return
        self._made = 0
        # A request does not fail for what others left.
        with suppress(Exception):
            yield self.store.sweep, ambient.now_ms(), _SWEEP_LIMIT

    def _except_the_new(self, revoked: dict[str, int], closed: _core.Closed) -> Steps[None]:
        """What was sealed after the revocation, in this request, may have begun before it."""
        now = ambient.now_ms()
        pair, _, _ = closed.cookies[0].partition(";")
        begun = _core.begin(self.engine, pair, now)
        if not isinstance(begun, _core.Pending):
            return
        native, _ = begun.loaded([None] * len(begun.keys), now)
        if native.user in revoked:
            # Not from now on: another request may have revoked it since.
            since = revoked[native.user]
            exception, _ = _core.revoke_all(self.engine, native.user, native, since)
            yield from self._answers([exception])


def user_text(user: str | int) -> str:
    """How a store knows a user. ``TypeError`` for nobody."""
    if user == "" or isinstance(user, bool) or not isinstance(user, (str, int)):
        raise TypeError("a user must be a str that is not empty, or an int")
    return str(user)


def _user_in(data: dict[str, Any], path: str) -> str | None:
    found: Any = data
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    is_name = isinstance(found, (str, int)) and not isinstance(found, bool)
    return str(found) if is_name else None


def _current(keys: list[str], rows: list[Row | None]) -> str | None:
    """Of several cookies the engine takes the first whose record is a session."""
    found = (k for k, row in zip(keys, rows, strict=True) if row and _core.record_times(row[1]))
    return next(found, None)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
