"""What the engine did in a request, and why, told from what it had before and after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watch import View

REFUSED = {
    "bad_signature": "its bytes are not those that were sealed, so nothing of it is believed",
    "ended": "its session has ended, and the store remembers that",
    "expired": "it is older than the policy allows",
    "malformed": "it is no cookie of ours",
    "not_found": "the store has no session of this id, and nobody gets an id of their own choice",
    "unknown_key": "none of our secrets has sealed it",
}


def told(
    before: View, after: View, cookies: list[str], left: str | None, *, is_stored: bool
) -> list[dict[str, str]]:
    """Steps with ``did`` and ``why``; ``left`` is what now lies where the session was."""
    steps = [_reading(before, is_stored=is_stored)]
    changed = _changes(before, after)
    if changed:
        steps.append({"did": "The session changed", "why": "; ".join(changed)})
    if is_stored:
        steps += _storing(before, after, left)
    steps.append(_cookie(before, after, cookies, changed, is_stored=is_stored))
    return steps


def _reading(before: View, *, is_stored: bool) -> dict[str, str]:
    if before.token is None:
        return {"did": "Empty session", "why": "no cookie came, so there was nothing to open"}
    if before.reason:
        why = REFUSED.get(before.reason, "see the manual's page of reasons")
        return {"did": f"Cookie refused: {before.reason}", "why": why}
    whose = f"{before.user}'s" if before.user else "nobody's"
    if is_stored:
        return {"did": "Record read", "why": f"the cookie is its id; it is {whose}"}
    return {"did": "Cookie opened", "why": f"its seal holds; it is {whose}, and no store was asked"}


def _changes(before: View, after: View) -> list[str]:
    keys = sorted(key for key in {*before.data, *after.data} if not key.startswith("_"))
    lines = [_change(key, before.data.get(key), after.data.get(key)) for key in keys]
    lines.append(_change("user", before.user, after.user))
    return [line for line in lines if line]


def _change(key: str, old: Any, new: Any) -> str:
    if old == new:
        return ""
    return f"{key} is {json.dumps(new)}" if new is not None else f"{key} is gone"


def _storing(before: View, after: View, left: str | None) -> list[dict[str, str]]:
    steps = []
    if before.key and before.key != after.key and left and '"d":' not in left:
        why = "a request that is still in flight must not bring the session back"
        steps.append({"did": "Tombstone in the old record's place", "why": why})
    if after.key and before.key != after.key:
        steps.append({"did": "Record created", "why": "a session has one as soon as it has data"})
    elif after.key and before.version != after.version:
        steps.append({"did": "Record written", "why": _written(before.version, after.version)})
    return steps


def _written(old: int | None, new: int | None) -> str:
    versions = f"version {old} became {new}"
    if old is not None and new is not None and new > old + 1:
        return f"{versions}: another request wrote meanwhile, and both changes were joined"
    return f"{versions}, and nothing else had been written since it was read"


def _cookie(
    before: View, after: View, cookies: list[str], changed: list[str], *, is_stored: bool
) -> dict[str, str]:
    if not cookies:
        return {"did": "No Set-Cookie", "why": _kept(before, changed, is_stored=is_stored)}
    if "Max-Age=0" in cookies[-1]:
        why = "the session ended" if not before.reason else "what can't be opened is of no use"
        return {"did": "Cookie deleted", "why": why}
    return {"did": "Set-Cookie", "why": _given(before, after, changed, is_stored=is_stored)}


def _kept(before: View, changed: list[str], *, is_stored: bool) -> str:
    if changed:
        return "the id stays, since the data lie in the store"
    if before.token is None or before.reason:
        return "nothing was put into the session, so nobody needs a cookie"
    if is_stored:
        return "the id stays"
    return "nothing changed, and a mere reader must not undo what another request writes"


def _given(before: View, after: View, changed: list[str], *, is_stored: bool) -> str:
    if before.user != after.user:
        return "a login: a new id, for somebody may know the old one"
    if before.token is None or before.reason:
        return "a session began"
    if changed and not is_stored:
        return "the data changed, so they are sealed anew"
    if changed:
        return (
            "the same id again: with a write the session's time begins anew, and the cookie's too"
        )
    return "a quarter of the session's time is over, so it is renewed"
