"""Under load no write is lost and no logout undone, and a server that dies takes nothing along."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sweep
from load import (
    CLIENTS,
    DROP_INS,
    FAILOVER,
    KEPT,
    KEYS,
    OURS,
    Cell,
    cell,
    get,
    run,
    run_with_failover,
    serving,
    undone,
)
from servers import DynamoDB, MariaDB, Memcached, Postgres, Redis, Server, shared_url

LONG = bool(os.environ.get("LONG"))
# One front for each store, as the work is the merge of a session that grows.
MANY = [load for load in OURS if load.apps == ("express", "express")]
ENOUGH = 50
"""So many keys must have been added for a server's death to show anything."""
SOME = [
    OURS[-1],
    Cell(("flask", "express"), "shortcrust", "files"),
    cell("starlette", "sqlite"),
    cell("django", "postgres"),
    cell("django", "memcached"),
]
DYING = [
    (cell(app, store), server)
    for app in (("django", "express", "flask", "starlette") if LONG else ("express", "flask"))
    for store, server in (("redis", Redis), ("postgres", Postgres))
    if (app, store) != ("django", "redis")
]
if LONG:
    DYING += [(cell(app, "mariadb"), MariaDB) for app in ("express", "flask", "starlette")]


@pytest.fixture(autouse=True)
def servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", shared_url(Redis))
    monkeypatch.setenv("POSTGRES_URL", shared_url(Postgres))
    monkeypatch.setenv("MEMCACHED_URL", shared_url(Memcached))
    monkeypatch.setenv("DYNAMODB_URL", shared_url(DynamoDB))


@pytest.mark.parametrize("load", OURS if LONG else SOME, ids=str)
def test_every_key_that_was_added_is_there(load: Cell) -> None:
    clients, keys = (CLIENTS, KEYS) if LONG else (10, 20)
    result = run(load, clients, keys)
    assert (result.kept, result.statuses) == (clients * keys, {200})
    assert result.conflicts >= 100, "there was no contention, so that nothing was shown"


@pytest.mark.skipif(not LONG, reason="a failover takes seconds: LONG=1")
@pytest.mark.parametrize("load", FAILOVER, ids=str)
def test_every_key_is_there_after_the_failover_of_the_sessions_master(load: Cell) -> None:
    Redis.require()
    result = run_with_failover(load)
    assert result.kept == CLIENTS * KEYS
    assert result.conflicts >= 100, "there was no contention, so that nothing was shown"


@pytest.mark.skipif(not LONG, reason="it takes minutes: LONG=1")
@pytest.mark.parametrize("load", MANY, ids=str)
def test_of_ten_thousand_keys_that_fifty_clients_add_every_one_is_there(load: Cell) -> None:
    result = run(load, 50, 200)
    assert (result.kept, result.statuses) == (10_000, {200})


@pytest.mark.skipif(not LONG, reason="servers of their own take seconds: LONG=1")
@pytest.mark.parametrize("name", sweep.SERVERS)
def test_every_write_beside_a_sweep_is_done_and_the_sweep_ends(name: str) -> None:
    kind = sweep.SERVERS[name]
    if kind:
        kind.require()
    with sweep.database(name) as new:
        result = sweep.run(new.url, ended=10_000, alone=1)
    # The tombstones of the clients end while it sweeps only on a machine that takes a minute.
    assert result.swept >= 10_000
    assert result.alone.times
    assert result.beside.times


@pytest.mark.parametrize("load", OURS if LONG else SOME, ids=str)
def test_a_logout_in_the_middle_stays_a_logout(load: Cell) -> None:
    with serving(load) as ports:
        _, _, cookie = get(ports[0], "/begin")
        is_over = threading.Event()

        def visit(client: int) -> None:
            at = 0
            while not is_over.is_set():
                get(ports[(client + at) % 2], f"/add?key=c{client}k{at}", cookie)
                at += 1

        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(visit, client) for client in range(CLIENTS)]
            time.sleep(1)
            before = json.loads(get(ports[0], "/all", cookie)[1])
            get(ports[0], "/logout", cookie)
            time.sleep(1)
            is_over.set()
        for client in clients:
            client.result()
        assert before
        assert [json.loads(get(port, "/all", cookie)[1]) for port in ports] == [[], []]


@pytest.mark.parametrize(
    "load", [load for load in DROP_INS if load.layer.startswith("shortcrust/")], ids=str
)
def test_the_drop_in_keeps_every_key_and_every_logout(load: Cell) -> None:
    if not LONG and (load.layer, load.store) != ("shortcrust/express-session", "redis"):
        pytest.skip("LONG=1 runs the other drop-ins and stores")
    clients, keys = (CLIENTS, KEYS) if LONG else (10, 10)
    result = run(load, clients, keys)
    assert result.statuses == {200}
    # Between two processes files have a window.
    assert result.kept == clients * keys or load.store == "files"
    assert undone(load, 25 if LONG else 5) == 0


@pytest.mark.parametrize(
    "load", [load for load in KEPT if load.layer == "SHORTCRUST_ROWS"], ids=str
)
def test_rows_that_stay_flask_sessions_keep_every_key_and_every_logout(load: Cell) -> None:
    if not LONG and load.store != "redis":
        pytest.skip("LONG=1 runs PostgreSQL too")
    clients, keys = (CLIENTS, KEYS) if LONG else (10, 10)
    result = run(load, clients, keys)
    assert (result.kept, result.statuses) == (clients * keys, {200})
    assert undone(load, 25 if LONG else 5) == 0


@pytest.mark.parametrize(("load", "kind"), DYING, ids=str)
def test_a_server_that_is_killed_loses_nothing_that_a_client_saw_written(
    load: Cell, kind: type[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind.require()
    with kind(durable=True) as server:
        monkeypatch.setenv(kind.variable, server.url)
        with serving(load) as ports:
            _, _, cookie = get(ports[0], "/begin")
            seen, statuses = _while(lambda: _die(server), ports, cookie)
            _until_it_serves(ports, cookie)
            kept = set(json.loads(get(ports[0], "/all", cookie)[1]))
    assert seen <= kept, f"{len(seen - kept)} of {len(seen)} are lost"
    # Django says 400 where a save failed, ours as its own.
    failures = {400, 500} if "django" in load.apps else {500}
    # A client that connects again soon enough lets no request fail.
    assert {200} <= statuses <= {200} | failures
    assert len(seen) > ENOUGH


def _die(server: Server) -> None:
    for _ in range(2):
        time.sleep(1.5)
        server.kill()
        time.sleep(0.3)
        server.start()
    time.sleep(1.5)


def _while(
    happening: Callable[[], None], ports: list[int], cookie: str
) -> tuple[set[str], set[int]]:
    """What was added meanwhile, as far as a client saw so, and all statuses; no request hangs."""
    seen: set[str] = set()
    statuses: set[int] = set()
    is_over = threading.Event()

    def visit(client: int) -> None:
        at = 0
        while not is_over.is_set():
            key = f"c{client}k{at}"
            status, _, _ = get(ports[(client + at) % 2], f"/add?key={key}", cookie)
            statuses.add(status)
            if status == 200:
                seen.add(key)
            at += 1

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(visit, client) for client in range(CLIENTS)]
        try:
            happening()
            # A busy machine adds slowly.
            for _ in range(600):
                if len(seen) > ENOUGH:
                    break
                time.sleep(0.1)
        finally:
            is_over.set()
    for client in clients:
        client.result()
    return seen, statuses


def _until_it_serves(ports: list[int], cookie: str) -> None:
    for port in ports:
        for _ in range(100):
            if get(port, "/all", cookie)[0] == 200:
                break
            time.sleep(0.1)
