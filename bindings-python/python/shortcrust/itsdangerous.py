"""itsdangerous (2.2) with its hot methods native: change the import, and nothing else changes.

The classes are subclasses of the installed itsdangerous', and the exceptions are its own. What the
native path does not know for certain (another digest, algorithm or serializer, an overridden hook,
a token that it would not accept) goes through itsdangerous' code, so that the result is the same::

    from shortcrust.itsdangerous import URLSafeTimedSerializer
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, overload

from itsdangerous import (
    BadData,
    BadHeader,
    BadPayload,
    BadSignature,
    BadTimeSignature,
    HMACAlgorithm,
    NoneAlgorithm,
    SignatureExpired,
    base64_decode,
    base64_encode,
    want_bytes,
)
from itsdangerous import Serializer as _Serializer
from itsdangerous import Signer as _Signer
from itsdangerous import TimedSerializer as _TimedSerializer
from itsdangerous import TimestampSigner as _TimestampSigner
from itsdangerous import URLSafeSerializer as _URLSafeSerializer
from itsdangerous import URLSafeTimedSerializer as _URLSafeTimedSerializer
from itsdangerous.serializer import _TSerialized
from itsdangerous.signer import SigningAlgorithm
from itsdangerous.url_safe import URLSafeSerializerMixin as _URLSafeSerializerMixin

from . import _core

if TYPE_CHECKING:
    from collections.abc import Callable

    Signing = tuple[bytes, bytes, str, str]

__all__ = [
    "BadData",
    "BadHeader",
    "BadPayload",
    "BadSignature",
    "BadTimeSignature",
    "HMACAlgorithm",
    "NoneAlgorithm",
    "Serializer",
    "SignatureExpired",
    "Signer",
    "SigningAlgorithm",
    "TimedSerializer",
    "TimestampSigner",
    "URLSafeSerializer",
    "URLSafeTimedSerializer",
    "base64_decode",
    "base64_encode",
    "want_bytes",
]

# By identity: what a user gives as a digest need not be hashable.
_DIGESTS = {
    id(_Signer.default_digest_method): "sha1",
    id(hashlib.sha1): "sha1",
    id(hashlib.sha256): "sha256",
    id(hashlib.sha384): "sha384",
    id(hashlib.sha512): "sha512",
}
_COMPACT_JSON = _URLSafeSerializer.default_serializer
_DERIVE_KEY = _Signer.derive_key
_GET_SIGNATURE = _Signer.get_signature
_VERIFY_SIGNATURE = _Signer.verify_signature


def _signing(signer: _Signer) -> Signing | None:
    """What the native module has to know; ``None`` where it does not know enough."""
    kind, algorithm = type(signer), signer.algorithm
    digest = _DIGESTS.get(id(signer.digest_method))
    if (
        digest is None
        or type(algorithm) is not HMACAlgorithm
        or _DIGESTS.get(id(algorithm.digest_method)) != digest
        or kind.derive_key is not _DERIVE_KEY
        or kind.get_signature is not _GET_SIGNATURE
        or kind.verify_signature is not _VERIFY_SIGNATURE
    ):
        return None
    return signer.salt, signer.sep, signer.key_derivation, digest


def _attempt(native: Callable[..., Any], *args: Any) -> Any:
    """``None`` where the peer has to run, if only for its exception."""
    try:
        return native(*args)
    except Exception:  # noqa: BLE001 - such as an attribute of a type that the peer refuses
        return None


class Signer(_Signer):
    """itsdangerous' ``Signer``."""

    def sign(self, value: str | bytes) -> bytes:
        signing, token = _signing(self), None
        if signing is not None:
            token = _attempt(_core.sign, value, None, self.secret_keys, signing)
        return super().sign(value) if token is None else token

    def unsign(self, signed_value: str | bytes) -> bytes:
        signing, value = _signing(self), None
        if signing is not None:
            value = _attempt(_core.unsign, signed_value, self.secret_keys, signing)
        return super().unsign(signed_value) if value is None else value


class TimestampSigner(Signer, _TimestampSigner):
    """itsdangerous' ``TimestampSigner``."""

    def sign(self, value: str | bytes) -> bytes:
        signing, token = _signing(self), None
        if signing is not None:
            now = self.get_timestamp()
            token = _attempt(_core.sign, value, now, self.secret_keys, signing)
        return _TimestampSigner.sign(self, value) if token is None else token

    @overload  # type: ignore[override]
    def unsign(
        self,
        signed_value: str | bytes,
        max_age: int | None = None,
        return_timestamp: Literal[False] = False,
    ) -> bytes: ...
    @overload
    def unsign(
        self,
        signed_value: str | bytes,
        max_age: int | None = None,
        *,
        return_timestamp: Literal[True],
    ) -> tuple[bytes, datetime]: ...
    @overload
    def unsign(
        self, signed_value: str | bytes, max_age: int | None, return_timestamp: Literal[True]
    ) -> tuple[bytes, datetime]: ...
    def unsign(
        self,
        signed_value: str | bytes,
        max_age: int | None = None,
        return_timestamp: bool = False,
    ) -> tuple[bytes, datetime] | bytes:
        signing, found = _signing(self), None
        if signing is not None:
            found = _attempt(_core.unsign_timed, signed_value, self.secret_keys, signing)
        if found is not None:
            value, timestamp = found
            age = 0 if max_age is None else self.get_timestamp() - timestamp
            if max_age is None or not (age > max_age or age < 0):
                return (value, self.timestamp_to_datetime(timestamp)) if return_timestamp else value
        if return_timestamp:
            return _TimestampSigner.unsign(self, signed_value, max_age, True)
        return _TimestampSigner.unsign(self, signed_value, max_age)


class Serializer(_Serializer[_TSerialized]):
    """itsdangerous' ``Serializer``."""

    default_signer: type[_Signer] = Signer

    def dump_payload(self, obj: Any) -> bytes:
        serializer: Any = self.serializer
        if not self.serializer_kwargs and (serializer is json or serializer is _COMPACT_JSON):
            is_compact = serializer is _COMPACT_JSON
            text = _core.dump_json(obj, is_compact, not is_compact)
            if text is not None:
                return text.encode()
        return super().dump_payload(obj)

    def load_payload(self, payload: bytes, serializer: Any | None = None) -> Any:
        own: Any = self.serializer
        if serializer is None and (own is json or own is _COMPACT_JSON):
            try:
                return _core.load_json(payload)
            except Exception:  # noqa: BLE001, S110 - the peer knows a better one
                pass
        return super().load_payload(payload, serializer)


class TimedSerializer(Serializer[_TSerialized], _TimedSerializer[_TSerialized]):
    """itsdangerous' ``TimedSerializer``."""

    default_signer: type[_TimestampSigner] = TimestampSigner


class _URLSafe(_URLSafeSerializerMixin):
    """Stands before both serializers; where it gives up, theirs is the peer's code."""

    def dump_payload(self, obj: Any) -> bytes:
        if self.serializer is _COMPACT_JSON and not self.serializer_kwargs:
            payload = _core.dump_packed(obj)
            if payload is not None:
                return payload
        return _URLSafeSerializerMixin.dump_payload(self, obj)

    def load_payload(self, payload: bytes, *args: Any, **kwargs: Any) -> Any:
        if self.serializer is _COMPACT_JSON and not args and not kwargs:
            try:
                return _core.load_packed(payload)
            except Exception:  # noqa: BLE001, S110 - the peer knows a better one
                pass
        return _URLSafeSerializerMixin.load_payload(self, payload, *args, **kwargs)


class URLSafeSerializer(_URLSafe, Serializer[str], _URLSafeSerializer):
    """itsdangerous' ``URLSafeSerializer``."""


class URLSafeTimedSerializer(_URLSafe, TimedSerializer[str], _URLSafeTimedSerializer):
    """itsdangerous' ``URLSafeTimedSerializer``."""
