"""Browsers, requests, a store and a clock, in which the steps of a scenario are carried out.

Written once, as coroutines. Sync they never wait, and are run to their end by one ``send``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

import pytest
from scenario_store import Records, StoreFailed, made, said, text_of
from shortcrust import _config, _core, ambient
from shortcrust._driver import Driver
from shortcrust._errors import Conflict, Unavailable
from shortcrust._queues import Queues
from shortcrust._request import RequestSession
from shortcrust._steps import Steps, run, run_async

T = TypeVar("T")
Data = dict[str, Any]

SECRET = b"the first secret of the tests, over 32 bytes"
START = 2_000_000_000_000


class Ambient:
    """The clock, and the byte of which the present request has as many as it wants."""

    now = START
    byte = 0


def pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ambient, "now_ms", lambda: Ambient.now)
    monkeypatch.setattr(ambient, "entropy", lambda size: bytes([Ambient.byte]) * size)


def finished(running: Coroutine[Any, Any, T]) -> T:
    """What comes of a coroutine that does not wait."""
    try:
        running.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("it waits")


class Request:
    """What the handler of a request has."""

    def __init__(self, name: str, driver: Driver, browsers: list[str]) -> None:
        self.name = name
        self.driver = driver
        self.own = RequestSession()
        self.data: Data = {}
        self.header = ""
        """The cookies that it came with."""
        self.seen: Data | None = {}
        """What was read or saved last; ``None`` where the session has moved since."""
        self.browsers = browsers
        self.byte = 0
        self.raised: list[str] = []
        self.cookies: list[str] | None = None
        self.on_its_way: list[str] = []
        self.reason: str | None = None

    def saved(self) -> None:
        if self.own.failure is None:
            self.seen = None if self.own.key is None else dict(self.data)

    def ended(self) -> dict[str, Any]:
        cookie = None
        if self.cookies is not None:
            cookie = "none" if not self.cookies else "set"
            if any("=; " in header for header in self.cookies[:1]):
                cookie = "deleted"
        return {"cookie": cookie, "reason": self.reason, "raises": self.raised}


class Simulation:
    def __init__(self, config: Data, *, is_async: bool) -> None:
        Ambient.now, Ambient.byte = START, 0
        self.is_async = is_async
        self.records = Records(self.act, self.named)
        self.store = made(self.records, is_async=is_async, wait=finished)
        self.queues = Queues()
        self.driver = self.configured(config)
        self.browsers: dict[str, str] = {}
        self.requests: dict[str, Request] = {}
        self.running: list[Request] = []
        """Inside of a request's store actions others may be at work."""
        self.rolls = 0
        self.hooks: list[tuple[str, str, list[Any]]] = []
        self.faults: list[tuple[str, str]] = []
        self.is_down = False
        self.log: list[str] = []
        self.keys: list[str] = []

    def configured(self, config: Data) -> Driver:
        options = dict(config)
        keeps = options.pop("keeps", "sessions")
        reader = options.pop("reader", None)
        policy = options.pop("policy", {})
        settings = {f"SHORTCRUST_{key.upper()}": it for key, it in (options | policy).items()}
        if reader is not None:
            settings["SHORTCRUST_READERS"] = [{"format": reader, "until": "never"}]
        if keeps != "nothing":
            key = "SHORTCRUST_STORE" if keeps == "sessions" else "SHORTCRUST_REVOCATIONS"
            settings[key] = self.store
        self.name = options.get("name", "session")
        return Driver(
            _config.build_engine(settings, [SECRET]),
            fallback=str,
            ensure_ascii=False,
            sleep=self.asleep if self.is_async else self.sleep,
            queue=self.queues.async_place if self.is_async else self.queues.place,
            store=None if keeps == "nothing" else self.store,
            has_records=keeps == "sessions",
        )

    def sleep(self, seconds: float) -> None:
        self.note(f"sleeps {seconds * 1000:.0f} ms")

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)

    def note(self, what: str) -> None:
        self.log.append(f"{self.running[-1].name} {what}")

    def named(self, key: str) -> str:
        if key not in self.keys:
            self.keys.append(key)
        return f"key {self.keys.index(key) + 1}"

    async def do(self, steps: Steps[T]) -> T:
        return await run_async(steps) if self.is_async else run(steps)

    async def act(self, kind: str, told: Callable[[], str], do: Callable[[], Any]) -> Any:
        """A store action of the request that is at work."""
        name = self.running[-1].name
        meant = [hook for hook in self.hooks if hook[:2] == (name, kind)]
        # What is hooked by these is for later actions.
        self.hooks = [hook for hook in self.hooks if hook not in meant]
        byte = Ambient.byte
        for _, _, steps in meant:
            await self.take_steps(steps)
        Ambient.byte = byte
        what = told()
        fault = next((it for it in self.faults if it[0] == kind), None)
        if fault is not None:
            self.faults.remove(fault)
        if (self.is_down and kind != "sweep") or fault is not None:
            is_done = fault is not None and fault[1] == "fails after"
            if is_done:
                do()
            self.note(f"{kind} {what} -> {'does it and fails' if is_done else 'fails'}")
            raise StoreFailed
        answer = do()
        self.note(f"{kind} {what} -> {said(answer)}")
        return answer

    async def take_steps(self, steps: list[Any]) -> None:
        for step in steps:
            await self.take(*step)

    async def take(self, subject: str, verb: Any, *rest: Any) -> None:
        if subject == "clock":
            Ambient.now += verb * 1000
        elif subject == "config":
            self.driver = self.configured(verb)
        elif subject == "store" and verb.startswith("is "):
            self.is_down = verb == "is down"
        elif subject == "store":
            self.faults.append((rest[0], verb))
        elif subject == "before":
            self.hooks.append((verb, rest[0], rest[1]))
        elif subject == "browser":
            how, what = rest
            self.browsers[verb] = self.browsers.get(what, "") if how == "copies" else what
        elif verb == "opens":
            request = Request(subject, self.driver, list(rest))
            self.requests[subject] = request
            await self.within(request, self.open(request))
        else:
            request = self.requests[subject]
            await self.within(request, self.command(request, verb, *rest))

    async def within(self, request: Request, doing: Coroutine[Any, Any, None]) -> None:
        """With the request's random bytes; what it raises its handler takes."""
        self.running.append(request)
        Ambient.byte = request.byte
        try:
            await doing
        except (StoreFailed, Conflict, Unavailable) as error:
            self.raises(request, error)
        finally:
            self.running.pop()

    def raises(self, request: Request, error: Exception) -> None:
        words = {StoreFailed: "the store's error", Conflict: "conflict"}
        word = words.get(type(error), "unavailable")
        self.note(f"raises {word}")
        request.raised.append(word)

    def roll(self, request: Request) -> None:
        self.rolls += 1
        request.byte = Ambient.byte = self.rolls

    async def open(self, request: Request) -> None:
        self.roll(request)
        cookies = [self.browsers.get(browser, "") for browser in request.browsers]
        request.header = "; ".join(f"{self.name}={cookie}" for cookie in cookies if cookie)
        await self.read(request)
        own = request.own
        if own.reason is None:
            self.note(f"opens {text_of(request.data)} of {own.user or 'nobody'}")
        else:
            self.note(f"opens nothing: {own.reason}")

    async def read(self, request: Request) -> None:
        request.data, request.seen = {}, {}
        if not request.header:
            return
        request.own, data = await self.do(request.driver.open(request.header))
        if data is not None:
            request.data, request.seen = data, copy.deepcopy(data)

    async def command(self, request: Request, verb: str, *rest: Any) -> None:
        if verb in ("logs in", "logs out", "regenerates", "revokes all but its own of"):
            self.roll(request)
        commands: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
            "sets": self.set,
            "logs in": self.login,
            "logs out": self.logout,
            "regenerates": self.regenerate,
            "destroys": self.destroy,
            "touches": self.touch,
            "reloads": self.reload,
            "saves": self.save,
            "revokes": self.revoke,
            "revokes all of": partial(self.revoke_all, is_kept=False),
            "revokes all but its own of": partial(self.revoke_all, is_kept=True),
            "closes": self.close,
            "closes late": partial(self.close, is_late=True),
            "arrives": self.arrive,
        }
        await commands[verb](request, *rest)

    async def set(self, request: Request, change: Data) -> None:
        request.data.update(change)
        for key in [key for key, value in change.items() if value is None]:
            del request.data[key]

    async def destroy(self, request: Request) -> None:
        """Python's fronts have no such command; the core's is the same for all."""
        if request.own.native is not None:
            request.own.native.destroy()
        request.data, request.seen = {}, None
        await self.save(request)

    async def touch(self, request: Request) -> None:
        if request.own.native is not None:
            request.own.native.touch()

    async def reload(self, request: Request) -> None:
        await self.read(request)
        if request.own.reason is not None:
            self.note("raises not_found")
            request.raised.append("not_found")

    async def login(self, request: Request, user: str, label: str | None = None) -> None:
        shown = request.driver.login(request.own, user, request.data, label)
        if shown is not None:
            request.data = shown
        request.seen = None

    async def logout(self, request: Request) -> None:
        request.driver.logout(request.own)
        request.data, request.seen = {}, None

    async def regenerate(self, request: Request) -> None:
        request.driver.regenerate(request.own)
        request.seen = None

    async def save(self, request: Request) -> None:
        is_changed = request.data != request.seen
        await self.do(request.driver.save(request.own, request.data, is_changed))
        request.saved()

    async def revoke(self, request: Request, browser: str) -> None:
        handle = _core.record_key(request.driver.engine, self.browsers.get(browser, ""))
        is_own = request.own.key == handle
        count = await self.do(request.driver.revoke(handle, None, request.own))
        self.note(f"has revoked {int(count)}")
        if is_own and count:
            request.data = {}

    async def revoke_all(self, request: Request, user: str, *, is_kept: bool) -> None:
        own, driver = request.own, request.driver
        is_own = own.user == user
        count = await self.do(driver.revoke_all(user, own, request.data, except_current=is_kept))
        self.note(f"has revoked {'an unknown number' if count is None else count}")
        if is_own and is_kept:
            request.seen = None
            request.saved()
        elif is_own:
            request.data = {}

    async def close(self, request: Request, *, is_late: bool = False) -> None:
        try:
            closed = await self.do(self.closing(request))
        except (StoreFailed, Conflict, Unavailable) as error:
            self.raises(request, error)
            # The page about the error comes by here again.
            closed = await self.do(self.closing(request))
        request.cookies = [] if closed is None else closed.cookies
        for header in request.cookies:
            self.note(f"sets {header}")
        request.reason = request.own.failure or request.own.reason
        self.note(f"ends with {request.reason or 'nothing'} amiss")
        request.on_its_way = request.cookies
        if not is_late:
            await self.arrive(request)

    def closing(self, request: Request) -> Steps[_core.Closed | None]:
        is_changed = request.data != request.seen
        return request.driver.close(request.own, request.data, is_changed, secure=False)

    async def arrive(self, request: Request) -> None:
        """The browsers have the response."""
        for header in request.on_its_way:
            value = header.partition(";")[0].partition("=")[2]
            self.browsers.update(dict.fromkeys(request.browsers, value))

    async def outcome(self, name: str) -> Any:
        """What has come of a request, or a browser finds, or of how many sessions live."""
        if name == "records":
            return self.records.live()
        if name == "labels":
            return self.records.labels()
        if name in self.requests:
            return self.requests[name].ended()
        self.is_down = False
        await self.take("the end", "opens", name)
        end = self.requests["the end"]
        if end.own.reason is not None:
            return {"reason": end.own.reason}
        return {"user": end.own.user, "data": end.data}
