"""What a session saved inside a transaction counts only when the transaction is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_State = TypeVar("_State")


class Uncommitted(Generic[_State]):
    """What a session knew before each of its writes that may still be rolled back."""

    def __init__(self) -> None:
        self._writes: list[tuple[_Write, _State]] = []

    def add(self, connection: BaseDatabaseWrapper, before: _State) -> None:
        """Notes a write that was made just now; outside of a transaction it is final."""
        if connection.in_atomic_block:
            write = _Write(connection)
            connection.on_commit(write)
            self._writes.append((write, before))

    def rolled_back(self) -> _State | None:
        """What was known before the first write that was rolled back, once; else ``None``."""
        if not self._writes:
            return None
        self._writes = [(write, before) for write, before in self._writes if not write.is_final]
        for at, (write, before) in enumerate(self._writes):
            if not write.is_pending():
                # Savepoints are nested, so the later writes went with it.
                del self._writes[at:]
                return before
        return None


class _Write:
    """Called when the transaction is committed; forgotten by the connection when it is not."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.is_final = False
        self._connection = connection

    def __call__(self) -> None:
        self.is_final = True

    def is_pending(self) -> bool:
        """Django drops the callbacks of a transaction or savepoint that is rolled back."""
        return any(entry[1] is self for entry in self._connection.run_on_commit)
