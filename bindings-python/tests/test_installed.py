"""A peer that is too old, or not there, is named in one sentence at import."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from shortcrust._installed import at_least

FRONTS = [("flask", "flask"), ("starlette", "starlette"), ("itsdangerous", "itsdangerous")]


def test_what_is_installed_is_told() -> None:
    major, minor, *_ = version("flask").split(".")
    assert at_least("flask", (2, 2), front="flask", extra="flask") == (int(major), int(minor))


def test_a_peer_that_is_too_old_is_named() -> None:
    with pytest.raises(ImportError) as raised:
        at_least("flask", (99, 0), front="flask", extra="flask")
    assert str(raised.value) == (
        f"shortcrust.flask needs flask 99.0 or newer, and {version('flask')} is installed: "
        "pip install 'shortcrust[flask]'"
    )


@pytest.mark.parametrize(("module", "peer"), FRONTS)
def test_a_front_says_at_import_that_its_peer_is_too_old(
    module: str, peer: str, tmp_path: Path
) -> None:
    about = tmp_path / f"{peer}-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {peer}\nVersion: 0.1.0\n")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import shortcrust.{module}"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    *_, last = done.stderr.splitlines()
    assert last.startswith(f"ImportError: shortcrust.{module} needs {peer} ")
    assert "and 0.1.0 is installed" in last


def test_a_peer_that_is_missing_is_named() -> None:
    with pytest.raises(ImportError, match=r"needs nowhere-to-be-found 2\.0 or newer, and there is"):
        at_least("nowhere-to-be-found", (2, 0), front="flask", extra="flask")
