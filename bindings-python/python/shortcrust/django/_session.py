"""What our engines have in common: native rows, nested changes, and a reason for each refusal."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.sessions.backends.base import SessionBase
from django.core.signing import BadSignature, JSONSerializer, SignatureExpired
from django.utils import timezone

from .. import _core, ambient
from .._errors import TooLarge
from . import signing

if TYPE_CHECKING:
    from django.core.signing import Serializer

_ATOMS = (str, int, float, bytes, type(None))


class NativeSession(SessionBase):
    """Stands before one of Django's engines, whose store it keeps."""

    _modified = False
    # What the data was when it came in, if a change can hide below its top level.
    _incoming: str | bytes | None = None
    _refusal: str | None = None
    _reason: str | None = None

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        if not session_key:
            self._reason = "no_cookie"
        elif self.session_key is None:
            self._reason = "malformed"

    @property
    def reason(self) -> str | None:
        """Why there is no session, as a stable code; ``None`` if there is one. Loads it."""
        self._data()
        return self._reason

    def _get_modified(self) -> bool:
        """Whether the session is to be saved: it was changed, or something inside it was."""
        return self._modified or self._is_due()

    def _set_modified(self, value: bool) -> None:
        self._modified = value
        if not value and "_session_cache" in vars(self):
            self._settle()

    # In Django an attribute, which its middleware reads and views set.
    modified: bool = property(_get_modified, _set_modified)  # type: ignore[assignment]

    def _data(self) -> dict[str, Any]:
        data: dict[str, Any] = self._get_session()  # type: ignore[attr-defined]
        return data

    def encode(self, session_dict: dict[str, Any]) -> str:
        return seal(session_dict, self.key_salt, self.serializer, _core.MAX_RECORD)

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        serializer: type[Serializer] = self.serializer
        data, self._refusal = unseal(session_data, self.key_salt, serializer, _core.MAX_RECORD)
        if self._refusal == "bad_signature" or _has_no_signature(session_data):
            logger = logging.getLogger("django.security.SuspiciousSession")
            logger.warning("Session data corrupted")
        return self._sound(data)

    def load(self) -> dict[str, Any]:
        key, self._refusal = self.session_key, None
        return self._loaded(key, super().load())

    async def aload(self) -> dict[str, Any]:
        key, self._refusal = self.session_key, None
        return self._loaded(key, await super().aload())

    def _loaded(self, key: str | None, data: Any) -> dict[str, Any]:
        loaded = self._sound(data)
        self._reason = self._refusal or self._fate_of(key)
        self._remember(loaded)
        return loaded

    def _sound(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self._refusal = "not_an_object"
            return {}
        if "_session_expiry" in data and not self._can_expire(data["_session_expiry"]):
            self._refusal = "malformed"
            return {}
        return data

    def _can_expire(self, expiry: Any) -> bool:
        """Whether the session's own expiry is one that Django can put into a row and a cookie."""
        try:
            self.get_expiry_date(expiry=expiry)
            # From when a cookie of this age would expire, in a year that HTTP can write.
            timezone.now() + timedelta(seconds=self.get_expiry_age(expiry=expiry))
        except (OverflowError, TypeError, ValueError):
            return False
        return True

    def _fate_of(self, key: str | None) -> str | None:
        """An engine takes the key away where it found nothing, or made another for what is over."""
        if self.session_key is None:
            return "not_found"
        return None if self.session_key == key else "expired"

    def _settle(self) -> None:
        """From now on what is in the session counts as unchanged."""
        self._remember(vars(self)["_session_cache"])

    def _remember(self, data: dict[str, Any]) -> None:
        is_flat = all(isinstance(value, _ATOMS) for value in data.values())
        self._incoming = None if is_flat else self._spell(data)

    def _is_due(self) -> bool:
        data = vars(self).get("_session_cache")
        if data is None or self._incoming is None:
            return False
        now = self._spell(data)
        return now is not None and now != self._incoming

    def _spell(self, data: dict[str, Any]) -> str | bytes | None:
        """The data as text; ``None`` if it can't be written, so that nobody meant to save it."""
        text = _core.dump_json(data, True, True) if self.serializer is JSONSerializer else None
        if text is not None:
            return text
        try:
            dumped: str | bytes = self.serializer().dumps(data)
        except Exception:  # noqa: BLE001 - a serializer may raise what it likes
            return None
        return dumped

    def _validate_session_key(self, key: str | None) -> bool:
        # A NUL, which a quoted cookie can hold, is an exception in PostgreSQL and in a file's path.
        valid = super()._validate_session_key(key)  # type: ignore[misc]
        return bool(valid and key and key.isprintable())


def seal(data: dict[str, Any], salt: str, serializer: type[Serializer], most: int) -> str:
    """``signing.dumps`` with compression; what :func:`unseal` would refuse is refused."""
    native = _native(salt, serializer)
    if native is not None:
        token = native.dumps(data, ":", int(ambient.now()), True, most)
        if token is not None:
            return token
    token = signing.dumps(data, salt=salt, serializer=serializer, compress=True)
    if native is not None and native.loads(token, ":", True, most)[2] is not None:
        raise TooLarge(f"the session is over {most} bytes or 200 levels: put less into it")
    return token


def unseal(
    token: Any,
    salt: str,
    serializer: type[Serializer],
    most: int,
    max_age: signing.MaxAge = None,
) -> tuple[dict[str, Any], str | None]:
    """``signing.loads``, and for all that it would raise an empty session with the reason."""
    native = _native(salt, serializer)
    try:
        if native is None:
            data = signing.loads(token, salt=salt, serializer=serializer, max_age=max_age)
        else:
            data, issued, reason = native.loads(token, ":", True, most)
            if reason is not None:
                return {}, reason
            if signing.is_over(issued, max_age):
                return {}, "expired"
    except Exception as error:  # noqa: BLE001 - whatever the cookie or the row, and who made it
        return {}, _reason_of(error)
    return (data, None) if isinstance(data, dict) else ({}, "not_an_object")


def _native(salt: str, serializer: type[Serializer]) -> _core.DjangoSigner | None:
    # Asked in any case, since it refuses fallbacks that are a string.
    signer = signing.native_signer(salt)
    return signer if serializer is JSONSerializer else None


def _has_no_signature(token: object) -> bool:
    return isinstance(token, str) and ":" not in token


def _reason_of(error: Exception) -> str:
    if isinstance(error, SignatureExpired):
        return "expired"
    return "bad_signature" if isinstance(error, BadSignature) else "malformed"
