"""Servers for the tests: the ones that the environment names (REDIS_URL, ...), else our own.

``services.py`` starts them, prints their URLs and waits; ``services.py run -- COMMAND ...`` runs
COMMAND with the URLs set. INSTALL=1 (in CI, always) installs what is not there.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

HOST = "127.0.0.1"
ENDINGS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
POLICY = Path("/usr/sbin/policy-rc.d")
IN_CI = bool(os.environ.get("CI"))


class Server:
    """A server of its own in a folder of its own: with ``durable``, what it confirmed survives.

    After ``kill()``, which is SIGKILL, ``start()`` brings the same data back at the same ``url``.
    """

    variable: ClassVar[str]
    program: ClassVar[str]
    package: ClassVar[str]
    """Debian's."""
    folders: ClassVar[str] = "no/such/folder"
    """Where the program may be besides the PATH, from the root on."""
    hello: ClassVar[bytes]
    welcome: ClassVar[bytes]
    """How the answer to ``hello`` begins when the server is ready."""
    ending: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, *, durable: bool = False) -> None:
        self.durable = durable
        self.port = free_port()
        self.folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when the server answers."""
        if not self._guard:
            self._prepare()
        # A port, or PostgreSQL's shared memory, is free only a moment after a kill.
        for _ in range(10):
            self._launch()
            if self._answers():
                return
            time.sleep(0.1)
        raise RuntimeError(f"{self.program} did not start:\n{self._log()}")

    def kill(self) -> None:
        """No farewell, and none of its children's: only what is on the disk is left."""
        if self._process:
            # Stopped, it has no more children; an orphan of PostgreSQL's would still commit.
            self._process.send_signal(signal.SIGSTOP)
            for child in children(self._process.pid):
                os.kill(child, signal.SIGKILL)
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends the server and removes its data."""
        self._end(self.ending)
        if self._guard:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._guard.communicate()
            self._guard = None

    @classmethod
    def find(cls) -> str | None:
        hidden = sorted(map(str, Path("/").glob(cls.folders)), reverse=True)
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), *hidden])
        return shutil.which(cls.program, path=path)

    @classmethod
    def require(cls) -> str:
        """Where the program is; a test without it is not run, and in CI it fails."""
        if program := cls.find():
            return program
        raise Absent(cls.reason()) if not IN_CI else RuntimeError(cls.reason())

    @classmethod
    def reason(cls) -> str:
        return f"{cls.program} is not there: INSTALL=1 make services"

    def _command(self, program: str) -> list[str]:
        raise NotImplementedError

    def _create(self, program: str) -> None:
        """Once, before the first start."""

    def _prepare(self) -> None:
        program = self.require()
        self.folder = Path(tempfile.mkdtemp(prefix=f"shortcrust-{self.program}-"))
        guard = [sys.executable, __file__, "guard", str(self.folder), str(int(self.ending))]
        self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)
        if user := unprivileged_user():
            os.chown(self.folder, user["user"], user["group"])
        self._create(program)

    def _launch(self) -> None:
        self._process = self._popen(self._command(self.require()))
        (self.folder / "pid").write_text(str(self._process.pid))

    def _popen(self, command: list[str]) -> subprocess.Popen[bytes]:
        """In a session of its own, as Ctrl-C is for us; its words go to the log."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **unprivileged_user(),
            )

    def _answers(self) -> bool:
        """Waits for the welcome; false if the server ended instead."""
        deadline = time.monotonic() + 30
        while self._process and self._process.poll() is None:
            if self._welcomes():
                return True
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.program} does not answer:\n{self._log()}")
            time.sleep(0.02)
        return False

    def _welcomes(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(self.hello)
                return connection.recv(64).startswith(self.welcome)
        except OSError:
            return False

    def _end(self, ending: signal.Signals) -> None:
        if self._process:
            end(self._process, ending)
            self._process = None
            (self.folder / "pid").unlink(missing_ok=True)

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2_000:]


class Postgres(Server):
    variable = "POSTGRES_URL"
    program = "postgres"
    package = "postgresql"
    folders = "usr/lib/postgresql/*/bin"
    # Protocol 3.0's startup message; `R` asks for authentication, which needs a server that is up.
    _startup = struct.pack("!i", 3 << 16) + b"user\0postgres\0\0"
    hello = struct.pack("!i", 4 + len(_startup)) + _startup
    welcome = b"R"
    # Its SIGTERM waits for every client to leave.
    ending = signal.SIGINT

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{HOST}:{self.port}/postgres"

    def _create(self, program: str) -> None:
        initdb = str(Path(program).resolve().with_name("initdb"))
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        command = [initdb, *options, "--no-sync", "--pgdata", str(self.folder / "data")]
        if self._popen(command).wait() != 0:
            raise RuntimeError(f"initdb failed:\n{self._log()}")

    def _command(self, program: str) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "unix_socket_directories": "",
            # In the folder, so that nothing is left behind.
            "dynamic_shared_memory_type": "mmap",
        }
        if not self.durable:
            settings |= dict.fromkeys(["fsync", "full_page_writes", "synchronous_commit"], "off")
        options = [part for name in settings for part in ("-c", f"{name}={settings[name]}")]
        return [program, "-D", str(self.folder / "data"), "-p", str(self.port), *options]


class Redis(Server):
    variable = "REDIS_URL"
    program = "redis-server"
    package = "redis-server"
    hello = b"PING\r\n"
    welcome = b"+PONG"

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def _command(self, program: str) -> list[str]:
        address = ["--bind", HOST, "--port", str(self.port), "--dir", str(self.folder)]
        appendonly = "yes" if self.durable else "no"
        keeping = ["--save", "", "--appendonly", appendonly, "--appendfsync", "always"]
        return [program, *address, *keeping]


class Memcached(Server):
    """It keeps nothing on a disk, so ``durable`` says nothing here."""

    variable = "MEMCACHED_URL"
    program = "memcached"
    package = "memcached"
    hello = b"version\r\n"
    welcome = b"VERSION"

    @property
    def url(self) -> str:
        return f"memcached://{HOST}:{self.port}"

    def _command(self, program: str) -> list[str]:
        return [program, "-l", HOST, "-p", str(self.port), "-U", "0"]


SERVERS: tuple[type[Server], ...] = (Postgres, Redis, Memcached)


class Absent(unittest.SkipTest):
    """A test without its server is not run."""


def shared_url(kind: type[Server]) -> str:
    """The server that the tests share; without one the test is not run, and in CI it fails."""
    if url := os.environ.get(kind.variable):
        return url
    raise Absent(kind.reason()) if not IN_CI else RuntimeError(f"{kind.variable} is not set")


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["guard"]:
        return guard(Path(arguments[1]), signal.Signals(int(arguments[2])))
    is_run = arguments[:2] == ["run", "--"] and len(arguments) > 2
    if arguments and not is_run:
        print(__doc__, file=sys.stderr)
        return 2
    parent = os.getppid()
    for ending in ENDINGS:
        signal.signal(ending, leave)
    absent = supply()
    for kind in absent:
        print(kind.reason(), file=sys.stderr)
    if absent and (IN_CI or not is_run):
        return 1
    with running(absent) as urls:
        return run(arguments[2:], urls, parent) if is_run else wait(urls, parent)


def supply() -> list[type[Server]]:
    """Installs what is wanted; what is absent all the same."""
    absent = [kind for kind in SERVERS if not os.environ.get(kind.variable) and not kind.find()]
    if absent and (IN_CI or os.environ.get("INSTALL")):
        install([kind.package for kind in absent])
        absent = [kind for kind in absent if not kind.find()]
    return absent


def install(packages: list[str]) -> None:
    if os.getuid() != 0 or not shutil.which("apt-get"):
        line = f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
        print(f"Only root on Debian or Ubuntu can have it installed here: {line}", file=sys.stderr)
        return
    options = ["Acquire::Retries=3", "DPkg::Lock::Timeout=300", "Dpkg::Use-Pty=0"]
    apt = ["apt-get", "-qq", *(part for option in options for part in ("-o", option))]
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with no_services_started():
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            subprocess.run([*apt, *command], env=env, stdout=sys.stderr, check=True)


@contextmanager
def no_services_started() -> Iterator[None]:
    """Debian's packages start what they install, unless this file says no."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


@contextmanager
def running(absent: list[type[Server]]) -> Iterator[dict[str, str]]:
    """The URL of each server by its variable, while they run."""
    with ExitStack() as stack:
        urls = {}
        for kind in SERVERS:
            if named := os.environ.get(kind.variable):
                urls[kind.variable] = named
            elif kind not in absent:
                urls[kind.variable] = stack.enter_context(kind()).url
        yield urls


def wait(urls: dict[str, str], parent: int) -> int:
    for variable, url in urls.items():
        print(f"export {variable}={url}", flush=True)
    print("Ctrl-C stops them.", file=sys.stderr)
    while os.getppid() == parent:
        time.sleep(0.5)
    return 0


def run(command: list[str], urls: dict[str, str], parent: int) -> int:
    """The command's exit status. What ends us ends the command and all that it started."""
    process = subprocess.Popen(command, env=os.environ | urls, start_new_session=True)
    try:
        while os.getppid() == parent:
            with suppress(subprocess.TimeoutExpired):
                status = process.wait(0.5)
                return status if status >= 0 else 128 - status
        return 128 + signal.SIGHUP
    finally:
        end(process, signal.SIGINT, signal.SIGTERM, send=os.killpg)


def leave(number: int, _: object) -> None:
    """Ends by way of every ``finally``; impatience does not skip them."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    sys.exit(128 + number)


def end(
    process: subprocess.Popen[bytes],
    *endings: signal.Signals,
    send: Callable[[int, int], None] = os.kill,
) -> None:
    """Asks with each of the endings, and does not ask at last."""
    for ending in (*endings, signal.SIGKILL):
        if process.poll() is not None:
            return
        send(process.pid, ending)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)


def guard(folder: Path, ending: signal.Signals) -> int:
    """Outlives whoever started it, however that ended, and clears up what was left."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.read()
    with suppress(FileNotFoundError, ProcessLookupError):
        pid = int((folder / "pid").read_text())
        os.kill(pid, ending)
        for _ in range(100):
            time.sleep(0.05)
            os.kill(pid, 0)
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def unprivileged_user() -> dict[str, Any]:
    """PostgreSQL refuses to be root."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def children(pid: int) -> list[int]:
    """As Linux knows them."""
    known = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in known.read_text().split()] if known.exists() else []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
