"""As ``itsdangerous.signer``."""

from __future__ import annotations

from itsdangerous import Signer as _Signer
from itsdangerous.signer import HMACAlgorithm, NoneAlgorithm, SigningAlgorithm

from .. import _core
from ._native import attempt, signing_of

__all__ = ["HMACAlgorithm", "NoneAlgorithm", "Signer", "SigningAlgorithm"]


class Signer(_Signer):
    """itsdangerous' ``Signer``."""

    def sign(self, value: str | bytes) -> bytes:
        signing, token = signing_of(self), None
        if signing is not None:
            token = attempt(_core.sign, value, None, self.secret_keys, signing)
        return super().sign(value) if token is None else token

    def unsign(self, signed_value: str | bytes) -> bytes:
        signing, value = signing_of(self), None
        if signing is not None:
            value = attempt(_core.unsign, signed_value, self.secret_keys, signing)
        return super().unsign(signed_value) if value is None else value
