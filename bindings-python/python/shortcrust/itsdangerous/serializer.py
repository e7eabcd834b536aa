"""As ``itsdangerous.serializer``."""

from __future__ import annotations

import json
from typing import Any

from itsdangerous import Signer as _Signer
from itsdangerous.serializer import is_text_serializer

from .. import _core
from . import _generic
from ._generic import IS_GENERIC, Serialized
from ._native import COMPACT_JSON
from .signer import Signer

__all__ = ["Serializer", "is_text_serializer"]


class Serializer(_generic.Serializer[Serialized]):
    """itsdangerous' ``Serializer``."""

    default_signer: type[_Signer] = Signer

    if not IS_GENERIC:

        def __class_getitem__(cls, parameter: Any) -> Any:
            return cls

    def dump_payload(self, obj: Any) -> bytes:
        serializer: Any = self.serializer
        if not self.serializer_kwargs and (serializer is json or serializer is COMPACT_JSON):
            is_compact = serializer is COMPACT_JSON
            text = _core.dump_json(obj, is_compact, not is_compact)
            if text is not None:
                return text.encode()
        return super().dump_payload(obj)

    def load_payload(self, payload: bytes, serializer: Any | None = None) -> Any:
        own: Any = self.serializer
        if serializer is None and (own is json or own is COMPACT_JSON):
            try:
                return _core.load_json(payload)
            except Exception:  # noqa: BLE001, S110 - the peer knows a better one
                pass
        return super().load_payload(payload, serializer)
