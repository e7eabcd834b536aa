"""``"shortcrust.django"`` in ``INSTALLED_APPS`` brings the system checks."""

from __future__ import annotations

from django.apps import AppConfig


class ShortcrustConfig(AppConfig):
    """Named apart from Django itself."""

    name = "shortcrust.django"
    label = "shortcrust"

    def ready(self) -> None:
        """Registers the checks."""
        from . import checks  # noqa: F401, PLC0415 - only for an application that asks
