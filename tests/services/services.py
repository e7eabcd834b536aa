"""Servers for the tests: the ones that the environment names (REDIS_URL, ...), else our own.

``services.py`` starts them, prints their URLs and waits; ``services.py run -- COMMAND ...`` runs
COMMAND with the URLs set. INSTALL=1 (in CI, always) installs what is not there.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from processes import ENDINGS, IN_CI, Server, end
from servers import SERVERS

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICY = Path("/usr/sbin/policy-rc.d")


def main(arguments: list[str]) -> int:
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
        # The two halves of `make test` come at once.
        with Path(__file__).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            install([kind.package for kind in absent if kind.package and not kind.find()])
        absent = [kind for kind in absent if not kind.find()]
    return absent


def install(packages: list[str]) -> None:
    if not packages:
        return
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
