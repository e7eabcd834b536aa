"""What an application says about the session of its request, and about a user's sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask import current_app, has_request_context, request
from flask import session as current_session

from .._listing import SessionInfo, user_text
from .._request import RequestSession
from .._steps import run
from .interface import OWN, current_driver, current_interface, own_of

if TYPE_CHECKING:
    from uuid import UUID


def login(user_id: str | int | UUID, *, label: str | None = None) -> None:
    """The session is this user's from now on: a new id, a new beginning, the same data.

    Only another user's data stay behind. By ``label``, of which 200 bytes are kept, the user knows
    the session where it is listed; default what ``SHORTCRUST_LABEL`` gives. A session in its cookie
    has none. Call it after the password was checked, beside what your
    login extension does. Raises ``Unavailable`` where the store failed in this request, and
    ``ConfigError`` where the format of the cookie carries no user.
    """
    session = current_session._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    shown = current_driver().login(own_of(session), user_text(user_id), dict(session), label)
    if shown is not None:
        dict.clear(session)
        session.update(shown)
    session.modified = True


def logout() -> None:
    """Ends the session. What is put into it afterwards begins another one, of nobody's.

    Flask-Login's remember cookie ends too, whether ``logout_user()`` is called besides or not.
    """
    current_driver().logout(own_of(current_session))
    is_remembered = current_session.get("_remember") == "clear" or _has_remember_cookie()
    current_session.clear()
    if is_remembered:
        # By it Flask-Login deletes its cookie, with which the browser would be logged in again.
        current_session["_remember"] = "clear"


def user() -> str | None:
    """Whose session it is: what ``login`` was told, or what is under ``SHORTCRUST_USER_KEY``."""
    own = _current()
    return None if own is None else own.user


def regenerate() -> None:
    """A new id for the same session, for when the user's rights change."""
    current_interface().regenerate(current_session)


def save() -> None:
    """Writes the session to the store now, and not only when the response is made.

    Raises ``Conflict`` where other requests were first 16 times, and ``Unsupported`` where the
    session is new and the response has been made, as in a background task.
    """
    current_interface().save(current_session)


class Sessions:
    """A user's sessions, in the store of the current app; ``sessions`` is the one instance.

    Needs an app context, and for the current session a request. Each method may raise the error
    of the store's client, and ``Unsupported`` where a store can't do it.
    """

    def list(self, user: str | int | UUID) -> Sequence[SessionInfo]:
        """The user's sessions that have not ended, the last used first. Not for cookies."""
        return run(current_driver().listed(user_text(user), _current()))

    def revoke(self, handle: str, user: str | int | UUID | None = None) -> bool:
        """Ends the session that ``list`` shows with this handle, and says whether there was one.

        A handle is no permission. With ``user`` only a session of that user ends: give it whenever
        the handle comes from a browser. Not for cookies.
        """
        owner = None if user is None else user_text(user)
        return run(current_driver().revoke(handle, owner, _current()))

    def revoke_all(self, user: str | int | UUID, *, except_current: bool = False) -> int | None:
        """Ends the user's sessions, and says how many; ``None`` for cookies, which nobody counts.

        Without ``except_current`` that of this request ends too, if it is the user's. With it that
        one goes on under a new id, so that a stolen copy of its cookie ends as well.
        """
        own = _current()
        data = {} if own is None else dict(current_session)
        steps = current_driver().revoke_all(
            user_text(user), own, data, except_current=except_current
        )
        return run(steps)


sessions: Sessions = Sessions()


def _has_remember_cookie() -> bool:
    """Flask-Login's own cookie came."""
    name = current_app.config.get("REMEMBER_COOKIE_NAME", "remember_token")
    return hasattr(current_app, "login_manager") and name in request.cookies


def _current() -> RequestSession | None:
    return vars(current_session).get(OWN) if has_request_context() else None
