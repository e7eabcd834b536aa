"""What an application says of a session: login, logout, list, revoke."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._driver import SessionInfo, Why, run_async, user_text
from .._errors import Unsupported
from .front import OwnVisit
from .scope import VISIT

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection


def login(connection: HTTPConnection, user_id: str | int) -> None:
    """The session is this user's from now on: a new id, a new beginning, the same data.

    What is in the session by then stays in it; an empty session is not kept, not even a user's.
    Raises ``Unavailable`` where the store failed in this request.
    """
    regenerate(connection, "login", user_text(user_id))


def logout(connection: HTTPConnection) -> None:
    """Ends the session. What is put into it afterwards begins another one, of nobody's."""
    regenerate(connection, "logout")
    connection.scope[VISIT].session.clear()


def user(connection: HTTPConnection) -> str | None:
    """Whose session it is: what ``login`` was told, or what is under ``user_key``."""
    return connection.scope[VISIT].user  # type: ignore[no-any-return]


def regenerate(connection: HTTPConnection, why: Why = "privilege", user: str | None = None) -> None:
    """Gives the session a new id when it is saved.

    With ``login`` (of ``user``) and ``logout`` the session also begins anew; with ``privilege``
    it does not.
    """
    connection.scope[VISIT].regenerate(why, user)
    connection.scope[VISIT].session.mark_modified()


async def save(connection: HTTPConnection) -> None:
    """Writes the session to the store now, and not only when the response is made.

    In a websocket nothing is saved without it. Raises ``Conflict`` where other requests were first
    16 times, and ``Unsupported`` where the sessions are in cookies.
    """
    await _own(connection).save()


class Sessions:
    """A user's sessions in the store; ``sessions`` is the one instance.

    Each method may raise the error of the store's client, and ``Unsupported`` where a store can't
    do it.
    """

    async def list(self, connection: HTTPConnection, user: str | int) -> Sequence[SessionInfo]:
        """The user's sessions that have not ended, the last used first. Not for cookies."""
        own = _own(connection)
        return await run_async(own.driver.listed(user_text(user), own.visit))

    async def revoke(self, connection: HTTPConnection, handle: str) -> None:
        """Ends the session that ``list`` shows with this handle. Not for cookies.

        A handle is no permission: look it up among the sessions of the user who asks.
        """
        own = _own(connection)
        await run_async(own.driver.revoke(handle, own.visit))

    async def revoke_all(
        self, connection: HTTPConnection, user: str | int, *, except_current: bool = False
    ) -> int | None:
        """Ends the user's sessions, and says how many; ``None`` for cookies, which nobody counts.

        Without ``except_current`` that of this request ends too, if it is the user's.
        """
        own = _own(connection)
        steps = own.driver.revoke_all(user_text(user), own.visit, except_current=except_current)
        return await run_async(steps)


sessions: Sessions = Sessions()


def _own(connection: HTTPConnection) -> OwnVisit:
    own = connection.scope.get(VISIT)
    if not isinstance(own, OwnVisit):
        raise Unsupported("only our own front has a store: give SessionMiddleware a `store`")
    return own
