"""Numbers of sessions for OpenTelemetry, by its API package (``pip install opentelemetry-api``).

::

    from shortcrust.opentelemetry import session_metrics

    app.config["SHORTCRUST_ON_EVENT"] = session_metrics()

``shortcrust.session.events`` counts events by ``shortcrust.event``, ``shortcrust.reason``,
``shortcrust.format``, ``shortcrust.key`` (0 is the newest secret) and ``shortcrust.store``;
``shortcrust.session.duration`` is a histogram of seconds by ``shortcrust.event`` and
``shortcrust.store``.
"""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry import metrics

from ._core import VERSION
from ._events import Event

__all__ = ["session_metrics"]


def session_metrics(provider: metrics.MeterProvider | None = None) -> Callable[[Event], None]:
    """What a front takes as its listener; default provider is the global one."""
    meter = (provider or metrics.get_meter_provider()).get_meter("shortcrust", VERSION)
    events = meter.create_counter(
        "shortcrust.session.events", unit="{event}", description="What happened to sessions."
    )
    duration = meter.create_histogram(
        "shortcrust.session.duration", unit="s", description="The time that sessions take."
    )

    def count(event: Event) -> None:
        shared: dict[str, str | int] = {"shortcrust.event": event.name}
        if event.store is not None:
            shared["shortcrust.store"] = event.store
        duration.record(event.duration, shared)
        more = {
            "shortcrust.reason": event.reason,
            "shortcrust.format": event.format,
            "shortcrust.key": event.key,
        }
        known = {name: value for name, value in more.items() if value is not None}
        events.add(_weight(event), shared | known)

    return count


def _weight(event: Event) -> int:
    """Ten sessions that are swept are ten events; a merge is one."""
    return event.count or 0 if event.name in ("revoked", "swept") and event.count is not None else 1
