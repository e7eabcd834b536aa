"""One root, one class per kind; ``code`` is the same in Node, in the vectors and in ``reason``."""

from __future__ import annotations


class ShortcrustError(Exception):
    """The root of what shortcrust raises."""

    code: str = "internal"


class ConfigError(ShortcrustError, ValueError):
    """The configuration is wrong; the message says what to change and shows no secret."""

    def __init__(self, message: str, code: str = "option") -> None:
        super().__init__(message)
        self.code = code


class BadSignature(ShortcrustError):
    """The MAC is wrong under every key."""

    code = "bad_signature"


class Conflict(ShortcrustError):
    """Other requests wrote the session first, too often."""

    code = "conflict"


class Ended(ShortcrustError):
    """Another request ended the session."""

    code = "ended"


class Expired(ShortcrustError):
    """The lifetime has passed."""

    code = "expired"


class Identity(ShortcrustError):
    """Another request made it another user's session."""

    code = "identity"


class Internal(ShortcrustError):
    """A defect of shortcrust, or the operating system gave no random bytes."""

    code = "internal"


class Malformed(ShortcrustError, ValueError):
    """Not a token of the format; or, when sealing, not what the format can hold."""

    code = "malformed"


class NoCookie(ShortcrustError):
    """The request has no cookie of the name."""

    code = "no_cookie"


class NotAnObject(ShortcrustError, ValueError):
    """The payload is no object."""

    code = "not_an_object"


class NotFound(ShortcrustError):
    """The store has no record for the id."""

    code = "not_found"


class NotYetValid(ShortcrustError):
    """Issued further in the future than the skew allows."""

    code = "not_yet_valid"


class Revoked(ShortcrustError):
    """The session, or all of its user's until then, were revoked."""

    code = "revoked"


class TooLarge(ShortcrustError, ValueError):
    """Over a cap: put less into the session."""

    code = "too_large"


class TooMany(ShortcrustError):
    """More cookies of one name than a request may bring."""

    code = "too_many"


class Unavailable(ShortcrustError):
    """The store failed, and the request was served without it."""

    code = "unavailable"


class UnknownKey(ShortcrustError):
    """The token names a key that is not in the keyring."""

    code = "unknown_key"


class Unsupported(ShortcrustError, NotImplementedError):
    """The store, or the way in which sessions are kept, can't do that."""

    code = "unsupported"


_BY_CODE: dict[str, type[ShortcrustError]] = {
    kind.code: kind
    for kind in (
        BadSignature,
        Conflict,
        Ended,
        Expired,
        Identity,
        Internal,
        Malformed,
        NoCookie,
        NotAnObject,
        NotFound,
        NotYetValid,
        Revoked,
        TooLarge,
        TooMany,
        Unavailable,
        UnknownKey,
    )
}


def config_error(code: str, message: str) -> ConfigError:
    """Called by the native module."""
    return ConfigError(message, code)


def refusal(code: str, message: str) -> ShortcrustError:
    """Called by the native module."""
    return _BY_CODE.get(code, Internal)(message)


def failed(reason: str) -> Exception:
    """Why the core gave up, where no store's client has raised."""
    if reason == "conflict":
        return Conflict("other requests wrote the session first, 16 times")
    return Unavailable(
        "the store failed earlier in this request, or has a record under the new id already"
    )
