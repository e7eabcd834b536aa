from collections.abc import Callable
from typing import Any, final

from ._options import EngineOptions, FormatOptions, PolicyOptions

LEAST_DJANGO_SECRET: int
LEAST_FLASK_SECRET: int
MAX_PAYLOAD: int
MAX_RECORD: int
MAX_TOKEN: int
VERSION: str

@final
class Session:
    @property
    def reason(self) -> str | None: ...
    @property
    def issued_ms(self) -> int | None: ...
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

@final
class DjangoSigner:
    @staticmethod
    def make(salt: str, digest: str, secrets: list[str | bytes]) -> DjangoSigner | None: ...
    def signature(self, value: str) -> str: ...
    def sign(self, value: str, sep: str, seconds: int | None) -> str: ...
    def unsign(self, signed: str, sep: str) -> str | None: ...
    def unsign_timed(self, signed: str, sep: str) -> tuple[str, int] | None: ...
    def dumps(
        self, value: Any, sep: str, seconds: int | None, compress: bool, most: int
    ) -> str | None: ...
    def loads(
        self, signed: str, sep: str, timed: bool, most: int
    ) -> tuple[Any, int, str | None]: ...

def sign(
    value: str | bytes,
    timestamp: int | None,
    secrets: list[bytes],
    signing: tuple[bytes, bytes, str, str],
) -> bytes | None: ...
def unsign(
    token: str | bytes, secrets: list[bytes], signing: tuple[bytes, bytes, str, str]
) -> bytes | None: ...
def unsign_timed(
    token: str | bytes, secrets: list[bytes], signing: tuple[bytes, bytes, str, str]
) -> tuple[bytes, int] | None: ...
def dump_json(value: object, compact: bool, ensure_ascii: bool) -> str | None: ...
def dump_tagged(value: object) -> str | None: ...
def load_json(text: bytes) -> Any: ...
def dump_packed(value: object) -> bytes | None: ...
def load_packed(payload: bytes) -> Any: ...
