"""The one middleware: a drop-in by Starlette's arguments alone, else our own front."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from .. import _config
from .._errors import ConfigError
from .._events import Event
from .._secrets import Rekeyed
from .arguments import lifetime, secret_list
from .drop_in import DropIn
from .front import OwnFront

if TYPE_CHECKING:
    from starlette.datastructures import Secret
    from starlette.requests import HTTPConnection
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ..stores import AsyncStore
    from .starsessions import Rows


class SessionMiddleware(DropIn):
    """Starlette's own ``SessionMiddleware`` (1.10), for http and websockets, with its cookies.

    ``secret_key`` may be a list, newest first, or a callable that gives one, which is asked at each
    request: secrets change while the server runs. Five things differ, and ``peer_exact=True`` takes
    them back: a change inside a nested list or dict is saved; a strange cookie is an empty session
    and not a 500; where the last of several cookies of the name does not open, the others are
    tried; another server's clock may be 60 seconds ahead; the session that is saved is the one that
    this middleware made, and not one that a mounted application's put into the scope.
    """

    def __init__(
        self,
        app: ASGIApp,
        secret_key: str | Secret | Sequence[str | Secret] | Callable[[], Sequence[str | Secret]],
        session_cookie: str = "session",
        max_age: int | None = 14 * _config.DAY,
        path: str = "/",
        same_site: Literal["lax", "strict", "none"] = "lax",
        https_only: bool = False,
        domain: str | None = None,
        partitioned: bool = False,
        *,
        format: str | Mapping[str, Any] | None = None,
        readers: Sequence[Mapping[str, Any]] | None = None,
        policy: Mapping[str, Any] | None = None,
        audience: str | None = None,
        meta: Literal["payload"] | None = None,
        store: AsyncStore | None = None,
        revocations: AsyncStore | None = None,
        outage: Literal["error", "empty"] | None = None,
        user_key: str | None = None,
        namespace: str | None = None,
        encrypt_at_rest: bool | None = None,
        merge: Mapping[str, Literal["add"]] | None = None,
        label: Callable[[HTTPConnection], str | None] | None = None,
        on_event: Callable[[Event], object] | None = None,
        take_over: Rows | None = None,
        peer_exact: bool = False,
    ) -> None:
        secrets = secret_list(secret_key() if callable(secret_key) else secret_key)
        peers = (session_cookie, max_age, path, same_site, https_only, domain, partitioned)
        ours = {
            "FORMAT": format,
            "READERS": readers,
            "AUDIENCE": audience,
            "META": meta,
            "STORE": store,
            "REVOCATIONS": revocations,
            "OUTAGE": outage,
            "USER_KEY": user_key,
            "NAMESPACE": namespace,
            "ENCRYPT_AT_REST": encrypt_at_rest,
            "MERGE": merge,
            "LABEL": label,
            "ON_EVENT": on_event,
        }
        ours = {key: option for key, option in ours.items() if option is not None}
        is_own = bool(ours) or policy is not None or take_over is not None
        super().__init__(app, secrets, *peers, peer_exact=peer_exact, checked=not is_own)
        self._own: OwnFront | None = None
        if is_own:
            if peer_exact:
                raise ConfigError("peer_exact goes with Starlette's own arguments only")
            self._own = OwnFront(secrets, *peers, ours | lifetime(max_age, policy), take_over)
        self._rekeyed: Rekeyed[None] | None = None
        if callable(secret_key):
            self._rekeyed = Rekeyed("secret_key", secret_key, self._use)

    def _use(self, given: object) -> None:
        secrets = secret_list(given)
        if self._own is None:
            self.use(secrets)
        else:
            self._own.use(secrets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._rekeyed is not None:
            self._rekeyed.current()
        if self._own is None or scope["type"] not in ("http", "websocket"):
            await super().__call__(scope, receive, send)
            return
        await self._own(self.app, scope, receive, send)
