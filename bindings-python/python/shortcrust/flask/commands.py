"""What an application says about the session of its request, and about a user's sessions."""

from __future__ import annotations

from collections.abc import Sequence

from flask import has_request_context
from flask import session as current_session

from .._driver import SessionInfo, Visit, run, user_text
from .interface import VISIT, current_driver, current_interface


def login(user_id: str | int) -> None:
    """The session is this user's from now on: a new id, a new beginning, the same data.

    What is in the session by then stays in it; an empty session is not kept, not even a user's.
    Call it after the password was checked, beside what your login extension does. Raises
    ``Unavailable`` where the store failed in this request.
    """
    current_interface().regenerate(current_session, "login", user_text(user_id))


def logout() -> None:
    """Ends the session. What is put into it afterwards begins another one, of nobody's."""
    current_interface().regenerate(current_session, "logout")
    current_session.clear()


def user() -> str | None:
    """Whose session it is: what ``login`` was told, or what is under ``SHORTCRUST_USER_KEY``."""
    visit = _current_visit()
    return None if visit is None else visit.user


def regenerate() -> None:
    """A new id for the same session, for when the user's rights change."""
    current_interface().regenerate(current_session)


def save() -> None:
    """Writes the session to the store now, and not only when the response is made.

    Raises ``Conflict`` where other requests were first 16 times.
    """
    current_interface().save(current_session)


class Sessions:
    """A user's sessions, in the store of the current app; ``sessions`` is the one instance.

    Needs an app context, and for the current session a request. Each method may raise the error
    of the store's client, and ``Unsupported`` where a store can't do it.
    """

    def list(self, user: str | int) -> Sequence[SessionInfo]:
        """The user's sessions that have not ended, the last used first. Not for cookies."""
        return run(current_driver().listed(user_text(user), _current_visit()))

    def revoke(self, handle: str) -> None:
        """Ends the session that ``list`` shows with this handle. Not for cookies.

        A handle is no permission: look it up among the sessions of the user who asks.
        """
        run(current_driver().revoke(handle, _current_visit()))

    def revoke_all(self, user: str | int, *, except_current: bool = False) -> int | None:
        """Ends the user's sessions, and says how many; ``None`` for cookies, which nobody counts.

        Without ``except_current`` that of this request ends too, if it is the user's.
        """
        visit = _current_visit()
        return run(
            current_driver().revoke_all(user_text(user), visit, except_current=except_current)
        )


sessions: Sessions = Sessions()


def _current_visit() -> Visit | None:
    return vars(current_session).get(VISIT) if has_request_context() else None
