"""As ``itsdangerous.signer``."""

from __future__ import annotations

from itsdangerous import Signer as _Signer
from itsdangerous.signer import HMACAlgorithm, NoneAlgorithm, SigningAlgorithm

from ._native import attempt, native_of

__all__ = ["HMACAlgorithm", "NoneAlgorithm", "Signer", "SigningAlgorithm"]


class Signer(_Signer):
    """itsdangerous' ``Signer``."""

    def sign(self, value: str | bytes) -> bytes:
        native = native_of(self)
        token = None if native is None else attempt(native.sign, value, None)
        return super().sign(value) if token is None else token

    def unsign(self, signed_value: str | bytes) -> bytes:
        native = native_of(self)
        value = None if native is None else attempt(native.unsign, signed_value)
        return super().unsign(signed_value) if value is None else value
