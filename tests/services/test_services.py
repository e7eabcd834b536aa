"""Servers for the tests: found or named, stopped whatever happens, and whole after a SIGKILL."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import processes
import pytest
import servers
import services
from servers import Memcached, Postgres, Redis

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = [sys.executable, services.__file__]
RUN = [*SCRIPT, "run", "--"]
POSTGRES_NAMED = {
    kind.variable: f"{kind.program}://named" for kind in servers.SERVERS if kind is not Redis
} | {"POSTGRES_URL": "postgresql://named/db"}
BOTH_NAMED = POSTGRES_NAMED | {"REDIS_URL": "redis://named:1/2"}
PRINT_URLS = [
    sys.executable,
    "-c",
    "import os; print([os.environ.get(name) for name in ('REDIS_URL', 'POSTGRES_URL')])",
]

BUSY = "select count(*) from pg_stat_activity where query like 'insert %' and state = 'active'"


def environment(**variables: str) -> dict[str, str]:
    """Nothing named and not in CI, unless it is said."""
    ours = {"CI", "INSTALL", *(kind.variable for kind in servers.SERVERS)}
    return {name: value for name, value in os.environ.items() if name not in ours} | variables


def call(command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    env = environment(**variables)
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def ask(url: str, line: str) -> str:
    """One command of Redis' inline protocol, and its answer."""
    address = urllib.parse.urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(f"{line}\r\n".encode())
        return connection.recv(1_000).decode()


def client(server: Postgres, sql: str) -> subprocess.Popen[str]:
    program = Path(server.find() or "").resolve().with_name("psql")
    command = [str(program), server.url, "--no-psqlrc", "--quiet", "-At", "-c", sql]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)


def query(server: Postgres, sql: str) -> str:
    with client(server, sql) as process:
        answer, error = process.communicate()
        assert error == ""
        return answer.strip()


def is_gone(url: str) -> bool:
    for _ in range(200):
        try:
            ask(url, "PING")
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the servers' folders are made, open to their user; pytest's own is not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def is_empty(folder: Path) -> bool:
    for _ in range(200):
        if not list(folder.iterdir()):
            return True
        time.sleep(0.05)
    return False


def test_a_url_that_is_given_is_used() -> None:
    done = call([*RUN, *PRINT_URLS], PATH="", **BOTH_NAMED)
    assert done.stdout == "['redis://named:1/2', 'postgresql://named/db']\n"
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize(("code", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_the_exit_status_is_the_commands(code: str, status: int) -> None:
    assert call([*RUN, "sh", "-c", code], **BOTH_NAMED).returncode == status


@pytest.mark.parametrize("arguments", [["run"], ["run", "--"], ["run", "ls"], ["start"]])
def test_other_arguments_are_answered_with_the_usage(arguments: list[str]) -> None:
    done = call([*SCRIPT, *arguments], **BOTH_NAMED)
    assert done.returncode == 2
    assert "run -- COMMAND" in done.stderr


def test_without_its_server_a_command_runs_and_the_line_to_run_is_printed() -> None:
    done = call([*RUN, *PRINT_URLS], PATH="", **POSTGRES_NAMED)
    assert done.stderr == "redis-server is not there: INSTALL=1 make services\n"
    assert done.stdout == "[None, 'postgresql://named/db']\n"
    assert done.returncode == 0


def test_without_its_server_make_services_prints_the_line_to_run_and_fails() -> None:
    done = call(SCRIPT, PATH="", **POSTGRES_NAMED)
    assert done.stderr == "redis-server is not there: INSTALL=1 make services\n"
    assert (done.stdout, done.returncode) == ("", 1)


def test_in_ci_a_server_that_cannot_be_had_is_a_failure() -> None:
    done = call([*RUN, *PRINT_URLS], PATH="", CI="true", **POSTGRES_NAMED)
    assert (done.stdout, done.returncode) == ("", 1)
    assert "sudo apt-get install --no-install-recommends redis-server\n" in done.stderr


@pytest.mark.parametrize("has_policy", [True, False])
def test_packages_are_installed_and_nothing_of_theirs_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, has_policy: bool
) -> None:
    policy = tmp_path / "policy-rc.d"
    if has_policy:
        policy.write_text("the machine's own")
    seen: list[tuple[list[str], str]] = []

    def run(command: list[str], **_: Any) -> None:
        seen.append((command, policy.read_text()))

    monkeypatch.setattr(services, "POLICY", policy)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr(subprocess, "run", run)
    services.install(["redis-server", "postgresql"])
    (update, answer), (install, _) = seen
    assert update[-1] == "update"
    assert install[-3:] == ["--no-install-recommends", "redis-server", "postgresql"]
    assert answer == ("the machine's own" if has_policy else "#!/bin/sh\nexit 101\n")
    assert policy.exists() == has_policy


def test_the_shared_server_is_the_named_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://named:1/2")
    assert servers.shared_url(Redis) == "redis://named:1/2"


@pytest.mark.parametrize("kind", servers.SERVERS)
def test_a_test_without_its_server_is_not_run_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, kind: type[processes.Server]
) -> None:
    monkeypatch.delenv(kind.variable, raising=False)
    monkeypatch.setattr(kind, "find", lambda *_: None)
    for in_ci, expected in ((False, unittest.SkipTest), (True, RuntimeError)):
        monkeypatch.setattr(servers, "IN_CI", in_ci)
        monkeypatch.setattr(processes, "IN_CI", in_ci)
        with pytest.raises(expected, match=kind.variable if in_ci else kind.program):
            servers.shared_url(kind)
        with pytest.raises(expected, match="is not there: INSTALL=1 make services"):
            kind(durable=True).start()


def test_a_run_has_servers_that_end_with_it(scratch: Path) -> None:
    Redis.require()
    done = call([*RUN, *PRINT_URLS], **POSTGRES_NAMED)
    redis_url, postgres_url = eval(done.stdout)
    assert postgres_url == "postgresql://named/db"
    assert redis_url.startswith("redis://127.0.0.1:")
    assert is_gone(redis_url)
    assert is_empty(scratch)


@contextmanager
def started(*wrapper: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`make services`, and the URL that it prints for Redis."""
    Redis.require()
    with subprocess.Popen(
        [*wrapper, *SCRIPT],
        env=environment(**POSTGRES_NAMED),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        printed: dict[str, str] = {}
        for line in process.stdout:
            name, _, printed_url = line.strip().removeprefix("export ").partition("=")
            printed[name] = printed_url
            if name == "REDIS_URL":
                break
        url = printed["REDIS_URL"]
        try:
            assert printed["POSTGRES_URL"] == "postgresql://named/db"
            assert ask(url, "PING") == "+PONG\r\n"
            yield process, url
        finally:
            process.kill()


@pytest.mark.parametrize("number", [*processes.ENDINGS, signal.SIGKILL])
def test_servers_end_with_the_process_that_started_them(
    scratch: Path, number: signal.Signals
) -> None:
    with started() as (process, url):
        process.send_signal(number)
        assert process.wait(10) == (128 + number if number != signal.SIGKILL else -number)
        assert is_gone(url)
    assert is_empty(scratch)


def test_servers_end_when_the_parent_dies(scratch: Path) -> None:
    with started("sh", "-c", '"$@" & wait', "sh") as (shell, url):
        shell.kill()
        assert is_gone(url)
    assert is_empty(scratch)


def test_what_ends_a_run_ends_all_that_the_command_started() -> None:
    with subprocess.Popen(
        [*RUN, "sh", "-c", "sh -c 'echo begun; sleep 60'; exit 0"],
        env=environment(**BOTH_NAMED),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.terminate()
        assert process.wait(10) == 128 + signal.SIGTERM
        # Nobody holds the other end of the pipe.
        assert select.select([process.stdout], [], [], 10)[0]
        assert process.stdout.read() == ""


def test_redis_keeps_what_it_confirmed_through_kills() -> None:
    with Redis(durable=True) as redis:
        url = redis.url
        for key in ("a", "b"):
            assert ask(url, f"SET {key} kept") == "+OK\r\n"
            redis.kill()
            assert is_gone(url)
            redis.start()
            assert redis.url == url
        assert ask(url, "MGET a b") == "*2\r\n$4\r\nkept\r\n$4\r\nkept\r\n"
        assert ask(url, "CONFIG GET appendfsync").endswith("always\r\n")
    assert is_gone(url)
    assert not redis.folder.exists()


def test_memcached_is_started_and_goes_with_all_that_it_had() -> None:
    Memcached.require()
    with Memcached() as memcached:
        assert ask(memcached.url, "version").startswith("VERSION ")
        memcached.kill()
        memcached.start()
    assert is_gone(memcached.url)
    assert not memcached.folder.exists()


def test_redis_for_speed_keeps_nothing() -> None:
    with Redis() as redis:
        ask(redis.url, "SET a lost")
        redis.kill()
        redis.start()
        assert ask(redis.url, "GET a") == "$-1\r\n"


def test_postgres_keeps_what_it_confirmed_through_kills() -> None:
    with Postgres(durable=True) as postgres:
        url = postgres.url
        query(postgres, "create table kept (a int)")
        for number in (1, 2):
            query(postgres, f"insert into kept values ({number})")
            postgres.kill()
            postgres.start()
            assert postgres.url == url
        assert query(postgres, "select sum(a) from kept") == "3"
        settings = "select current_setting(s) from unnest('{fsync,full_page_writes}'::text[]) s"
        assert query(postgres, settings) == "on\non"
    assert not postgres.folder.exists()


def test_what_postgres_was_at_when_it_was_killed_is_not_done() -> None:
    count = "select a from generate_series(1, 10000000) a"
    with Postgres(durable=True) as postgres:
        query(postgres, "create table done (a int)")
        with client(postgres, f"insert into done select count(*) from ({count}) b") as insert:
            while query(postgres, BUSY) == "0":
                time.sleep(0.01)
            postgres.kill()
            assert insert.wait() != 0
        postgres.start()
        assert query(postgres, "select count(*) from done") == "0"


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    redis = Redis()
    redis.port = 99_999
    with pytest.raises(RuntimeError, match=r"redis-server did not start:\n[^$]*port"), redis:
        pass
    assert not redis.folder.exists()
