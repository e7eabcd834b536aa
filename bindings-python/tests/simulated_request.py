"""One request of a simulation: its handler's commands, and what the ledger is to know of them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from shortcrust._driver import Driver
from shortcrust._request import RequestSession
from simulated_ledger import Ledger
from simulated_tape import TABLE, Tape

Steps = Generator[tuple[Any, ...], Any, None]


class Request:
    def __init__(
        self,
        driver: Driver,
        tape: Tape,
        ledger: Ledger,
        own: RequestSession,
        data: dict[str, Any],
        runner: object,
    ) -> None:
        """``runner``: who calls the store for it."""
        self.runner = runner
        self.driver = driver
        self.tape = tape
        self.ledger = ledger
        self.own = own
        self.data = data
        self.is_changed = False
        self.is_told = False
        """A login or logout has said whose the session is."""
        self.has_left = False
        """The session is to go on under another id."""
        self.source = own.key
        """Under what it lay when it came, or was last saved; none where that was left behind."""
        self.origin = own.key
        """Its data may come along under a new id, if this request itself has ended it."""
        self.mine: set[str] = set()
        self.wrote: set[str] = set()
        """All that it has written since it ended a session."""
        self.ends: list[str] = []
        self.handle: str | None = None
        """What it is about to revoke."""

    def command(self, what: str) -> Steps:
        driver, own = self.driver, self.own
        if what == "write":
            key = self.ledger.new_name()
            self.data[key] = ""
            self.mine.add(key)
            self.wrote.add(key)
            self.is_changed = True
        elif what == "login":
            shown = driver.login(own, self._user(), self.data)
            if shown is not None:
                self.data = shown
                self._end()
            self.data.pop("user_id", None)
            self.is_changed = self.is_told = self.has_left = True
        elif what == "logout":
            driver.logout(own)
            self._empty()
        elif what == "regenerate":
            driver.regenerate(own)
            self.is_changed = self.has_left = True
        elif what == "save":
            yield from driver.save(own, self.leave(), self.is_changed)
            self.saved()
        elif what == "revoke":
            yield from self._revoke()
        elif what == "revoke_all":
            user = self._user()
            is_own = own.user == user
            yield from driver.revoke_all(user, own, self.data, except_current=False)
            if is_own:
                self._empty()
        elif what == "set the user by hand":
            user = self._user()
            # What a login told counts more than what is done by hand beside it.
            if not self.is_told:
                self.data["user_id"] = user
                self.is_changed = True
        else:
            assert what == "nothing"

    def _user(self) -> str:
        return self.tape.one_of(TABLE["users"])

    def _revoke(self) -> Steps:
        handles = [key for key, _ in self.ledger.writes.values()]
        if not handles:
            return
        self.handle = handle = self.tape.one_of(handles)
        is_own = handle == self.own.key
        was_there = yield from self.driver.revoke(handle, None, self.own)
        self.handle = None
        if was_there:
            self.ledger.ended.add(handle)
            if is_own:
                self._empty()

    def _end(self) -> None:
        if self.source is not None:
            self.ends.append(self.source)
        self.source = self.origin = None

    def _empty(self) -> None:
        self._end()
        self.data.clear()
        self.mine.clear()
        self.wrote.clear()
        self.is_changed = self.is_told = self.has_left = True

    def leave(self) -> dict[str, Any]:
        """What is left to be written. A change of user by hand is a login."""
        by_hand = None if self.is_told else self.data.get("user_id")
        if by_hand is not None:
            self.has_left |= self.own.user != by_hand
            if self.own.user not in (None, by_hand):
                # Another's data stay behind, but for what this request wrote.
                self._end()
        return self.data

    def saved(self) -> None:
        """All was written, or nothing."""
        if self.own.failure is not None:
            if self.own.failure != "unavailable":
                # Another request ended it: what this one goes on with is a session of its own.
                self.source = None
            return
        ledger = self.ledger
        ledger.ended.update(self.ends)
        self.ends.clear()
        has_left, self.is_told, self.has_left = self.has_left, False, False
        source, self.source = self.source, self.own.key
        if self.source is None:
            ledger.ended.update([source] if source else [])
            return
        if source not in (None, self.source):
            ledger.moves.append((str(source), self.source))
        kept = has_left and source == self.source
        assert not kept, "a login or a change of rights kept the id"
        self._check_what_came_along(self.source)
        self.origin = self.source
        for written in self.mine & set(self.data):
            ledger.writes[written] = (self.source, self.own.user)
        self.mine.clear()

    def _check_what_came_along(self, key: str) -> None:
        """What this request wrote, and the session that it has itself left for that."""
        records = self.ledger.records
        if key == self.origin or records.tombstones.get(self.origin or "") is self.runner:
            return
        for record in records.live([key]).values():
            others = set(record["d"]) - self.wrote - {"user_id"}
            assert not others, f"{others} of a session that another request ended live on"

    def abandon(self) -> None:
        """The store failed: what the request was about to leave may be over or not."""
        doubtful = self.ledger.doubtful
        doubtful.update({self.handle} if self.handle else ())
        if self.has_left:
            doubtful.update(key for key in (self.source, self.own.key, *self.ends) if key)
