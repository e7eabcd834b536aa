"""What the core asks a store for, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _core
from ._steps import Steps
from .stores._base import AsyncStore, Entry, Row, Store

Answer = str | int | Row | list[Row | None]


def run_actions(
    store: Store | AsyncStore | None,
    old_rows: Mapping[int, Any],
    actions: list[_core.Action],
    answers: list[Answer],
) -> Steps[tuple[Exception | None, int]]:
    """Adds what the store says of them, up to the first that is not done.

    Gives the store's error, and how many records were swept.
    """
    for action in actions:
        if action.kind == "sweep" and store and store.capabilities.expiry:
            break
        try:
            said = yield _call(store, old_rows, action)
            if action.reader is not None:
                said = _of_old(action, said)
        except Exception as error:  # noqa: BLE001 - whatever its client raises
            if action.kind == "sweep":
                # A request does not fail for what others left.
                break
            answers.append("failed")
            return error, 0
        if action.kind == "sweep":
            return None, said
        answers.append(said)
        if said != "done":
            break
    return None, 0


def _call(
    store: Store | AsyncStore | None, old_rows: Mapping[int, Any], action: _core.Action
) -> tuple[Any, ...]:
    if action.reader is not None:
        rows = old_rows[action.reader]
        return rows.read if action.kind == "read_row" else rows.remove, action.key
    method = getattr(store, action.kind)
    if action.kind == "load":
        return method, action.keys
    if action.kind == "sweep":
        return method, action.expires_ms, action.limit
    if action.kind == "revoke":
        return method, action.user, action.key or None
    entry = Entry(action.text or "", action.user, action.expires_ms)
    if action.version is None:
        return method, action.key, entry
    return method, action.key, action.version, entry


def _of_old(action: _core.Action, said: str | None) -> Answer:
    if action.kind == "remove_row":
        return "done"
    return [None if said is None else Row(0, said)]
