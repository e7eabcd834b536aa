"""Native signers, and what the native module has to know of a signer and of a serializer."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from itsdangerous import HMACAlgorithm, Signer, URLSafeSerializer

from .. import _core

if TYPE_CHECKING:
    from collections.abc import Callable

# By identity: what a user gives as a digest need not be hashable.
_DIGESTS = {
    id(Signer.default_digest_method): "sha1",
    id(hashlib.sha1): "sha1",
    id(hashlib.sha256): "sha256",
    id(hashlib.sha384): "sha384",
    id(hashlib.sha512): "sha512",
}
_DERIVE_KEY = Signer.derive_key
_GET_SIGNATURE = Signer.get_signature
_VERIFY_SIGNATURE = Signer.verify_signature
COMPACT_JSON = URLSafeSerializer.default_serializer


def digest_of(method: object) -> str | None:
    return _DIGESTS.get(id(method))


def native_of(signer: Signer) -> _core.Signer | None:
    """As the signer is now, which may change; ``None`` where only the peer will do."""
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
    return native_with(signer.secret_keys, signer.salt, signer.sep, signer.key_derivation, digest)


def native_with(
    secrets: list[bytes], salt: bytes, separator: bytes, derivation: str, digest: str
) -> _core.Signer | None:
    """Deriving a key costs more than a signature, so the keys of some signers are kept."""
    try:
        return _made(tuple(secrets), salt, separator, derivation, digest)
    except TypeError:
        # Attributes of types that the peer may know.
        return None


@lru_cache(maxsize=64)
def _made(
    secrets: tuple[bytes, ...], salt: bytes, separator: bytes, derivation: str, digest: str
) -> _core.Signer | None:
    return _core.Signer.make(list(secrets), salt, separator, derivation, digest)


def attempt(native: Callable[..., Any], *args: Any) -> Any:
    """``None`` where the peer has to run, if only for its exception."""
    try:
        return native(*args)
    except Exception:  # noqa: BLE001 - such as an attribute of a type that the peer refuses
        return None
