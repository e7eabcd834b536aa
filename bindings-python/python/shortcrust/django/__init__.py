"""Django: its session engines, its signing and its session middleware over the native core.

Put the drop-ins in, and nobody is logged out::

    SESSION_ENGINE = "shortcrust.django.db"  # or .cached_db, .file, .signed_cookies
    SIGNING_BACKEND = "shortcrust.django.signing.TimestampSigner"

Or keep sessions in an encrypted cookie, and use what only a middleware can do::

    SESSION_ENGINE = "shortcrust.django.sealed_cookies"
    MIDDLEWARE = [..., "shortcrust.django.SessionMiddleware", ...]  # for Django's own
    INSTALLED_APPS = [..., "shortcrust.django"]  # system checks
"""

from .. import reason
from ._installed import DJANGO as _DJANGO  # noqa: F401 - first: it says what is missing
from .middleware import SessionMiddleware

__all__ = ["SessionMiddleware", "reason"]
