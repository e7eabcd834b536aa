"""itsdangerous (2.0 to 2.2) with its hot methods native: only the import changes.

The classes are subclasses of the installed itsdangerous', and the exceptions are its own. What the
native path does not know for certain (another digest, algorithm or serializer, an overridden hook,
a token that it would not accept) goes through itsdangerous' code, so that the result is the same::

    from shortcrust.itsdangerous import URLSafeTimedSerializer

The modules are the peer's too: ``shortcrust.itsdangerous.signer``, ``.timed``, ``.exc`` and so on.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ._installed import ITSDANGEROUS as _ITSDANGEROUS  # noqa: F401 - first: it says what is missing
from .encoding import base64_decode, base64_encode, want_bytes
from .exc import (
    BadData,
    BadHeader,
    BadPayload,
    BadSignature,
    BadTimeSignature,
    SignatureExpired,
)
from .serializer import Serializer
from .signer import HMACAlgorithm, NoneAlgorithm, Signer, SigningAlgorithm
from .timed import TimedSerializer, TimestampSigner
from .url_safe import URLSafeSerializer, URLSafeTimedSerializer

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

for _kind in (
    Serializer,
    Signer,
    TimedSerializer,
    TimestampSigner,
    URLSafeSerializer,
    URLSafeTimedSerializer,
):
    # The name under which everybody imports it, also in a pickle.
    _kind.__module__ = __name__


def __getattr__(name: str) -> Any:
    # What one version of the peer has and another has not, such as `__version__`.
    return getattr(import_module("itsdangerous"), name)
