"""What ``django.core.signing`` has, with the same results, natively where the core knows how.

Set ``SIGNING_BACKEND = "shortcrust.django.signing.TimestampSigner"`` for signed cookies and
messages, or import from here instead of from Django.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing as peer
from django.core.signing import JSONSerializer

from .. import _core, ambient
from .._errors import ConfigError
from ._settings import refuse_text

if TYPE_CHECKING:
    # At run time `__getattr__` below asks for them.
    from django.core.signing import (
        BASE62_ALPHABET,
        BadSignature,
        Serializer,
        SignatureExpired,
        b62_decode,
        b62_encode,
        b64_decode,
        b64_encode,
        base64_hmac,
        get_cookie_signer,
    )

__all__ = [
    "BASE62_ALPHABET",
    "BadSignature",
    "JSONSerializer",
    "SignatureExpired",
    "Signer",
    "TimestampSigner",
    "b62_decode",
    "b62_encode",
    "b64_decode",
    "b64_encode",
    "base64_hmac",
    "dumps",
    "get_cookie_signer",
    "loads",
]

# Django's default.
_ALGORITHM = "sha256"

MaxAge = int | float | timedelta | None


def __getattr__(name: str) -> Any:
    """The rest of ``django.core.signing``, asked each time: as installed, as a test patched it."""
    try:
        return getattr(peer, name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(peer)})


def dumps(
    obj: Any,
    key: str | bytes | None = None,
    salt: str = "django.core.signing",
    serializer: type[Serializer] = JSONSerializer,
    compress: bool = False,
) -> str:
    """As ``django.core.signing.dumps``."""
    native = _stock_signer(key, salt, serializer)
    if native is not None:
        now, compress = int(ambient.now()), bool(compress)
        token = native.dumps(obj, ":", now, compress, _core.MAX_RECORD)
        if token is not None:
            return token
    signer = TimestampSigner(key=key, salt=salt)
    return signer.sign_object(obj, serializer=serializer, compress=compress)


def loads(
    s: str,
    key: str | bytes | None = None,
    salt: str = "django.core.signing",
    serializer: type[Serializer] = JSONSerializer,
    max_age: MaxAge = None,
    fallback_keys: list[str | bytes] | None = None,
) -> Any:
    """As ``django.core.signing.loads``."""
    native = None if fallback_keys is not None else _stock_signer(key, salt, serializer)
    if native is not None and isinstance(s, str):
        value, issued, reason = native.loads(s, ":", True, _core.MAX_RECORD)
        if reason is None and not is_over(issued, max_age):
            return value
    signer = TimestampSigner(key=key, salt=salt, fallback_keys=fallback_keys)
    return signer.unsign_object(s, serializer=serializer, max_age=max_age)


class Signer(peer.Signer):
    """As Django's. What the core does not know, or refuses, goes to Django's own code."""

    def __init__(
        self,
        *,
        key: str | bytes | None = None,
        sep: str = ":",
        salt: str | bytes | None = None,
        algorithm: str | None = None,
        fallback_keys: list[str | bytes] | None = None,
    ) -> None:
        super().__init__(
            key=key,
            sep=sep,
            salt=salt or _peer_salt(type(self)),
            algorithm=algorithm,
            fallback_keys=fallback_keys,
        )
        refuse_text(
            "SECRET_KEY_FALLBACKS" if fallback_keys is None else "fallback_keys", self.fallback_keys
        )
        # Django hands over a map, which ends with the first reading.
        self.fallback_keys: list[str | bytes] = list(self.fallback_keys)

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        native = None if key else self.native()
        if native is None or not isinstance(value, str):
            return super().signature(value, key)
        return native.signature(value)

    def sign(self, value: str) -> str:
        native = self._native_hooks()
        if native is None or not isinstance(value, str):
            return peer.Signer.sign(self, value)
        return native.sign(value, self.sep, None)

    def unsign(self, signed_value: str) -> str:
        native = self._native_hooks()
        if native is not None and isinstance(signed_value, str):
            value = native.unsign(signed_value, self.sep)
            if value is not None:
                return value
        return peer.Signer.unsign(self, signed_value)

    def sign_object(
        self, obj: Any, serializer: type[Serializer] = JSONSerializer, compress: bool = False
    ) -> str:
        native = self._native_hooks() if serializer is JSONSerializer else None
        if native is not None:
            seconds, compress = self._seconds(), bool(compress)
            token = native.dumps(obj, self.sep, seconds, compress, _core.MAX_RECORD)
            if token is not None:
                return token
        return super().sign_object(obj, serializer=serializer, compress=compress)

    def unsign_object(
        self, signed_obj: str, serializer: type[Serializer] = JSONSerializer, **kwargs: Any
    ) -> Any:
        native = self._native_hooks() if serializer is JSONSerializer else None
        if native is not None and isinstance(signed_obj, str) and kwargs.keys() <= self._options:
            timed = self._seconds() is not None
            value, issued, reason = native.loads(signed_obj, self.sep, timed, _core.MAX_RECORD)
            if reason is None and not is_over(issued, kwargs.get("max_age")):
                return value
        return super().unsign_object(signed_obj, serializer=serializer, **kwargs)

    def native(self) -> _core.DjangoSigner | None:
        """The signer of the core with these keys; ``None`` where only Django's code will do."""
        try:
            return _native(self.salt, self.algorithm, (self.key, *self.fallback_keys))
        except TypeError:
            # A key or salt that can't be hashed, and so is no text.
            return None

    def _native_hooks(self) -> _core.DjangoSigner | None:
        kind: type = type(self)
        return self.native() if _has_own_hooks(kind) else None

    # What unsign takes besides the value.
    _options: frozenset[str] = frozenset()

    def _seconds(self) -> int | None:
        return None


class TimestampSigner(Signer, peer.TimestampSigner):
    """As Django's."""

    def sign(self, value: str) -> str:
        native = self._native_hooks()
        if native is None:
            return peer.TimestampSigner.sign(self, value)
        return native.sign(str(value), self.sep, self._seconds())

    def unsign(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, value: str, max_age: MaxAge = None
    ) -> str:
        native = self._native_hooks()
        if native is not None and isinstance(value, str):
            found = native.unsign_timed(value, self.sep)
            if found is not None and not is_over(found[1], max_age):
                return found[0]
        return peer.TimestampSigner.unsign(self, value, max_age)  # type: ignore[arg-type]

    _options = frozenset({"max_age"})

    def _seconds(self) -> int:
        return int(ambient.now())


def _stock_signer(
    key: str | bytes | None, salt: str, serializer: type[Serializer]
) -> _core.DjangoSigner | None:
    """Without a signer of Python's, which costs as much as all else."""
    if key or not salt or serializer is not JSONSerializer:
        return None
    return native_signer(salt)


def native_signer(salt: str) -> _core.DjangoSigner | None:
    """What ``TimestampSigner(salt=salt).native()`` gives, without the signer."""
    fallbacks = settings.SECRET_KEY_FALLBACKS
    refuse_text("SECRET_KEY_FALLBACKS", fallbacks)
    try:
        return _native(salt, _ALGORITHM, (settings.SECRET_KEY, *fallbacks))
    except TypeError:
        return None


def is_over(issued: int, max_age: MaxAge) -> bool:
    """Whether what was signed at ``issued`` is older than ``max_age``."""
    if isinstance(max_age, timedelta):
        max_age = max_age.total_seconds()
    return max_age is not None and ambient.now() - issued > max_age


def _peer_salt(kind: type[Signer]) -> str | None:
    """The default salt is made of the class's module, and ours stands for Django's."""
    return f"{peer.__name__}.{kind.__name__}" if kind.__module__ == __name__ else None


@lru_cache(maxsize=64)
def _has_own_hooks(kind: type) -> bool:
    """Whether no subclass changes what the native path does in one go."""
    ours = TimestampSigner if issubclass(kind, TimestampSigner) else Signer
    hooks = ("_seconds", "sign", "signature", "timestamp", "unsign")
    return all(getattr(kind, hook, None) is getattr(ours, hook, None) for hook in hooks)


@lru_cache(maxsize=64)
def _native(
    salt: str | bytes, algorithm: str, secrets: tuple[str | bytes, ...]
) -> _core.DjangoSigner | None:
    if not isinstance(salt, str):
        return None
    try:
        return _core.DjangoSigner.make(salt, algorithm, list(secrets))
    except (ConfigError, TypeError):
        # More keys than the core tries, an empty one, or one that is neither text nor bytes.
        return None
