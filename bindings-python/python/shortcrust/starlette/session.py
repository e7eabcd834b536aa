"""The session of a request: Starlette's own class, with what older versions of it lack."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import TYPE_CHECKING, Any

from ._installed import HAS_PARTITIONED, SETS_EACH_TIME

__all__ = ["Session"]


class _NotingChanges(dict[str, Any]):
    """What changes it is noted; Starlette before 1.7 overlooks some, and before 1.0 all."""

    accessed: bool = False
    modified: bool = False

    def mark_accessed(self) -> None:
        """The response depends on the session."""
        self.accessed = True

    def mark_modified(self) -> None:
        """The session is to be saved."""
        self.accessed = True
        self.modified = True

    def __setitem__(self, key: str, value: Any) -> None:
        self.mark_modified()
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self.mark_modified()
        super().__delitem__(key)

    def __ior__(self, other: Any, /) -> Any:  # type: ignore[misc]
        self.mark_modified()
        return super().__ior__(other)

    def clear(self) -> None:
        self.mark_modified()
        super().clear()

    def pop(self, key: str, *args: Any) -> Any:
        if dict.__contains__(self, key):
            self.mark_modified()
        return super().pop(key, *args)

    def popitem(self) -> tuple[str, Any]:
        item = super().popitem()
        self.mark_modified()
        return item

    def setdefault(self, key: str, default: Any = None) -> Any:
        if not dict.__contains__(self, key):
            self.mark_modified()
        return super().setdefault(key, default)

    def update(self, *args: Any, **kwargs: Any) -> None:
        self.mark_modified()
        super().update(*args, **kwargs)


class _NotingReads(dict[str, Any]):
    """What reads it is noted, for where ``request.session`` does not say that it was asked."""

    accessed: bool = False

    def __contains__(self, key: object) -> bool:
        self.accessed = True
        return super().__contains__(key)

    def __getitem__(self, key: str) -> Any:
        self.accessed = True
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        self.accessed = True
        return super().__iter__()

    def __len__(self) -> int:
        self.accessed = True
        return super().__len__()

    def get(self, key: str, default: Any = None, /) -> Any:
        self.accessed = True
        return super().get(key, default)

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        self.accessed = True
        return super().items()

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        self.accessed = True
        return super().keys()

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        self.accessed = True
        return super().values()


if TYPE_CHECKING or HAS_PARTITIONED:
    from starlette.middleware.sessions import Session
elif SETS_EACH_TIME:

    class Session(_NotingChanges, _NotingReads):
        """A dict that notes whether it was looked at and changed."""

else:
    from starlette.middleware.sessions import Session as _Session

    class Session(_NotingChanges, _Session):
        """Starlette's ``Session``; of 1.7, whichever is installed."""
