"""A strictly typed application sees our types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent / "typed_project"


def mypy(file: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    options = ["--strict", "--config-file=", f"--cache-dir={tmp_path}"]
    command = [sys.executable, "-m", "mypy", *options, file]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_mypy_strict_accepts_a_typed_application(tmp_path: Path) -> None:
    found = mypy("shop.py", tmp_path)
    assert found.returncode == 0, found.stdout


def test_mypy_finds_each_wrong_call(tmp_path: Path) -> None:
    wrong = (PROJECT / "wrong.py").read_text().splitlines()
    expected = [n for n, line in enumerate(wrong, 1) if line.endswith("# wrong")]
    lines = mypy("wrong.py", tmp_path).stdout.splitlines()
    found = [int(line.split(":")[1]) for line in lines if ": error:" in line]
    assert found == expected
