"""As ``itsdangerous.url_safe``."""

from __future__ import annotations

from typing import Any

from itsdangerous import URLSafeSerializer as _URLSafeSerializer
from itsdangerous import URLSafeTimedSerializer as _URLSafeTimedSerializer
from itsdangerous.url_safe import URLSafeSerializerMixin as _URLSafeSerializerMixin

from .. import _core
from ._native import COMPACT_JSON
from .serializer import Serializer
from .timed import TimedSerializer

__all__ = ["URLSafeSerializer", "URLSafeSerializerMixin", "URLSafeTimedSerializer"]


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
