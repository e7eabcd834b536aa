"""What a session costs a Flask request: stock Flask against shortcrust's drop-in.

``python flask_session.py`` in an environment with a release build (``pip install .``). Each side
first opens what the other one made; then rounds of both are interleaved, each round in another
order, and what is printed are medians of the process's CPU time.
"""

from __future__ import annotations

import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from shortcrust import ambient
from shortcrust._core import Engine
from shortcrust.flask import SessionInterface

ROUNDS = 15
BATCH_SECONDS = 0.02
SECRET = "a secret for the benchmark only, of thirty-two bytes or more"

TYPICAL: dict[str, Any] = {
    "_permanent": True,
    "_user_id": "81723",
    "_fresh": True,
    "_id": "8f0e2b6c41d97a53" * 4,
    "csrf_token": "e1c7a90b52f3864d8f0e2b6c41d97a535f3a",
    "_flashes": [("info", "Saved.")],
    "basket": [{"sku": "A-1", "n": 2}, {"sku": "B-7", "n": 1}],
    "seen": datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    "lang": "de",
    "visits": 17,
}
PAYLOADS: dict[str, dict[str, Any]] = {
    "tiny": {"user": 81723},
    "typical": TYPICAL,
    "large": TYPICAL
    | {
        f"item {n}": {
            "id": uuid.uuid5(uuid.NAMESPACE_URL, str(n)),
            "price": n * 1.1,
            "tags": (n, "x"),
        }
        for n in range(20)
    },
}

STOCK, OURS = SecureCookieSessionInterface(), SessionInterface()
Sides = dict[str, Callable[[int], Iterable[Callable[[], object]]]]


def medians(sides: Sides) -> dict[str, float]:
    """Microseconds a call. A side prepares a number of calls, untimed, and hands them over."""
    count = max(20, int(BATCH_SECONDS / seconds(sides["stock"](50)) * 50))
    names, times = list(sides), {name: list[float]() for name in sides}
    for turn in range(ROUNDS):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            times[name].append(seconds(sides[name](count)) / count)
    return {name: statistics.median(found) * 1e6 for name, found in times.items()}


def seconds(calls: Iterable[Callable[[], object]]) -> float:
    prepared = list(calls)
    start = time.process_time()
    for call in prepared:
        call()
    return time.process_time() - start


class Bench:
    """One payload in one app."""

    def __init__(self, app: Flask, data: dict[str, Any]) -> None:
        self.app = app
        self.data = data
        self.tokens = {name: self.token(side) for name, side in self.sides()}
        self.check()

    @staticmethod
    def sides() -> list[tuple[str, SecureCookieSessionInterface]]:
        return [("stock", STOCK), ("ours", OURS)]

    def request(self, token: str) -> Request:
        """A new one: a request remembers the cookies that it parsed."""
        header = {"Cookie": f"theme=dark; session={token}; _ga=GA1.2.1234567890.1234567890"}
        return self.app.test_request_context(headers=header).request

    def opened(self, side: SecureCookieSessionInterface, token: str) -> SecureCookieSession:
        session = side.open_session(self.app, self.request(token))
        assert session is not None
        return session

    def token(self, side: SecureCookieSessionInterface) -> str:
        session, response = SecureCookieSession(self.data), self.app.response_class()
        session.modified = True
        side.save_session(self.app, session, response)
        return response.headers["Set-Cookie"].partition("=")[2].partition(";")[0]

    def check(self) -> None:
        """Neither side may win by doing something else."""
        for token in self.tokens.values():
            for _, side in self.sides():
                assert dict(self.opened(side, token)) == self.data

    def open_session(self) -> dict[str, float]:
        def calls(side: SecureCookieSessionInterface) -> Callable[[int], Iterable[Any]]:
            def visit(request: Request) -> Callable[[], object]:
                return lambda: side.open_session(self.app, request)

            return lambda count: (visit(self.request(self.tokens["stock"])) for _ in range(count))

        return medians({name: calls(side) for name, side in self.sides()})

    def save_session(self) -> dict[str, float]:
        def calls(side: SecureCookieSessionInterface) -> Callable[[int], Iterable[Any]]:
            def save(session: SecureCookieSession, response: Response) -> Callable[[], object]:
                session.modified = session.accessed = True
                return lambda: side.save_session(self.app, session, response)

            token = self.tokens["stock"]
            return lambda count: (
                save(self.opened(side, token), self.app.response_class()) for _ in range(count)
            )

        return medians({name: calls(side) for name, side in self.sides()})

    def loads(self) -> dict[str, float]:
        token, header = self.tokens["stock"], f"session={self.tokens['stock']}"
        engine, now = self.engine(), ambient.now_ms()
        assert engine.open(header, now)[1] == self.data
        return codec(
            stock=lambda: serializer(self.app).loads(token, max_age=2_678_400),
            ours=lambda: engine.open(header, now),
        )

    def dumps(self) -> dict[str, float]:
        engine, now, data = self.engine(), ambient.now_ms(), self.data
        native, _ = engine.open(f"session={self.tokens['stock']}", now)
        peer = STOCK.serializer.dumps

        def seal() -> object:
            return engine.seal(native, data, True, True, now, ambient.entropy, peer, True, True)

        return codec(stock=lambda: serializer(self.app).dumps(data), ours=seal)

    def engine(self) -> Engine:
        engine = OURS._engine(self.app)
        assert engine is not None
        return engine


def serializer(app: Flask) -> Any:
    """Flask makes one for every reading and every writing."""
    return STOCK.get_signing_serializer(app)


def codec(**sides: Callable[[], object]) -> dict[str, float]:
    def repeat(call: Callable[[], object]) -> Callable[[int], Iterable[Any]]:
        return lambda count: [call] * count

    return medians({name: repeat(call) for name, call in sides.items()})


def main() -> int:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    print(f"{'':10}{'':24}{'stock':>9}{'ours':>9}   {'ratio':>6}   (CPU microseconds)")
    ratios: dict[tuple[str, str], float] = {}
    with app.test_request_context():
        for size, data in PAYLOADS.items():
            bench = Bench(app, data)
            rows = {
                "open_session": bench.open_session,
                "save_session": bench.save_session,
                "loads": bench.loads,
                "dumps": bench.dumps,
            }
            for row, run in rows.items():
                found = run()
                ratio = ratios[size, row] = found["stock"] / found["ours"]
                print(f"{size:10}{row:24}{found['stock']:9.2f}{found['ours']:9.2f}   {ratio:5.1f}x")
    least = min(ratios["typical", row] for row in ("loads", "dumps"))
    print("\nloads and dumps: stock with the serializer that it makes at each call, ours native")
    print(f"Reading and writing a typical session: at least {least:.1f} times as fast (goal: 5)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
