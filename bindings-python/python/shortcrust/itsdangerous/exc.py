"""As ``itsdangerous.exc``, whose own these are."""

from itsdangerous.exc import (
    BadData,
    BadHeader,
    BadPayload,
    BadSignature,
    BadTimeSignature,
    SignatureExpired,
)

__all__ = [
    "BadData",
    "BadHeader",
    "BadPayload",
    "BadSignature",
    "BadTimeSignature",
    "SignatureExpired",
]
