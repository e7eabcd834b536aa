"""Django's signed_cookies sessions, told the time."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any
from unittest import mock

from django.conf import settings  # type: ignore[import-untyped]
from django.contrib.sessions.backends import signed_cookies  # type: ignore[import-untyped]
from django.core.signing import (  # type: ignore[import-untyped]
    JSONSerializer,
    Signer,
    TimestampSigner,
    b64_encode,
)
from plain_peer import NOW, SECRET, Peer

SALT = "django.contrib.sessions.backends.signed_cookies"

settings.configure(SECRET_KEY=SECRET)


class DjangoPeer(Peer):
    """The first key is SECRET_KEY, the others are SECRET_KEY_FALLBACKS."""

    format = "django"
    generator = ("Django", version("Django"))
    cookie = "sessionid"
    separator = ":"

    @staticmethod
    def text(data: Any) -> str:
        return str(JSONSerializer().dumps(data), "latin-1")

    @staticmethod
    def body(payload: str | bytes) -> str:
        raw = payload.encode() if isinstance(payload, str) else payload
        return str(b64_encode(raw), "ascii")

    def sealed_now(self, data: dict[str, Any]) -> str:
        compress = self.options.get("compress", True)
        return str(self.signer().sign_object(data, serializer=JSONSerializer, compress=compress))

    def signed_now(self, body: str) -> str:
        return str(self.signer().sign(body))

    def sign_untimed(self, text: str) -> str:
        return str(Signer.sign(self.signer(), text))

    def opened_now(self, token: str, max_age: int | None) -> Any:
        return self.signer().unsign_object(token, serializer=JSONSerializer, max_age=max_age)

    def signer(self) -> Any:
        return TimestampSigner(
            key=self.keys[0],
            fallback_keys=self.keys[1:],
            salt=self.options.get("salt", SALT),
            algorithm=self.options.get("digest", "sha256"),
        )


def store(data: dict[str, Any]) -> str:
    """The cookie that Django's session backend itself makes with SECRET."""
    with mock.patch("time.time", return_value=NOW):
        session = signed_cookies.SessionStore()
        session.update(data)
        session.save()
        return str(session.session_key)
