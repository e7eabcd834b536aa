"""What is in an ASGI scope for a session, and what the front puts there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.datastructures import MutableHeaders
    from starlette.types import Message, Scope, Send

REASON = "shortcrust.reason"
"""Why there is no session; what ``shortcrust.reason`` reads."""
OWN = "shortcrust.session"
"""The session of the front, for ``login`` and the other commands."""


class Outer:
    """The session of a middleware further out, which this one's takes the place of for a while.

    An application that is mounted shares the scope of the one that it is mounted in.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = {key: scope[key] for key in ("session", OWN, REASON) if key in scope}

    def put_back(self) -> None:
        """When the inner application is done."""
        self._scope.update(self._session)

    async def send(self, send: Send, message: Message) -> None:
        """Sends the headers by way of the outer middleware, which looks for its own session."""
        inner = {key: self._scope[key] for key in self._session}
        self.put_back()
        try:
            await send(message)
        finally:
            self._scope.update(inner)


def cookie_header(scope: Scope) -> bytes:
    """The Cookie header; HTTP/2 may split it (RFC 9113, section 8.2.3)."""
    return b"; ".join([value for key, value in scope["headers"] if key == b"cookie"])


def path_of(scope: Scope) -> str:
    """The path that the browser asked for; older servers leave the mount's out of ``path``."""
    root, path = scope.get("root_path", ""), scope["path"]
    return str(path if path.startswith(f"{root}/") else root + path)


def sets_cookie(headers: MutableHeaders, name: str) -> bool:
    """Whether an inner middleware with the same cookie has spoken, which no renewal overrules."""
    return any(value.startswith(f"{name}=") for value in headers.getlist("set-cookie"))
