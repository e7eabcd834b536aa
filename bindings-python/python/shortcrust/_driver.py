"""Between a front and its store: a loop that carries out what the core asks for.

Which row is live, what is written when and how often, and what becomes of it: all that the core
decides. What has to wait is written once, as steps that hand each call to whoever runs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any, NamedTuple, TypeVar

from . import _core, ambient
from ._errors import Conflict, Unavailable, Unsupported
from .stores._base import AsyncStore, Entry, Row, Store

T = TypeVar("T")
Steps = Generator[tuple[Any, ...], Any, T]
"""Functions with their arguments, to be called; each answer is sent back in."""
Answer = str | int | Row | list[Row | None]

_HANDLE = re.compile(r"[A-Za-z0-9_-]{43}")


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
    label: str
    """What ``login`` or ``SHORTCRUST_LABEL`` said; else empty."""


@dataclass(slots=True)
class RequestSession:
    """One request's session."""

    native: _core.Session | None = None
    """``None`` where no cookie came, and nothing was commanded."""
    scope: Any = None
    """What the front's ``label_of`` is given."""
    is_answered: bool = False
    """The response has its cookies, and gets no more."""

    @property
    def reason(self) -> str | None:
        """Why there is no session; ``None`` where there is one."""
        return "no_cookie" if self.native is None else self.native.reason

    @property
    def failure(self) -> str | None:
        """Why something was not written."""
        failure = None if self.native is None else self.native.failure
        return None if failure is None else failure[0]

    @property
    def user(self) -> str | None:
        """Whose session it is."""
        return None if self.native is None else self.native.user

    @property
    def key(self) -> str | None:
        """The store's, of the record, where there is one."""
        return None if self.native is None else self.native.key

    def __deepcopy__(self, memo: object) -> RequestSession:
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
    has_records: bool = False
    """The store has the sessions, and not only which of those in cookies were revoked."""
    label_of: Callable[[Any], object] | None = None
    """Makes labels for users' sessions that have none."""

    def open(self, header: str) -> Steps[tuple[RequestSession, dict[str, Any] | None]]:
        """Reads a Cookie header, and asks the store for what it names: a session's data."""
        native, data = self.engine.open(header, ambient.now_ms())
        if self.store is not None and native.need() is not None:
            yield from self._settled(native)
            data = native.data()
        return RequestSession(native), data

    def save(
        self,
        session: RequestSession,
        data: dict[str, Any],
        modified: bool,
        *,
        is_last: bool = False,
    ) -> Steps[None]:
        """Writes now. Without a store the cookie alone has the session, and is not sent yet."""
        if self.store is None:
            raise Unsupported("without a store a session is saved with the response, and not now")
        native = self._native(session)
        if modified and self.label_of is not None and native.label is None:
            native.describe_by_default(_label_text(self.label_of(session.scope)))
        _core.save(
            self.engine,
            native,
            data,
            modified,
            is_last,
            ambient.now_ms(),
            ambient.entropy,
            self.fallback,
            self.ensure_ascii,
        )
        yield from self._settled(native)

    def close(
        self, session: RequestSession, data: dict[str, Any], modified: bool, secure: bool
    ) -> Steps[_core.Closed | None]:
        """Writes what is left to write, and says what the response needs."""
        if self.store is not None:
            yield from self.save(session, data, modified, is_last=True)
        return self._head(session, data, modified, secure)

    def close_unanswered(
        self, session: RequestSession, data: dict[str, Any], modified: bool
    ) -> Steps[bool]:
        """As ``close``, where no response can set a cookie: the session keeps its id.

        False where it has none, since nobody would find what is written.
        """
        if session.key is None and (data or session.user is not None):
            return False
        # A head that is given: from here on the core draws no id.
        self._head(session, self._native(session).data() or {}, modified=False, secure=False)
        yield from self.save(session, data, modified, is_last=True)
        return True

    def _head(
        self, session: RequestSession, data: dict[str, Any], modified: bool, secure: bool
    ) -> _core.Closed | None:
        return self.engine.close(
            session.native,
            data,
            modified,
            secure,
            ambient.now_ms(),
            ambient.entropy,
            self.fallback,
            sort_keys=False,
            ensure_ascii=self.ensure_ascii,
        )

    def login(
        self, session: RequestSession, user: str, data: dict[str, Any], label: str | None = None
    ) -> dict[str, Any] | None:
        """The session is this user's when it is saved. Gives the data to go on with.

        ``None`` is those that are there: they come along, but for another user's.
        """
        native = self._commanded(session)
        now = ambient.now_ms()
        shown = _core.Session.login(native, self.engine, user, data, now, self.fallback)
        native.describe(_label_text(label))
        return shown

    def logout(self, session: RequestSession) -> None:
        """The session ends when it is saved."""
        self._commanded(session).logout(ambient.now_ms())

    def regenerate(self, session: RequestSession) -> None:
        """A new id, when the session is saved."""
        self._commanded(session).regenerate(ambient.now_ms())

    def cleared(self, session: RequestSession | None) -> None:
        """The application emptied the session: a user whom a login told is not in it either."""
        if session is not None and session.native is not None and session.user is not None:
            session.native.logout(ambient.now_ms())

    def session_id(self, session: RequestSession) -> str | None:
        """The id that the cookie has, or will have; ``None`` for a session in its cookie."""
        return self._native(session).id(ambient.entropy)

    def listed(self, user: str, session: RequestSession | None) -> Steps[list[SessionInfo]]:
        """The user's sessions that have not ended."""
        self._require_records("list")
        index = _core.user_index(self.engine, user)
        found = yield self._of_store("list"), index
        current = None if session is None else session.key
        listed = [
            SessionInfo(key, _moment(info[0]), _moment(info[1]), key == current, info[2])
            for key, text in found
            if (info := _core.record_info(text)) is not None
        ]
        return sorted(listed, key=lambda info: info.renewed, reverse=True)

    def revoke(self, handle: str, user: str | None, session: RequestSession | None) -> Steps[bool]:
        """Ends one session; of ``user``, if that is given. Says whether there was one."""
        self._require_records("revoke")
        if not _HANDLE.fullmatch(handle):
            # A form may have sent anything.
            return False
        is_current = session is not None and session.key == handle
        revocation = _core.revoke(self.engine, handle, user)
        yield from self._settled(revocation)
        if is_current and session is not None and revocation.count:
            self._native(session).destroy()
        return bool(revocation.count)

    def revoke_all(
        self,
        user: str,
        session: RequestSession | None,
        data: dict[str, Any],
        *,
        except_current: bool,
    ) -> Steps[int | None]:
        """Ends a user's sessions. The one that is excepted goes on under a new id.

        Behind the response it keeps its id, as no cookie could bring a new one.
        """
        if self.store is None:
            raise Unsupported("without a store no session can be revoked: see SHORTCRUST_STORE")
        own = session if session is not None and session.user == user else None
        kept = own if except_current else None
        if kept is not None and kept.is_answered and not self.has_records:
            raise Unsupported(
                "the response has been made, so that no cookie can tell the session that is "
                "excepted from the others: revoke them before"
            )
        if kept is not None and self.has_records and not kept.is_answered:
            yield from self._renewed(kept, user, data)
        keep = None if kept is None else kept.key
        revocation = _core.revoke_all(self.engine, user, keep, ambient.now_ms())
        yield from self._settled(revocation)
        if kept is not None and not self.has_records:
            # It begins after the revocation.
            yield from self._renewed(kept, user, data)
        if own is not None and kept is None:
            self._native(own).destroy()
        return revocation.count

    def _renewed(self, session: RequestSession, user: str, data: dict[str, Any]) -> Steps[None]:
        self._commanded(session).except_(user, ambient.now_ms())
        yield from self.save(session, data, True)

    def _native(self, session: RequestSession) -> _core.Session:
        if session.native is None:
            session.native, _ = self.engine.open("", ambient.now_ms())
        return session.native

    def _commanded(self, session: RequestSession) -> _core.Session:
        native = self._native(session)
        if native.is_unavailable:
            raise Unavailable("the store failed: nobody can log in or out in this request")
        return native

    def _require_records(self, what: str) -> None:
        if not self.has_records:
            raise Unsupported(f"{what} needs the sessions in a store, and they are in cookies")

    def _of_store(self, method: str) -> Callable[..., Any]:
        return getattr(self.store, method)  # type: ignore[no-any-return]

    def _settled(self, machine: _core.Session | _core.Revocation) -> Steps[None]:
        """Carries out what the core asks for, until it asks for nothing more."""
        place, error = None, None
        try:
            while (need := machine.need()) is not None:
                answers: list[Answer] = []
                if isinstance(need, _core.Wait):
                    if place is None:
                        # One of a process after the other: against other processes' alone each
                        # soon is first.
                        place = self.queue(need.queue)
                        yield (place.enter,)
                    if need.millis:
                        yield self.sleep, need.millis / 1000
                else:
                    error = (yield from self._answer(need, answers)) or error
                machine.answer(answers, ambient.now_ms(), ambient.entropy)
        finally:
            if place is not None:
                place.leave()
        if machine.failure is not None and machine.failure[1]:
            raise error or _error(machine.failure[0])

    def _answer(
        self, actions: list[_core.Action], answers: list[Answer]
    ) -> Steps[Exception | None]:
        """What the store says of them, up to the first that is not done."""
        for action in actions:
            if action.kind == "sweep":
                yield from self._sweep(action)
                continue
            try:
                answers.append((yield self._call(action)))
            except Exception as error:  # noqa: BLE001 - whatever its client raises
                answers.append("failed")
                return error
            if answers[-1] != "done":
                break
        return None

    def _sweep(self, action: _core.Action) -> Steps[None]:
        if self.store is None or self.store.capabilities.expiry:
            return
        # A request does not fail for what others left.
        with suppress(Exception):
            yield self._of_store("sweep"), action.expires_ms, action.limit

    def _call(self, action: _core.Action) -> tuple[Any, ...]:
        method = self._of_store(action.kind)
        if action.kind == "load":
            return method, action.keys
        if action.kind == "revoke":
            return method, action.user, action.key or None
        entry = Entry(action.text or "", action.user, action.expires_ms)
        if action.version is None:
            return method, action.key, entry
        return method, action.key, action.version, entry


def user_text(user: object) -> str:
    """How a store knows a user: text, a number or a UUID. ``TypeError`` for nobody."""
    from uuid import UUID  # noqa: PLC0415 - seldom needed

    if isinstance(user, bool) or not isinstance(user, (str, int, UUID)) or str(user) == "":
        raise TypeError("a user must be a str that is not empty, an int or a UUID")
    return str(user)


def _label_text(label: object) -> str:
    """Without halves of characters, which UTF-8 does not have."""
    return "" if label is None else str(label).encode(errors="replace").decode()


def _error(reason: str) -> Exception:
    if reason == "conflict":
        return Conflict("other requests wrote the session first, 16 times")
    return Unavailable(
        "the store failed earlier in this request, or has a record under the new id already"
    )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
