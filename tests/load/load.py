"""Many clients add to one session at once, through two server processes; how much is left of it.

``load.py`` prints the table: each front of ours on each store, and beside it its peers under the
same load. It needs the URLs of the servers, which ``make load`` sets.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "services"))

from groups import RedisCluster, until  # noqa: E402
from processes import free_port  # noqa: E402

SECRET = "a secret for the load only, of thirty-two bytes or more"
CLIENTS, KEYS = 20, 50
ROUNDS, ADDING = 25, 4
COMMANDS = {
    "django": [sys.executable, str(HERE / "django_app.py")],
    "flask": [sys.executable, str(HERE / "flask_app.py")],
    "starlette": [sys.executable, str(HERE / "starlette_app.py")],
    "express": ["node", str(HERE / "express_app.mjs")],
    "drop-in": ["node", str(HERE / "drop_in_app.mjs")],
}


@dataclass(frozen=True)
class Cell:
    """Which servers share the session, whose session layer, and where it lies."""

    apps: tuple[str, ...]
    layer: str
    store: str

    def __str__(self) -> str:
        apps = " and ".join(dict.fromkeys(self.apps))
        return f"{self.layer}: {apps} on {self.store}"


@dataclass
class Result:
    """What the clients found."""

    kept: int
    conflicts: int
    statuses: set[int] = field(default_factory=set)


def cell(app: str, store: str, layer: str = "shortcrust") -> Cell:
    return Cell((app, app), layer, store)


OURS = [
    *(
        cell(app, store)
        for app in ("flask", "starlette", "express")
        for store in ("redis", "postgres", "sqlite")
    ),
    cell("django", "postgres"),
    cell("django", "mariadb"),
    cell("django", "sqlite"),
    cell("django", "redis"),
    cell("django", "memcached"),
    *(
        cell(app, store)
        for app in ("flask", "starlette", "express")
        for store in ("files", "mariadb", "memcached")
    ),
    cell("flask", "dynamodb"),
    cell("express", "dynamodb"),
    Cell(("flask", "express"), "shortcrust", "dynamodb"),
    Cell(("flask", "express"), "shortcrust", "files"),
    Cell(("flask", "express"), "shortcrust", "mariadb"),
    Cell(("flask", "express"), "shortcrust", "redis"),
]
# With the failover of the session's master in the middle.
FAILOVER = [
    *(cell(app, "redis-cluster") for app in ("flask", "starlette", "express")),
    cell("express", "redis-cluster-ioredis"),
]
# Rows that stay Flask-Session's, and Flask-Session itself.
KEPT = [
    cell("flask", store, layer)
    for store in ("redis", "postgres")
    for layer in ("Flask-Session", "SHORTCRUST_ROWS")
]
PEERS = [
    cell("starlette", "redis", "starsessions"),
    cell("django", "postgres", "Django"),
    cell("django", "redis", "Django"),
    cell("django", "memcached", "Django"),
    cell("express", "redis", "express-session"),
]


# Node's three session layers and our drop-ins for them, on what their users have.
DROP_INS = [
    Cell(("drop-in",) * (1 if store == "memory" else 2), layer, store)
    for names, stores in (
        (
            ("express-session", "shortcrust/express-session"),
            ("redis", "postgres", "memory", "files"),
        ),
        *(
            ((f"shortcrust/{name}",), ("our redis",))
            for name in ("express-session", "fastify-session", "koa-session")
        ),
        (("@fastify/session", "shortcrust/fastify-session"), ("redis",)),
        (("koa-session", "shortcrust/koa-session"), ("redis",)),
    )
    for store in stores
    for layer in names
]


@contextmanager
def serving(load: Cell) -> Iterator[list[int]]:
    """Two processes, and their ports."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        ports = []
        for app in load.apps:
            port = free_port()
            env = os.environ | {
                "PORT": str(port),
                "SECRET": SECRET,
                "LAYER": load.layer,
                "STORE": load.store,
                "FOLDER": folder,
            }
            process = stack.enter_context(
                subprocess.Popen(COMMANDS[app], env=env, stderr=subprocess.DEVNULL)
            )
            stack.callback(process.terminate)
            wait_for(process, port)
            ports.append(port)
        yield ports


def wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"an app ended with {process.returncode}")
        try:
            get(port, "/conflicts")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("an app does not listen")


def get(port: int, path: str, cookie: str = "") -> tuple[int, str, str]:
    """Status, text, and the cookie that was set, if one was."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        response = connection.getresponse()
        set_cookie = response.headers.get("Set-Cookie", "").partition(";")[0]
        return response.status, response.read().decode(), set_cookie
    finally:
        connection.close()


def run(
    load: Cell, clients: int = CLIENTS, keys: int = KEYS, *, cluster: RedisCluster | None = None
) -> Result:
    """Each client adds its keys one after the other, from server to server."""
    with serving(load) as ports:
        _, _, cookie = get(ports[0], "/begin")

        def visit(client: int) -> set[int]:
            paths = [f"/add?key=c{client}k{key}" for key in range(keys)]
            return {
                add(ports[(client + at) % len(ports)], path, cookie, cluster is not None)
                for at, path in enumerate(paths)
            }

        with ThreadPoolExecutor(clients + 1) as pool:
            dying = pool.submit(fail_over, cluster) if cluster else None
            statuses = set().union(*pool.map(visit, range(clients)))
            if dying:
                dying.result()
        kept = json.loads(get(ports[-1], "/all", cookie)[1])
        conflicts = sum(int(get(port, "/conflicts")[1]) for port in ports)
    return Result(len(kept), conflicts, statuses)


def run_with_failover(load: Cell, clients: int = CLIENTS, keys: int = KEYS) -> Result:
    """As ``run``, on a cluster whose session's master dies; what was an outage is tried again."""
    with RedisCluster() as cluster:
        os.environ[RedisCluster.variable] = cluster.url
        return run(load, clients, keys, cluster=cluster)


def fail_over(cluster: RedisCluster) -> None:
    """The master of the session dies, and comes back as the replica of its successor."""
    pairs = zip(cluster.masters, cluster.replicas, strict=True)
    # There is one session, and one master that has it.
    ((master, replica),) = (pair for pair in pairs if int(pair[0].ask("DBSIZE")))
    time.sleep(1)
    master.kill()
    until(lambda: "role:master" in replica.ask("INFO replication"))
    master.start()
    until(lambda: "state=online" in replica.ask("INFO replication"))


def add(port: int, path: str, cookie: str, again: bool) -> int:
    """The status; with ``again`` of the request that was no outage."""
    for _ in range(100):
        status, _, _ = get(port, path, cookie)
        if status == 200 or not again:
            break
        time.sleep(0.2)
    return status


def undone(load: Cell, rounds: int = ROUNDS) -> int:
    """How many logouts did not last, with slow writes in flight."""
    count = 0
    with serving(load) as ports, ThreadPoolExecutor(ADDING) as pool:
        for _ in range(rounds):
            _, _, cookie = get(ports[0], "/begin")
            adding = [
                pool.submit(get, ports[at % len(ports)], f"/add?key=c{at}k0", cookie)
                for at in range(ADDING)
            ]
            time.sleep(0.01)
            get(ports[0], "/logout", cookie)
            for each in adding:
                each.result()
            count += json.loads(get(ports[-1], "/all", cookie)[1]) != []
    return count


def main() -> None:
    """With words, the cells that have one of them in their names."""
    words = sys.argv[1:] or [""]
    cells = [*OURS, *FAILOVER, *PEERS, *KEPT, *DROP_INS]
    print(f"| layer | kept of 1,000 | conflicts | logouts undone of {ROUNDS} |\n|---|---|---|---|")
    for load in (load for load in cells if any(word in str(load) for word in words)):
        result = run_with_failover(load) if load in FAILOVER else run(load)
        conflicts = result.conflicts if load.layer == "shortcrust" else ""
        logouts = undone(load) if load not in [*PEERS, *FAILOVER] else ""
        print(f"| {load} | {result.kept:,} | {conflicts} | {logouts} |", flush=True)


if __name__ == "__main__":
    main()
