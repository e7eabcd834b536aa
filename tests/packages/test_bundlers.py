"""What a bundler makes of an application runs in a folder without node_modules."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "bundlers"
NODE = Path(__file__).parents[2] / "bindings-node"
pytestmark = pytest.mark.skipif(
    not os.environ.get("LONG"), reason="installs Next and webpack; LONG=1 runs it"
)


def run(*command: str | Path, cwd: Path) -> None:
    env = {**os.environ, "NEXT_TELEMETRY_DISABLED": "1"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the package as it is released: its binary is in another, optional one."""
    binaries, out = tmp_path_factory.mktemp("binaries"), tmp_path_factory.mktemp("released")
    for binary in NODE.glob("*.node"):
        shutil.copy(binary, binaries)
    run("node", "scripts/pack.mjs", binaries, out, "--built-only", cwd=NODE)
    folder = tmp_path_factory.mktemp("shop") / "shop"
    shutil.copytree(HERE, folder)
    run("npm", "install", "--no-audit", "--no-fund", *out.iterdir(), cwd=folder)
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    env = {"PATH": os.environ["PATH"], "PORT": str(port), "HOSTNAME": "127.0.0.1"}
    server = subprocess.Popen(["node", "server.js"], cwd=folder, env=env)
    try:
        while server.poll() is None and not listens(port):
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/visits"
    finally:
        server.kill()
        server.wait()


def visit(url: str, cookie: str = "") -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Cookie": cookie})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["visits"], answer.headers["Set-Cookie"].split(";")[0]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def has_sessions(folder: Path) -> None:
    with serving(folder) as url:
        first, cookie = visit(url)
        assert (first, visit(url, cookie)[0]) == (1, 2)


@pytest.mark.parametrize("bundler", ["esbuild", "webpack"])
def test_a_bundle_runs_with_the_binary_beside_it(
    bundler: str, project: Path, tmp_path: Path
) -> None:
    run("node", "bundle.mjs", bundler, cwd=project)
    shutil.move(project / "out", tmp_path / "elsewhere")
    has_sessions(tmp_path / "elsewhere")


def test_next_traces_the_binary_into_its_standalone_output(project: Path, tmp_path: Path) -> None:
    run("npx", "next", "build", cwd=project)
    shutil.move(project / ".next/standalone", tmp_path / "elsewhere")
    has_sessions(tmp_path / "elsewhere")
