"""A clock that stands still, for the peer and for us."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

import flask.sessions
import hypothesis
import pytest
from shortcrust import _warnings
from shortcrust.flask import drop_in as flask_drop_in
from shortcrust.flask._installed import FLASK
from shortcrust.starlette import drop_in as starlette_drop_in

hypothesis.settings.register_profile("short", max_examples=1_000, deadline=None)
hypothesis.settings.register_profile("long", max_examples=10_000, deadline=None)
hypothesis.settings.load_profile("long" if os.environ.get("LONG") else "short")

SECRET = "golden vectors: a secret that is no secret"


class Clock:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1_767_323_045.678

    def set_ms(self, now_ms: int) -> None:
        self.seconds = now_ms / 1000

    def advance(self, **span: float) -> None:
        self.seconds += timedelta(**span).total_seconds()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Stopped:
            return cls.fromtimestamp(clock.seconds, tz)

    monkeypatch.setattr(time, "time", lambda: clock.seconds)
    monkeypatch.setattr(flask.sessions, "datetime", Stopped)
    return clock


def since_flask(major: int, minor: int) -> pytest.MarkDecorator:
    """For what older versions of Flask do otherwise; `tests/matrix` runs the tests on them."""
    is_older = (major, minor) > FLASK
    return pytest.mark.skipif(is_older, reason=f"Flask {major}.{minor}")


@pytest.fixture(autouse=True)
def _warnings_anew() -> Iterator[None]:
    """A weakness is told once a process, and the tests share their secrets."""
    yield
    _warnings._TOLD.clear()
    flask_drop_in._drop_in_engine.cache_clear()
    starlette_drop_in._drop_in_engine.cache_clear()
    starlette_drop_in._warn_of_insecure.cache_clear()
