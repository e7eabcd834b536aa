"""The tests of the drop-ins on the oldest and the newest version of each peer: `table.toml`.

python tests/matrix/run.py [--wheel WHEEL] [--tarball TARBALL] [ROW or beginning of rows ...]

Each row gets an environment of its own in a folder that goes afterwards, with the built package and
the row's versions. What a row does not name comes from this clone's `.venv` and `node_modules`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomllib

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE = ROOT / "bindings-node"
Row = dict[str, Any]
Command = list[str | Path]


def main() -> int:
    arguments = parsed()
    table = tomllib.loads((HERE / "table.toml").read_text())
    lists = table.pop("lists")
    rows = chosen(table, arguments.rows)
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        packages = Packages(Path(folder), arguments.wheel, arguments.tarball)
        failed = [name for name, row in rows.items() if not passes(name, row, lists, packages)]
    print("failed:" if failed else "all rows passed", ", ".join(failed))
    return bool(failed)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, help="of Python; default: it is built")
    parser.add_argument("--tarball", type=Path, help="of npm; default: it is packed")
    parser.add_argument("rows", nargs="*", help="beginnings of names; default: all")
    return parser.parse_args()


def chosen(table: dict[str, Row], beginnings: list[str]) -> dict[str, Row]:
    rows = {
        name: row
        for name, row in table.items()
        if not beginnings or name.startswith(tuple(beginnings))
    }
    if not rows:
        raise SystemExit(f"no such row; there are {', '.join(table)}")
    return rows


class Packages:
    """What is tried: built once, and only where a row asks for it."""

    def __init__(self, folder: Path, wheel: Path | None, tarball: Path | None) -> None:
        self._folder = folder
        self._wheel = wheel
        self._tarball = tarball

    @property
    def wheel(self) -> Path:
        if self._wheel is None:
            maturin = Path(sys.executable).with_name("maturin")
            run([maturin, "build", "--release", "--quiet", "--out", self._folder])
            (self._wheel,) = self._folder.glob("*.whl")
        return self._wheel.absolute()

    @property
    def tarball(self) -> Path:
        if self._tarball is None:
            run(["npm", "pack", "--silent", "--pack-destination", self._folder], NODE)
            (self._tarball,) = self._folder.glob("*.tgz")
        return self._tarball.absolute()


def passes(name: str, row: Row, lists: dict[str, list[str]], packages: Packages) -> bool:
    language = "python" if "python" in row else "node"
    print(f"== {name}: {', '.join(row[language])}", flush=True)
    tests = [
        test
        for entry in row["tests"]
        for test in (lists[entry[1:]] if entry.startswith("@") else [entry])
    ]
    prepare = in_python if language == "python" else in_node
    with prepare(row, packages) as (command, cwd):
        found = [cwd / Path(test).relative_to(TOP[prepare]) for test in tests]
        command += [*row.get("options", []), *found]
        return subprocess.run(command, cwd=cwd, check=False).returncode == 0


@contextmanager
def in_python(row: Row, packages: Packages) -> Iterator[tuple[Command, Path]]:
    """The row's packages stand before those of `.venv`, which are lent."""
    with tempfile.TemporaryDirectory(prefix="matrix-python-") as folder:
        venv.create(folder)
        python = Path(folder) / "bin/python"
        pip: Command = [sys.executable, "-m", "pip", "--python", python, "--quiet"]
        run([*pip, "--disable-pip-version-check", "install", *row["python"]])
        run([*pip, "--disable-pip-version-check", "install", "--no-deps", packages.wheel])
        purelib = sysconfig.get_path("purelib", vars={"base": folder, "platbase": folder})
        (Path(purelib) / "lent.pth").write_text(sysconfig.get_path("purelib"))
        yield [python, "-m", "pytest", "--quiet", "-p", "no:cacheprovider"], ROOT


@contextmanager
def in_node(row: Row, packages: Packages) -> Iterator[tuple[Command, Path]]:
    """In a folder that lies as `bindings-node` does, which lends what the row does not name."""
    with tempfile.TemporaryDirectory(prefix=".matrix-", dir=ROOT) as folder:
        here = Path(folder)
        (here / "package.json").write_text('{"private": true}')
        npm: Command = ["npm", "install", "--silent", "--no-save", "--legacy-peer-deps"]
        run([*npm, "--no-package-lock", packages.tarball, *row["node"]], here)
        lend(NODE / "node_modules", here / "node_modules")
        # The installed package's own files, so that a test and the package share one module.
        for name in ("dist", "native.js"):
            (here / name).symlink_to(here / "node_modules/shortcrust" / name)
        shutil.copytree(NODE / "test", here / "test")
        yield ["node", "--test"], here


def lend(there: Path, here: Path) -> None:
    for package in there.iterdir():
        mine = here / package.name
        if package.name.startswith("@") and mine.exists():
            lend(package, mine)
        elif package.name[0] != "." and not mine.exists():
            mine.symlink_to(package)


# What the paths of the tests are relative to, where they run.
TOP = {in_python: Path(), in_node: Path("bindings-node")}


def run(command: Command, cwd: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
