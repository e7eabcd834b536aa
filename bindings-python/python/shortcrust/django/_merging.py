"""Rows that lose no write: each is replaced only as it was read, else the changes are joined."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as PeerStore
from django.db import DatabaseError, connections, router, transaction
from django.db.models import F
from django.utils import timezone

from . import _settings
from ._session import NativeSession
from ._uncommitted import Uncommitted
from ._values import IDENTITY
from ._waiting import is_busy, patiently

if TYPE_CHECKING:
    from django.contrib.sessions.base_session import AbstractBaseSession
    from django.db.models import QuerySet

_MAX_SWEPT = 1000


class MergingSession(NativeSession, PeerStore):
    """Two requests that change one session are joined key by key.

    The later of two changes of one value wins, a deletion beats a change, and nothing is joined
    over a change of user. A row that is gone is not made again: ``UpdateError``, as Django's.
    What a transaction that is rolled back had saved counts as not saved.
    """

    #: How often another request was first, in this session's saves.
    conflicts: int = 0

    # What the data were when they were read or last saved: a copy, or text where they are nested.
    _base: Any = None
    # The row as it was last seen; ``None`` where the data came from a cache.
    _row: str | None = None
    # What was last made to be written.
    _made: str | None = None
    # What the row holds, where that is more than the data: another request's changes.
    _theirs: str | None = None

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._uncommitted: Uncommitted[tuple[Any, ...]] = Uncommitted()

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        return self._seen(super()._get_session_from_db())  # type: ignore[misc]

    async def _aget_session_from_db(self) -> AbstractBaseSession | None:
        return self._seen(await super()._aget_session_from_db())  # type: ignore[misc]

    def _seen(self, row: AbstractBaseSession | None) -> AbstractBaseSession | None:
        self._row = row.session_data if row else None
        return row

    def load(self) -> dict[str, Any]:
        self._row = None
        return super().load()

    async def aload(self) -> dict[str, Any]:
        self._row = None
        return await super().aload()

    def _loaded(self, key: str | None, data: Any) -> dict[str, Any]:
        loaded = super()._loaded(key, data)
        self._keep(loaded, None)
        return loaded

    def _keep(self, data: dict[str, Any], theirs: str | None) -> None:
        self._remember(data)
        self._base = dict(data) if self._incoming is None else self._incoming
        self._theirs = theirs

    def create_model_instance(self, data: Any) -> AbstractBaseSession:
        row: AbstractBaseSession = super().create_model_instance(data)
        self._made = row.session_data
        return row

    async def acreate_model_instance(self, data: Any) -> AbstractBaseSession:
        row: AbstractBaseSession = await super().acreate_model_instance(data)
        self._made = row.session_data
        return row

    def save(self, must_create: bool = False) -> None:
        if must_create or self.session_key is None:
            with self._noting():
                super().save(must_create)
                self._created()
        else:
            self._replace(self._data())

    async def asave(self, must_create: bool = False) -> None:
        await sync_to_async(self.save)(must_create)

    def cycle_key(self) -> None:
        """A new key for the session as its row is now, with what other requests wrote.

        Where another request ended the session, that stays so: who was logged in keeps the old
        key, which nothing can be saved under any more; a nobody gets a new session, with what this
        request itself put into it.
        """
        old = self.session_key
        if old is None:
            super().cycle_key()
            return
        self._data()
        connection = connections[self._using()]
        joined = patiently(connection, lambda: self._rotate(old))
        if joined is not None:
            vars(self)["_session_cache"] = joined
        self.modified = True

    async def acycle_key(self) -> None:
        await sync_to_async(self.cycle_key)()

    def _rotate(self, old: str) -> dict[str, Any] | None:
        """In one transaction, so that a logout is either before it or after it."""
        data, before = vars(self)["_session_cache"], self._state()
        try:
            with transaction.atomic(using=self._using()):
                joined = self._carried(old, data)
                if joined is not None:
                    self.create()
                    self.delete(old)
                return joined
        except BaseException:
            self._session_key = old
            vars(self)["_session_cache"] = data
            self._restore(before)
            raise

    def _carried(self, old: str, data: dict[str, Any]) -> dict[str, Any] | None:
        """The data that the new row begins with; ``None`` where the session has ended."""
        row = self.model(pk=old)
        base, mine = self._text(self._base), self._text(data)
        if self._hold(row):
            there = self._there(row)
            if base is None or mine is None or there is None:
                return data
            joined = join(base, mine, there)
            if joined is not None:
                return data if joined == mine else self._read(joined)
        self._reason = "ended"
        known = self._read(base) if base is not None else {}
        if known.get(SESSION_KEY) is not None:
            return None
        return {key: value for key, value in data.items() if (key, value) not in known.items()}

    def _replace(self, data: dict[str, Any]) -> None:
        """Writes over the row that was read; where that changed, over what is there, joined."""
        self._take_back()
        connection = connections[self._using()]
        try:
            with self._noting():
                patiently(connection, lambda: self._try_to_replace(data))
        except DatabaseError as error:
            # A database that is busy has ended nobody's session.
            if is_busy(error):
                raise
            raise UpdateError from error

    def _try_to_replace(self, data: dict[str, Any]) -> None:
        row, before = self.create_model_instance(data), self._state()
        expected = None if self._theirs or self._is_oracle() else self._row
        try:
            with transaction.atomic(using=self._using(row)):
                if expected is not None and self._update(row, session_data=expected):
                    self._keep(data, None)
                else:
                    self._join(row, data)
        except BaseException:
            self._restore(before)
            raise

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """What is saved within is taken back where the caller's transaction is rolled back."""
        before = self._state()
        yield
        self._uncommitted.add(connections[self._using()], before)

    def _take_back(self) -> None:
        """What a transaction had saved that was rolled back."""
        before = self._uncommitted.rolled_back()
        if before is not None:
            self._restore(before)

    def _state(self) -> tuple[Any, ...]:
        return (self._base, self._incoming, self._row, self._theirs)

    def _restore(self, state: tuple[Any, ...]) -> None:
        self._base, self._incoming, self._row, self._theirs = state

    def _is_due(self) -> bool:
        self._take_back()
        return super()._is_due()

    def _join(self, row: AbstractBaseSession, data: dict[str, Any]) -> None:
        if not self._hold(row):
            raise UpdateError
        base, mine, there = self._text(self._base), self._text(data), self._there(row)
        self.conflicts += there != (self._theirs or base)
        if base is None or mine is None or there is None:
            # Your own serializer's, which can't be joined: the last one wins, as with Django.
            joined = mine
        else:
            joined = join(base, mine, there)
            if joined is None:
                self._reason = "identity"
                return
        if joined is None or joined == mine:
            self._update(row)
            self._keep(data, None)
        else:
            self._update(self._row_of(self._read(joined)))
            self._keep(data, joined)

    def _row_of(self, joined: dict[str, Any]) -> AbstractBaseSession:
        """A row of what was joined, which may have another request's expiry."""
        row = self.create_model_instance(joined)
        expiry = joined.get("_session_expiry")
        if expiry != self._data().get("_session_expiry"):
            row.expire_date = self.get_expiry_date(expiry=expiry)
        return row

    def _hold(self, row: AbstractBaseSession) -> bool:
        """Whether the row is there; nobody else writes it until the transaction ends."""
        # A write that changes nothing does it in any database.
        return bool(self._rows(row).update(expire_date=F("expire_date")))

    def _update(self, row: AbstractBaseSession, **expected: str) -> bool:
        """Every column, those of your own session model too, if the row is as expected."""
        fields = row._meta.concrete_fields  # noqa: SLF001 - documented
        columns = [field for field in fields if not field.primary_key]
        values = {field.attname: field.pre_save(row, add=False) for field in columns}
        changed = self._rows(row).filter(**expected).update(**values)
        if changed:
            self._row = row.session_data
        return bool(changed)

    def _there(self, row: AbstractBaseSession) -> str | None:
        self._row = self._rows(row).values_list("session_data", flat=True).get()
        reason = self._refusal
        there, self._refusal = self._text(self.decode(self._row)), reason
        return there

    def _rows(self, row: AbstractBaseSession) -> QuerySet[AbstractBaseSession]:
        """Where rows are written, since a replica may be behind."""
        model: type[AbstractBaseSession] = self.model
        rows = model._base_manager.using(self._using(row))  # noqa: SLF001 - documented
        return rows.filter(pk=row.pk)

    def _using(self, row: AbstractBaseSession | None = None) -> str:
        return router.db_for_write(self.model, instance=row)

    def _is_oracle(self) -> bool:
        """It does not compare long texts."""
        return connections[self._using()].vendor == "oracle"

    def _created(self) -> None:
        """After Django's own save."""
        self._row = self._made
        if "_session_cache" in vars(self):
            self._keep(vars(self)["_session_cache"], None)

    def _text(self, data: Any) -> str | None:
        """JSON, or ``None`` for what your own serializer makes otherwise."""
        text = self._spell(data) if isinstance(data, dict) else data
        return text if isinstance(text, str) else None

    def _read(self, text: str) -> dict[str, Any]:
        data: dict[str, Any] = self.serializer().loads(text.encode("latin-1"))
        return data

    @classmethod
    def living(cls, keys: Iterable[str]) -> set[str]:
        """Those of the keys that have a row which has not expired."""
        rows = cls.get_model_class().objects
        found = rows.filter(pk__in=list(keys), expire_date__gt=timezone.now())
        return set(found.values_list("pk", flat=True))

    @classmethod
    def clear_expired(cls) -> None:
        """Removes what has expired, at most 1,000 rows in a statement."""
        rows = cls.get_model_class().objects
        while keys := list(
            rows.filter(expire_date__lt=timezone.now()).values_list("pk")[:_MAX_SWEPT]
        ):
            rows.filter(pk__in=[key for (key,) in keys], expire_date__lt=timezone.now()).delete()

    @classmethod
    async def aclear_expired(cls) -> None:
        await sync_to_async(cls.clear_expired)()


def join(base: str, mine: str, theirs: str) -> str | None:
    """What is to be written; ``None`` where another request made it another user's session."""
    if base == theirs or _identity(mine) != _identity(base):
        return mine
    if _identity(theirs) != _identity(base):
        return None
    return _settings.merge_rules().merge(base, mine, theirs) or mine


def _identity(text: str) -> list[Any]:
    data = json.loads(text)
    return [data.get(key) for key in IDENTITY]
