"""A server's process, in a folder of its own, which is cleared up however the test ends."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

HOST = "127.0.0.1"
ENDINGS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
IN_CI = bool(os.environ.get("CI"))


class Absent(unittest.SkipTest):
    """A test without its server is not run."""


class Server:
    """A server of its own in a folder of its own: with ``durable``, what it confirmed survives.

    After ``kill()``, which is SIGKILL, ``start()`` brings the same data back at the same ``url``.
    """

    variable: ClassVar[str]
    program: ClassVar[str]
    package: ClassVar[str]
    """Debian's; empty for what npm installs."""
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
        guard = [sys.executable, __file__, str(self.folder), str(int(self.ending))]
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
                return self._is_welcome(connection.recv(64))
        except OSError:
            return False

    def _is_welcome(self, answer: bytes) -> bool:
        return answer.startswith(self.welcome)

    def _end(self, ending: signal.Signals) -> None:
        if self._process:
            end(self._process, ending)
            self._process = None
            (self.folder / "pid").unlink(missing_ok=True)

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2_000:]


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
    sys.exit(guard(Path(sys.argv[1]), signal.Signals(int(sys.argv[2]))))
