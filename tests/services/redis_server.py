"""Redis, one server."""

from __future__ import annotations

from processes import HOST, Server


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
