"""What a sweep of a million records costs those who write meanwhile.

``sweep.py`` prints the table: how long the writes of 20 clients took on each database, without a
sweep and while another process sweeps, again and again, until nothing is left; and how long any of
them stood at a lock, as the server itself tells, which no other load of the machine changes. It
starts its own servers, which force each commit to the disk.
"""

from __future__ import annotations

import hashlib
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any

from shortcrust.stores import Entry, SQLAlchemyStore, SQLiteStore, Store
from sqlalchemy import MetaData, create_engine, insert, text

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "services"))

from servers import MariaDB, Postgres, Server  # noqa: E402

ENDED, CLIENTS = 1_000_000, 20
LIMIT, REST = 200, 0.02
"""How many one sweep removes, and the seconds until the next."""
ALONE = 30.0
"""Seconds of writing without a sweep."""
PAUSE = (0.05, 0.15)
"""Seconds between two writes of a client: more than the machine can do would wait for itself."""
SERVERS: dict[str, type[Server] | None] = {
    "PostgreSQL": Postgres,
    "MariaDB": MariaDB,
    "SQLite": None,
}
DAY = 86_400_000
TEXT = '{"v":1,"d":{"basket":[1,2,3],"name":"somebody"},"b":1700000000000}'.ljust(300)


@dataclass
class Waits:
    """How long each write took, in milliseconds."""

    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """SQLite gives up after 5 seconds."""

    def __str__(self) -> str:
        times = sorted(self.times)
        p99 = times[len(times) * 99 // 100]
        slow = sum(each > 100 for each in times)
        return f"{len(times):,} | {p99:.0f} ms | {times[-1]:.0f} ms | {slow} | {len(self.failures)}"


@dataclass
class Database:
    """A new one, by SQLAlchemy's URL."""

    url: str
    server: Server | None = None

    def log_lock_waits(self) -> None:
        """PostgreSQL tells of those over a millisecond in its log; MariaDB counts all."""
        if isinstance(self.server, Postgres):
            self._ask("ALTER SYSTEM SET log_lock_waits = on")
            self._ask("ALTER SYSTEM SET deadlock_timeout = '1ms'")
            self._ask("SELECT pg_reload_conf()")

    def longest_at_a_lock(self) -> str:
        """Milliseconds, since the database began."""
        if isinstance(self.server, Postgres):
            log = (self.server.folder / "log").read_text(errors="replace")
            waits = re.findall(r"acquired \w+ on .* after ([\d.]+) ms", log)
            return f"{max(map(float, waits)):.0f} ms" if waits else "under 1 ms"
        if isinstance(self.server, MariaDB):
            return self._ask("SHOW STATUS LIKE 'Innodb_row_lock_time_max'")[1] + " ms"
        return "not told"

    def _ask(self, statement: str) -> Sequence[Any]:
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            result = connection.execute(text(statement))
            return result.one() if result.returns_rows else []


@contextmanager
def database(name: str) -> Iterator[Database]:
    kind = SERVERS[name]
    if kind is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Database(f"sqlite:///{folder}/sessions.sqlite")
        return
    with kind(durable=True) as server:
        scheme, rest = server.url.split("://", 1)
        driver = "pymysql" if kind is MariaDB else "psycopg"
        yield Database(f"{scheme}+{driver}://{rest}", server)


def store_at(url: str) -> Store:
    if url.startswith("sqlite"):
        return SQLiteStore(url.removeprefix("sqlite:///"))
    return SQLAlchemyStore(create_engine(url, pool_size=CLIENTS))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def key_of(word: object) -> str:
    """As ours are: a hash in base64url."""
    return urlsafe_b64encode(hashlib.sha256(str(word).encode()).digest()).decode().rstrip("=")


def fill(url: str, ended: int) -> None:
    """That many records which ended, and a tenth as many that live."""
    engine = create_engine(url)
    SQLAlchemyStore(engine).create_tables()
    table = SQLAlchemyStore.table(MetaData())
    now = now_ms()
    rows = (
        {
            "key": key_of(at),
            "version": 1,
            "user_id": f"user{at % 1_000}",
            "expires": now - 1 - at % DAY if at < ended else now + DAY,
            "record": TEXT,
        }
        for at in range(ended + ended // 10)
    )
    while some := list(islice(rows, 10_000)):
        with engine.begin() as connection:
            connection.execute(insert(table), some)
    engine.dispose()


def write(url: str, begin: Callable[[], Callable[[], bool]]) -> Waits:
    """20 clients make sessions, change them, put a tombstone in their place and remove them.

    ``begin`` is called when all are connected, and gives what says that it is over.
    """
    store, waits, names = store_at(url), Waits(), count()
    is_over: list[Callable[[], bool]] = []
    together = threading.Barrier(CLIENTS, lambda: is_over.append(begin()))

    def timed(write: Callable[..., object], *arguments: object) -> None:
        began = time.perf_counter()
        answer = write(*arguments)
        waits.times.append((time.perf_counter() - began) * 1_000)
        if answer != "done":
            raise AssertionError(f"a write gave {answer}")
        time.sleep(random.uniform(*PAUSE))

    def live() -> None:
        key = key_of(f"client {next(names)}")
        entry = Entry(TEXT, f"user{random.randrange(1_000)}", now_ms() + DAY)
        timed(store.create, key, entry)
        for version in range(1, 5):
            timed(store.save, key, version, entry)
        timed(store.put, key, Entry("", None, now_ms() + 60_000))
        timed(store.delete, key)

    def client(_: int) -> None:
        # A connection of its own, which is no write.
        store.load([key_of("nothing")])
        together.wait()
        while not is_over[0]():
            try:
                live()
            except sqlite3.OperationalError as error:  # noqa: PERF203 - it is the write that is slow
                waits.failures.append(str(error))

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    return waits


@dataclass
class Result:
    """What the writes waited without a sweep and beside one, and what was swept."""

    alone: Waits
    beside: Waits
    swept: int
    seconds: float
    longest: float
    """Milliseconds of one sweep."""


def for_seconds(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def run(url: str, ended: int = ENDED, alone: float = ALONE) -> Result:
    fill(url, ended)
    before = write(url, lambda: for_seconds(alone))
    processes: list[subprocess.Popen[str]] = []

    def begin() -> Callable[[], bool]:
        command = [sys.executable, __file__, "--sweep", url]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return lambda: processes[0].poll() is not None

    beside = write(url, begin)
    output, _ = processes[0].communicate()
    swept, seconds, longest = output.split()
    return Result(before, beside, int(swept), float(seconds), float(longest))


def sweep(url: str) -> None:
    """As the manual says: until it gives 0, and with a rest after each."""
    store, swept, times = store_at(url), 0, []
    while True:
        began = time.perf_counter()
        some = store.sweep(now_ms(), LIMIT)
        times.append(time.perf_counter() - began)
        time.sleep(REST)
        swept += some
        if not some:
            break
    print(swept, sum(times) + len(times) * REST, max(times) * 1_000)


def main(words: list[str]) -> None:
    """With words, the databases that they name."""
    heads = "writes", "99 of 100 within", "longest", "over 100 ms", "failed", "at a lock"
    print(f"| database | beside the writes | {' | '.join(heads)} |\n{'|---' * 8}|")
    for name in words or SERVERS:
        with database(name) as new:
            new.log_lock_waits()
            result = run(new.url)
            locks = new.longest_at_a_lock()
        print(f"| {name} | nothing | {result.alone} | |")
        swept = f"{result.swept:,} swept in {result.seconds:.0f} s"
        at_once = f"{LIMIT} in {result.longest:.0f} ms at most"
        print(f"| {name} | {swept}, {at_once} | {result.beside} | {locks} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--sweep"]:
        sweep(sys.argv[2])
    else:
        main(sys.argv[1:])
