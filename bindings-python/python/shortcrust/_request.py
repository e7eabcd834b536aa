"""One request's session, as a front holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import _core

REASON_HEADER = "Shortcrust-Reason"
"""Where somebody develops: why a response's request had no session."""


@dataclass(slots=True)
class RequestSession:
    """One request's session."""

    native: _core.Session | None = None
    """``None`` where no cookie came, and nothing was commanded."""
    scope: Any = None
    """What the front's ``label_of`` is given."""
    is_answered: bool = False
    """The response has its cookies, and gets no more."""

    @property
    def reason(self) -> str | None:
        """Why there is no session; ``None`` where there is one."""
        return "no_cookie" if self.native is None else self.native.reason

    @property
    def failure(self) -> str | None:
        """Why something was not written."""
        failure = None if self.native is None else self.native.failure
        return None if failure is None else failure[0]

    @property
    def user(self) -> str | None:
        """Whose session it is."""
        return None if self.native is None else self.native.user

    @property
    def key(self) -> str | None:
        """The store's, of the record, where there is one."""
        return None if self.native is None else self.native.key

    def __deepcopy__(self, memo: object) -> RequestSession:
        """An application may copy its session, and this with it; there is one cookie that came."""
        return self
