"""What every kind of cache offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

Answer = Literal["done", "changed", "gone"]
"""``gone``: there is nothing under the key, and nothing was put there."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and by what it is known again."""

    value: Any
    token: Any


class Swap(Protocol):
    """Keys are the ones that Django's ``cache.get`` takes, timeouts are seconds."""

    @property
    def connection(self) -> BaseDatabaseWrapper | None:
        """The database that the cache is in, whose transactions take writes back."""

    def get(self, key: str, *, fresh: bool = False) -> Found | None:
        """The value; with ``fresh`` not from a replica, which may be behind."""

    def swap(self, key: str, found: Found, value: object, timeout: float) -> Answer:
        """Puts the value in the place of the found one, if that is still there."""

    def take(self, key: str, found: Found) -> Answer:
        """Deletes the found value, if it is still there."""
