"""The servers that tests need, one class each."""

from __future__ import annotations

import os
import signal
import struct
from pathlib import Path

from groups import RedisCluster, RedisSentinel
from processes import HOST, IN_CI, Absent, Server
from redis_server import Redis

__all__ = [
    "Absent",
    "DynamoDB",
    "MariaDB",
    "Memcached",
    "Postgres",
    "Redis",
    "RedisCluster",
    "RedisSentinel",
    "Server",
]

BINDINGS = Path(__file__).parents[2].relative_to("/") / "bindings-node"


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


class MariaDB(Server):
    variable = "MARIADB_URL"
    program = "mariadbd"
    package = "mariadb-server"
    folders = "usr/sbin"
    # The server speaks first: three bytes of length, the number 0, and 10, the protocol.
    hello = b""
    welcome = b"\x00\x0a"

    @property
    def url(self) -> str:
        return f"mysql://root@{HOST}:{self.port}/test"

    def _create(self, program: str) -> None:
        options = ["--no-defaults", "--auth-root-authentication-method=normal"]
        where = ["--skip-name-resolve", f"--datadir={self.folder / 'data'}"]
        unsynced = "--innodb-flush-log-at-trx-commit=0"
        if self._popen(["mariadb-install-db", *options, *where, unsynced]).wait() != 0:
            raise RuntimeError(f"mariadb-install-db failed:\n{self._log()}")

    def _command(self, program: str) -> list[str]:
        settings = {
            "datadir": self.folder / "data",
            "socket": self.folder / "socket",
            "bind-address": HOST,
            "port": self.port,
            "max-connections": 300,
            # A test's client that hangs up is no attack.
            "max-connect-errors": 1_000_000,
            "innodb-flush-log-at-trx-commit": int(self.durable),
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [program, "--no-defaults", "--skip-name-resolve", *options]

    def _is_welcome(self, answer: bytes) -> bool:
        return answer[3:].startswith(self.welcome)


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


class DynamoDB(Server):
    """Dynalite, which npm installs: DynamoDB's protocol and conditions, without transactions."""

    variable = "DYNAMODB_URL"
    program = "dynalite"
    package = ""
    folders = f"{BINDINGS}/node_modules/.bin"
    hello = b"GET / HTTP/1.0\r\n\r\n"
    welcome = b"HTTP/1.1"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def _command(self, program: str) -> list[str]:
        at_once = ["--createTableMs", "0", "--deleteTableMs", "0"]
        data = ["--path", str(self.folder / "data")] if self.durable else []
        return [program, "--host", HOST, "--port", str(self.port), *at_once, *data]


SERVERS: tuple[type[Server], ...] = (
    Postgres,
    MariaDB,
    Redis,
    RedisCluster,
    RedisSentinel,
    Memcached,
    DynamoDB,
)
"""The ones that the tests share, and ``services.py`` starts."""


def shared_url(kind: type[Server]) -> str:
    """The server that the tests share; without one the test is not run, and in CI it fails."""
    if url := os.environ.get(kind.variable):
        return url
    raise Absent(kind.reason()) if not IN_CI else RuntimeError(f"{kind.variable} is not set")
