"""Processes of both languages write one file at once, and are killed in the middle of it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from shortcrust.stores import Entry, FileStore, Row

HERE = Path(__file__).parent
COMMANDS = [
    [sys.executable, str(HERE / "file_writer.py")],
    ["node", str(HERE / "file_writer.mjs")],
]
LONG = bool(os.environ.get("LONG"))
KILLS = 100 if LONG else 6
EACH = 500 if LONG else 20


@pytest.mark.parametrize("kills", [0, KILLS], ids=["alive", "killed"])
def test_no_save_of_several_processes_is_lost(tmp_path: Path, kills: int) -> None:
    store = FileStore(tmp_path / "sessions", busy_timeout=60)
    store.create("counter", Entry("1", "odd"))
    writers = Writers(tmp_path)
    try:
        writers.until_each_has_saved(EACH)
        for _ in range(kills):
            writers.kill_one()
            writers.until_each_has_saved(1)
    finally:
        writers.end()
    said = writers.said()
    # Who was killed may have written one number that it did not come to say.
    last = store.load(["counter"])[0]
    assert last is not None
    assert last == Row(int(last.text), last.text), "a version is a save"
    assert len(said) == len(set(said)), "two saved over one version"
    unsaid = set(range(2, last.version + 1)) - set(said)
    assert len(unsaid) <= len(writers.dead)
    mine, other = ("odd", "even") if last.version % 2 else ("even", "odd")
    assert (list(store.list(mine)), list(store.list(other))) == ([("counter", last.text)], [])


class Writers:
    """Two of each language; one that is killed has a successor."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[Writer] = []
        self.dead: list[Writer] = []
        for command in COMMANDS * 2:
            self._start(command)

    def until_each_has_saved(self, count: int) -> None:
        """So many of its own."""
        while any(len(one.said()) < count for one in self._running):
            assert all(one.process.poll() is None for one in self._running)
            time.sleep(0.005 * random.random())

    def kill_one(self) -> None:
        """Whatever it is at."""
        command = self._running[0].command
        self._end()
        self._start(command)

    def end(self) -> None:
        while self._running:
            self._end()

    def said(self) -> list[int]:
        """Every number that was told as saved."""
        return [number for one in self.dead for number in one.said()]

    def _start(self, command: list[str]) -> None:
        output = self._folder / f"said-{len(self._running) + len(self.dead)}"
        with output.open("wb") as opened:
            process = subprocess.Popen([*command, self._folder / "sessions"], stdout=opened)
        self._running.append(Writer(command, process, output))

    def _end(self) -> None:
        one = self._running.pop(0)
        one.process.kill()
        one.process.wait()
        self.dead.append(one)


class Writer(NamedTuple):
    command: list[str]
    process: subprocess.Popen[bytes]
    output: Path

    def said(self) -> list[int]:
        return list(map(int, self.output.read_text().split()))
