"""As ``itsdangerous.timed``."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, overload

from itsdangerous import TimestampSigner as _TimestampSigner

from . import _generic
from ._generic import Serialized
from ._native import attempt, native_of
from .serializer import Serializer
from .signer import Signer

__all__ = ["TimedSerializer", "TimestampSigner"]


class TimestampSigner(Signer, _TimestampSigner):
    """itsdangerous' ``TimestampSigner``."""

    def sign(self, value: str | bytes) -> bytes:
        native = native_of(self)
        token = None if native is None else attempt(native.sign, value, self.get_timestamp())
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
        native = native_of(self)
        found = None if native is None else attempt(native.unsign_timed, signed_value)
        if found is not None:
            value, timestamp = found
            age = 0 if max_age is None else self.get_timestamp() - timestamp
            if max_age is None or not (age > max_age or age < 0):
                return (value, self.timestamp_to_datetime(timestamp)) if return_timestamp else value
        if return_timestamp:
            return _TimestampSigner.unsign(self, signed_value, max_age, True)
        return _TimestampSigner.unsign(self, signed_value, max_age)


class TimedSerializer(Serializer[Serialized], _generic.TimedSerializer[Serialized]):
    """itsdangerous' ``TimedSerializer``."""

    default_signer: type[_TimestampSigner] = TimestampSigner
