"""Whose sessions there are: a table that the engines keep, so that they can be listed and ended."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from ._tracking import LONGEST_LABEL


class UserSession(models.Model):
    """A session with a user in it. The session itself lies where SESSION_ENGINE puts it."""

    handle: models.CharField[str, str] = models.CharField(
        primary_key=True, max_length=64, editable=False
    )
    """SHA-256 of the session's key. It opens no session."""
    sealed_key: models.TextField[str, str] = models.TextField(editable=False)
    """The session's key, encrypted with SECRET_KEY: it is needed to end the session."""
    user: models.CharField[str, str] = models.CharField(max_length=255, db_index=True)
    """What ``django.contrib.auth`` keeps in the session: the user's primary key as text."""
    created: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    last_used: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    """To within five minutes."""
    expires: models.DateTimeField[datetime, datetime] = models.DateTimeField(db_index=True)
    label: models.CharField[str, str] = models.CharField(
        max_length=LONGEST_LABEL, blank=True, default=""
    )
    epoch: models.BigIntegerField[int, int] = models.BigIntegerField(default=0, editable=False)
    """The user's when the session began; a session of an older one is over."""

    class Meta:  # noqa: D106
        verbose_name: str = "session of a user"
        verbose_name_plural: str = "sessions of users"
        ordering: tuple[str, ...] = ("-last_used",)

    def __str__(self) -> str:
        return self.label or "a session"


class UserEpoch(models.Model):
    """How often all of a user's sessions were ended."""

    user: models.CharField[str, str] = models.CharField(
        primary_key=True, max_length=255, editable=False
    )
    epoch: models.BigIntegerField[int, int] = models.BigIntegerField(default=0)
