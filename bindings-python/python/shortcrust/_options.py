"""What the native module is given."""

from __future__ import annotations

from typing import Literal, TypedDict


class FormatOptions(TypedDict, total=False):
    """A format; what is left out is the peer's own."""

    format: str
    salt: str | bytes
    digest: str
    key_derivation: str
    audience: str
    meta: str | None


class ReaderOptions(TypedDict):
    """A format that is read, until when in milliseconds, and the secrets of its cookies.

    With ``row_cookie`` that cookie names rows of another library.
    """

    format: FormatOptions
    secrets: list[str | bytes]
    until: int | None
    row_cookie: str | None


class PolicyOptions(TypedDict):
    """Seconds."""

    idle: int | None
    absolute: int | None
    renew_after: int | None
    skew: int | None
    persistent: bool


class CookieOptions(TypedDict):
    """``secure`` is ``None`` for as the connection is; ``elsewhere`` has Domains and Paths."""

    path: str
    domain: str | None
    secure: bool | None
    httponly: bool
    samesite: str | None
    partitioned: bool
    priority: str | None
    elsewhere: list[tuple[str | None, str]]


class _Required(TypedDict):
    """What every front says."""

    name: str
    secrets: list[str | bytes]
    format: FormatOptions
    policy: PolicyOptions
    duplicates: Literal["first", "last", "newest"]


class EngineOptions(_Required, total=False):
    """A front."""

    readers: list[ReaderOptions]
    cookie: CookieOptions
    drop_in: bool
    store: Literal["sessions", "revocations"]
    user_key: str
    id_bytes: int
    audience: str
    namespace: str
    tolerates_outage: bool
    merge: dict[str, str]
    bare_keys: bool
    encrypt_at_rest: bool
