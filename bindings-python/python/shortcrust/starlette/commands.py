"""What an application says of a session: login, logout, list, revoke."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import Unsupported
from .._listing import SessionInfo, user_text
from .._steps import run_async
from .front import Connection
from .scope import OWN

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.requests import HTTPConnection


def login(
    connection: HTTPConnection, user_id: str | int | UUID, *, label: str | None = None
) -> None:
    """The session is this user's from now on: a new id, a new beginning, the same data.

    Only another user's data stay behind. By ``label``, of which 200 bytes are kept, the user knows
    the session where it is listed; default what the option ``label`` gives. A session in its cookie
    has none. Raises ``Unavailable`` where the store failed in this
    request, and ``ConfigError`` where the format of the cookie carries no user.
    """
    connection.scope[OWN].login(user_text(user_id), label)


def logout(connection: HTTPConnection) -> None:
    """Ends the session. What is put into it afterwards begins another one, of nobody's."""
    connection.scope[OWN].logout()


def user(connection: HTTPConnection) -> str | None:
    """Whose session it is: what ``login`` was told, or what is under ``user_key``."""
    return connection.scope[OWN].user  # type: ignore[no-any-return]


def regenerate(connection: HTTPConnection) -> None:
    """Gives the session a new id when it is saved, for when the user's rights change."""
    connection.scope[OWN].regenerate()


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

    async def list(
        self, connection: HTTPConnection, user: str | int | UUID
    ) -> Sequence[SessionInfo]:
        """The user's sessions that have not ended, the last used first. Not for cookies."""
        own = _own(connection)
        return await run_async(own.driver.listed(user_text(user), own.own))

    async def revoke(
        self, connection: HTTPConnection, handle: str, user: str | int | UUID | None = None
    ) -> bool:
        """Ends the session that ``list`` shows with this handle, and says whether there was one.

        A handle is no permission. With ``user`` only a session of that user ends: give it whenever
        the handle comes from a browser. Not for cookies.
        """
        own = _own(connection)
        owner = None if user is None else user_text(user)
        return await run_async(own.driver.revoke(handle, owner, own.own))

    async def revoke_all(
        self,
        connection: HTTPConnection,
        user: str | int | UUID,
        *,
        except_current: bool = False,
    ) -> int | None:
        """Ends the user's sessions, and says how many; ``None`` for cookies, which nobody counts.

        Without ``except_current`` that of this request ends too, if it is the user's. With it that
        one goes on under a new id, so that a stolen copy of its cookie ends as well.
        """
        own = _own(connection)
        steps = own.driver.revoke_all(
            user_text(user), own.own, dict(own.session), except_current=except_current
        )
        return await run_async(steps)


sessions: Sessions = Sessions()


def _own(connection: HTTPConnection) -> Connection:
    own = connection.scope.get(OWN)
    if not isinstance(own, Connection):
        raise Unsupported("only our own front has a store: give SessionMiddleware a `store`")
    return own
