from collections.abc import Callable
from typing import Any, final

from ._options import EngineOptions, FormatOptions, PolicyOptions

LEAST_FLASK_SECRET: int
VERSION: str

@final
class Session:
    @property
    def reason(self) -> str | None: ...
    def regenerate(self, why: str, user: str | None, now_ms: int) -> None: ...
    def destroy(self) -> None: ...
    def touch(self) -> None: ...
    def is_stale(self) -> bool: ...

@final
class Closed:
    @property
    def cookies(self) -> list[str]: ...
    @property
    def cache_control(self) -> str | None: ...

@final
class Engine:
    def __new__(cls, options: EngineOptions) -> Engine: ...
    @property
    def warnings(self) -> list[str]: ...
    def open(self, header: str, now_ms: int) -> tuple[Session, dict[str, Any] | None]: ...
    def close(
        self,
        session: Session | None,
        data: dict[str, Any],
        modified: bool,
        secure: bool,
        now_ms: int,
        entropy: Callable[[int], bytes],
        fallback: Callable[[Any], str],
        sort_keys: bool,
        ensure_ascii: bool,
    ) -> Closed | None: ...
    def seal(
        self,
        session: Session | None,
        data: dict[str, Any],
        modified: bool,
        force: bool,
        now_ms: int,
        entropy: Callable[[int], bytes],
        fallback: Callable[[Any], str],
        sort_keys: bool,
        ensure_ascii: bool,
    ) -> str | None: ...

@final
class Codec:
    def __new__(cls, format: FormatOptions, secrets: list[str | bytes]) -> Codec: ...
    def open(self, header: str, name: str, now_ms: int, policy: PolicyOptions) -> str: ...
    def seal(
        self,
        payload: str,
        name: str,
        now_ms: int,
        policy: PolicyOptions,
        entropy: Callable[[int], bytes],
    ) -> str: ...
