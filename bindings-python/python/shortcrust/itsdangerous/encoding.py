"""As ``itsdangerous.encoding``, whose own these are."""

from itsdangerous.encoding import (
    base64_decode,
    base64_encode,
    bytes_to_int,
    int_to_bytes,
    want_bytes,
)

__all__ = [
    "base64_decode",
    "base64_encode",
    "bytes_to_int",
    "int_to_bytes",
    "want_bytes",
]
