"""What the two formats of plain JSON share: a library to ask, and cases checked on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, ClassVar
from unittest import mock

from suite import Case, Key, Suite, cookie_values, key_json

NOW = 1_767_323_045  # 2026-01-02T03:04:05Z
SECRET = "golden vectors: a secret that is no secret"


class Peer(ABC):
    """A library with its keys, newest first, and its options."""

    format: ClassVar[str]
    generator: ClassVar[tuple[str, str]]
    cookie: ClassVar[str]
    separator: ClassVar[str]

    def __init__(self, keys: list[Key], options: dict[str, Any] | None = None) -> None:
        self.keys = keys
        self.options = options or {}

    @staticmethod
    @abstractmethod
    def text(data: Any) -> str:
        """The library's JSON."""

    @staticmethod
    @abstractmethod
    def body(payload: str | bytes) -> str:
        """The first part of a token, not compressed."""

    def seal(self, data: dict[str, Any], at: int = NOW) -> str:
        with mock.patch("time.time", return_value=at):
            return self.sealed_now(data)

    def sign(self, body: str, at: int = NOW) -> str:
        """Signs the first part of a token as it stands."""
        with mock.patch("time.time", return_value=at):
            return self.signed_now(body)

    def open(self, token: str, now: int, max_age: int | None = None) -> Any:
        with mock.patch("time.time", return_value=now):
            return self.opened_now(token, max_age)

    @abstractmethod
    def sealed_now(self, data: dict[str, Any]) -> str: ...

    @abstractmethod
    def signed_now(self, body: str) -> str: ...

    @abstractmethod
    def opened_now(self, token: str, max_age: int | None) -> Any: ...

    @abstractmethod
    def sign_untimed(self, text: str) -> str:
        """Signs whatever is given, with no timestamp put in."""


class Maker:
    """Cases of one file. `stricter` has those that the library alone would open."""

    def __init__(self, stem: str, library: type[Peer], stricter: Iterable[str] = ()) -> None:
        self.suite = Suite(stem, library.format, *library.generator)
        self.library = library
        self.stricter = frozenset(stricter)
        self.peer = library([SECRET])

    def typed(self, slug: str, comment: str, data: dict[str, Any], **more: Any) -> str:
        """Sealed now, so the same bytes are asked of the writer."""
        peer = self.library(more.get("keys", [SECRET]), more.get("options"))
        token = peer.seal(data, more.get("now_ms", NOW * 1000) // 1000)
        self.ok(slug, comment, peer.text(data), token, entropy="", **more)
        return token

    def signed(self, slug: str, comment: str, payload: str, **more: Any) -> None:
        """A payload that the library reads but would write in another way."""
        token = self.peer.sign(self.peer.body(payload))
        self.ok(slug, comment, payload, token, rewritten=True, **more)

    def ok(
        self,
        slug: str,
        comment: str,
        payload: str,
        *values: str,
        rewritten: bool = False,
        **more: Any,
    ) -> None:
        read = self._opened(*self._case(slug, comment, "ok", values, payload=payload, **more))
        assert isinstance(read[0], dict), slug
        assert (self.peer.text(read[0]) == payload) != rewritten, slug

    def refuse(
        self,
        slug: str,
        comment: str,
        expect: str,
        *values: str | dict[str, Any],
        **more: Any,
    ) -> None:
        found = self._opened(*self._case(slug, comment, expect, values, **more))
        if expect == "not_an_object":
            assert found and not any(isinstance(f, dict) for f in found), slug
        else:
            assert bool(found) == (slug in self.stricter), slug

    def refuse_text(self, slug: str, comment: str, expect: str, text: str | bytes) -> None:
        self.refuse(slug, comment, expect, self.peer.sign(self.peer.body(text)))

    def finish(self) -> Suite:
        slugs = {case["id"].partition("/")[2] for case in self.suite.cases}
        assert self.stricter <= slugs, self.stricter - slugs
        return self.suite

    def _case(
        self,
        slug: str,
        comment: str,
        expect: str,
        values: Iterable[str | dict[str, Any]],
        *,
        keys: list[Key] | None = None,
        now_ms: int = NOW * 1000 + 678,
        **more: Any,
    ) -> tuple[Case, Peer]:
        keys = keys or [SECRET]
        name = self.library.cookie
        if "header" not in more:
            more["cookies"] = [(name, value) for value in values]
        case = self.suite.add(
            slug,
            comment,
            keys=[key_json(key) for key in keys],
            name=name,
            now_ms=now_ms,
            expect=expect,
            **more,
        )
        return case, self.library(keys, case.get("options"))

    @staticmethod
    def _opened(case: Case, peer: Peer) -> list[Any]:
        """What the library reads from each value of the case that it accepts."""
        policy = case.get("policy", {})
        now = case["now_ms"] // 1000
        # No library knows a skew: where we allow some, its clock is set forward by as much.
        ahead = policy.get("skew_s", 0) if case["expect"] == "ok" else 0
        found = []
        for token in cookie_values(case):
            for clock in sorted({now, now + ahead}):
                with suppress(Exception):  # BadSignature, and what the libraries do not catch
                    found.append(peer.open(token, clock, policy.get("idle_s")))
                    break
        return found
