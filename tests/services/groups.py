"""Redis in groups: a cluster of three masters and their replicas; a master that sentinels watch."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from processes import HOST, Server, free_port
from redis_server import Redis

if TYPE_CHECKING:
    from collections.abc import Callable

# What decides that a node is gone; a busy machine is slow to answer.
SILENCE_MS = 2_000


class Node(Redis):
    """One server of a group."""

    def __init__(self, *options: str, durable: bool = False) -> None:
        super().__init__(durable=durable)
        self.bus = free_port()
        self.options = options

    def _command(self, program: str) -> list[str]:
        fast = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"]
        return [*super()._command(program), *fast, *self.options]

    def ask(self, *words: object) -> str:
        """One command, and its answer."""
        with socket.create_connection((HOST, self.port), timeout=10) as connection:
            connection.sendall((" ".join(map(str, words)) + "\r\n").encode())
            with connection.makefile("rb") as answers:
                first = answers.readline().decode()
                if first.startswith("-"):
                    raise RuntimeError(first)
                return answers.read(int(first[1:])).decode() if first[0] == "$" else first[1:]


class ClusterNode(Node):
    def _command(self, program: str) -> list[str]:
        silence = ["--cluster-node-timeout", str(SILENCE_MS), "--cluster-port", str(self.bus)]
        cluster = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"]
        # A replica stands for election however long it heard nothing.
        return [
            *super()._command(program),
            *cluster,
            *silence,
            "--cluster-replica-validity-factor",
            "0",
        ]


class Watcher(Node):
    """A sentinel."""

    welcome = b"+PONG"

    def __init__(self, master: Redis) -> None:
        super().__init__()
        self.master = master

    def _command(self, program: str) -> list[str]:
        configuration = self.folder / "sentinel.conf"
        if not configuration.exists():
            configuration.write_text(
                f"port {self.port}\nbind {HOST}\ndir {self.folder}\n"
                f"sentinel monitor main {HOST} {self.master.port} 2\n"
                f"sentinel down-after-milliseconds main {SILENCE_MS}\n"
                "sentinel failover-timeout main 10000\n"
            )
            configuration.chmod(0o666)
            self.folder.chmod(0o777)
        return [program, str(configuration), "--sentinel"]


class Group(Server):
    """Several servers under one URL; ``durable`` says nothing here."""

    program = "redis-server"
    package = "redis-server"

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__(durable=durable)
        self._nodes = ExitStack()

    def start(self) -> None:
        self.require()
        self._gather()

    def kill(self) -> None:
        raise NotImplementedError("kill one of the nodes")

    def stop(self) -> None:
        self._nodes.close()

    def _gather(self) -> None:
        raise NotImplementedError

    def _enter(self, node: Node) -> Node:
        return self._nodes.enter_context(node)


class RedisCluster(Group):
    variable = "REDIS_CLUSTER_URL"

    masters: list[Node]
    replicas: list[Node]

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.masters[0].port}/0"

    def _gather(self) -> None:
        nodes = [self._enter(ClusterNode()) for _ in range(6)]
        self.masters, self.replicas = nodes[:3], nodes[3:]
        bounds = [0, 5461, 10923, 16384]
        for at, node in enumerate(nodes):
            node.ask("CLUSTER SET-CONFIG-EPOCH", at + 1)
            if at < 3:
                node.ask("CLUSTER ADDSLOTSRANGE", bounds[at], bounds[at + 1] - 1)
            if at:
                node.ask("CLUSTER MEET", HOST, nodes[0].port, nodes[0].bus)
        until(lambda: all(node.ask("CLUSTER NODES").count("connected") == 6 for node in nodes))
        until(lambda: all("handshake" not in node.ask("CLUSTER NODES") for node in nodes))
        for master, replica in zip(self.masters, self.replicas, strict=True):
            replica.ask("CLUSTER REPLICATE", master.ask("CLUSTER MYID"))
        until(lambda: all("cluster_state:ok" in node.ask("CLUSTER INFO") for node in nodes))
        until(lambda: all("state=online" in node.ask("INFO replication") for node in self.masters))
        until(lambda: all(node.ask("CLUSTER NODES").count("slave") == 3 for node in nodes))


class RedisSentinel(Group):
    """The URL is a sentinel's; the master is named ``main``."""

    variable = "REDIS_SENTINEL_URL"

    master: Node
    replica: Node

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.sentinels[0].port}"

    def _gather(self) -> None:
        self.master = self._enter(Node())
        self.replica = self._enter(Node("--replicaof", HOST, str(self.master.port)))
        until(lambda: "state=online" in self.master.ask("INFO replication"))
        self.sentinels = [self._enter(Watcher(self.master)) for _ in range(3)]
        seen = "slaves=1,sentinels=3"
        until(lambda: all(seen in each.ask("INFO sentinel") for each in self.sentinels))


def until(is_so: Callable[[], bool]) -> None:
    """Waits for what a group has to agree on."""
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.05)
    raise RuntimeError("the servers did not come together")
