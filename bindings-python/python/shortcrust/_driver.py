"""Between a front and its store: a loop that carries out what the core asks for.

Which row is live, what is written when and how often, and what becomes of it: all that the core
decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import _core, ambient
from ._actions import Answer, run_actions
from ._errors import Unavailable, Unsupported, failed
from ._events import Telling
from ._listing import SessionInfo, is_handle, label_text, listing
from ._request import RequestSession
from ._steps import Steps
from .stores._base import AsyncStore, Store


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
    old_rows: Mapping[int, Any] = field(default_factory=dict)
    """What express-session kept, by the position of its reader."""
    old_cookies: tuple[str, ...] = ()
    """The cookies that name it."""
    telling: Telling = field(default_factory=Telling)

    def open(self, header: str) -> Steps[tuple[RequestSession, dict[str, Any] | None]]:
        """Reads a Cookie header, and asks the store for what it names: a session's data."""
        begun = self.telling.begin()
        native, data = self.engine.open(header, ambient.now_ms())
        if self.store is not None and native.need() is not None:
            yield from self._settled(native)
            data = native.data()
        elif begun is not None:
            self.telling.tell(native, begun)
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
            native.describe_by_default(label_text(self.label_of(session.scope)))
        _core.save(self.engine, native, data, modified, is_last, *self._means())
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
        begun = self.telling.begin()
        native = session.native if begun is None else self._native(session)
        now, entropy, fallback, ensure_ascii = self._means()
        closed = self.engine.close(
            native, data, modified, secure, now, entropy, fallback, False, ensure_ascii
        )
        if native is not None and begun is not None:
            self.telling.tell(native, begun)
        return closed

    def login(
        self, session: RequestSession, user: str, data: dict[str, Any], label: str | None = None
    ) -> dict[str, Any] | None:
        """The session is this user's when it is saved. Gives the data to go on with.

        ``None`` is those that are there: they come along, but for another user's.
        """
        native = self._commanded(session)
        now = ambient.now_ms()
        shown = _core.Session.login(native, self.engine, user, data, now, self.fallback)
        native.describe(label_text(label))
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
        return listing(found, None if session is None else session.key)

    def revoke(self, handle: str, user: str | None, session: RequestSession | None) -> Steps[bool]:
        """Ends one session; of ``user``, if that is given. Says whether there was one."""
        self._require_records("revoke")
        if not is_handle(handle):
            return False
        native = self._native(session or RequestSession())
        native.revoke(handle, user)
        yield from self._settled(native)
        return bool(native.revoked)

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
        answered = session is not None and session.is_answered
        if answered and except_current and not self.has_records:
            raise Unsupported(
                "the response has been made, so that no cookie can tell the session that is "
                "excepted from the others: revoke them before"
            )
        native = self._native(session or RequestSession())
        means = self._means()
        _core.revoke_all(self.engine, native, user, except_current, answered, data, *means)
        yield from self._settled(native)
        return native.revoked

    def _means(self) -> tuple[int, Callable[[int], bytes], Callable[[Any], str], bool]:
        return ambient.now_ms(), ambient.entropy, self.fallback, self.ensure_ascii

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

    def _asked(
        self, actions: list[_core.Action], answers: list[Answer], begun: float | None
    ) -> Steps[Exception | None]:
        error, swept = yield from run_actions(self.store, self.old_rows, actions, answers)
        if begun is not None and swept:
            self.telling.swept(swept, begun)
        return error

    def _settled(self, machine: _core.Session) -> Steps[None]:
        """Carries out what the core asks for, until it asks for nothing more."""
        place, error, begun = None, None, self.telling.begin()
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
                    error = (yield from self._asked(need, answers, begun)) or error
                machine.answer(answers, ambient.now_ms(), ambient.entropy)
        finally:
            if place is not None:
                place.leave()
            if begun is not None:
                self.telling.tell(machine, begun)
        if machine.failure is not None and machine.failure[1]:
            raise error or failed(machine.failure[0])
