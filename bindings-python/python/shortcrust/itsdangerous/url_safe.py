"""As ``itsdangerous.url_safe``."""

from __future__ import annotations

from typing import Any

from itsdangerous import URLSafeSerializer as _URLSafeSerializer
from itsdangerous import URLSafeTimedSerializer as _URLSafeTimedSerializer
from itsdangerous.url_safe import URLSafeSerializerMixin as _URLSafeSerializerMixin

from .. import _core, ambient
from ._native import COMPACT_JSON, attempt, digest_of, native_with
from .encoding import want_bytes
from .serializer import Serializer
from .timed import TimedSerializer, TimestampSigner

__all__ = ["URLSafeSerializer", "URLSafeSerializerMixin", "URLSafeTimedSerializer"]


_GET_TIMESTAMP = TimestampSigner.get_timestamp


class URLSafeSerializerMixin(Serializer[str], _URLSafeSerializerMixin):
    """itsdangerous' ``URLSafeSerializerMixin``."""

    def dump_payload(self, obj: Any) -> bytes:
        if self.serializer is COMPACT_JSON and not self.serializer_kwargs:
            payload = _core.dump_packed(obj)
            if payload is not None:
                return payload
        # Behind our serializer, so from here on the code is the peer's.
        return _URLSafeSerializerMixin.dump_payload(self, obj)

    def load_payload(self, payload: bytes, *args: Any, **kwargs: Any) -> Any:
        if self.serializer is COMPACT_JSON and not args and not kwargs:
            try:
                return _core.load_packed(payload)
            except Exception:  # noqa: BLE001, S110 - the peer knows a better one
                pass
        return _URLSafeSerializerMixin.load_payload(self, payload, *args, **kwargs)


class URLSafeSerializer(URLSafeSerializerMixin, Serializer[str], _URLSafeSerializer):
    """itsdangerous' ``URLSafeSerializer``."""


class URLSafeTimedSerializer(URLSafeSerializerMixin, TimedSerializer[str], _URLSafeTimedSerializer):
    """itsdangerous' ``URLSafeTimedSerializer``."""

    def dumps(self, obj: Any, salt: str | bytes | None = None) -> str:
        native = self._native(salt)
        if native is not None:
            token = attempt(native.dumps, obj, int(ambient.now()))
            if token is not None:
                return str(token)
        return super().dumps(obj, salt)

    def loads(  # type: ignore[override]
        self,
        s: str | bytes,
        max_age: int | None = None,
        return_timestamp: bool = False,
        salt: str | bytes | None = None,
    ) -> Any:
        native = None if return_timestamp else self._native(salt)
        found = None if native is None else attempt(native.loads, s, True)
        if found is not None:
            value, issued = found
            age = 0 if max_age is None else int(ambient.now()) - issued
            if max_age is None or not (age > max_age or age < 0):
                return value
        return super().loads(s, max_age, return_timestamp, salt)

    def _native(self, salt: str | bytes | None) -> _core.Signer | None:
        """All in one call, where nothing but secrets and salt is the application's own."""
        if (
            type(self) is not URLSafeTimedSerializer
            or self.serializer is not COMPACT_JSON
            or self.serializer_kwargs
            or self.signer is not TimestampSigner
            or self.signer_kwargs
            or self.fallback_signers
            or TimestampSigner.get_timestamp is not _GET_TIMESTAMP
        ):
            return None
        found: _core.Signer | None = attempt(
            _of_stock, self.secret_keys, self.salt if salt is None else want_bytes(salt)
        )
        return found


def _of_stock(secrets: list[bytes], salt: bytes) -> _core.Signer | None:
    """Of a ``TimestampSigner`` that is told these alone."""
    digest = digest_of(TimestampSigner.default_digest_method)
    derivation = TimestampSigner.default_key_derivation
    return None if digest is None else native_with(secrets, salt, b".", derivation, digest)
