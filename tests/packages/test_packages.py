"""What is released installs into an empty folder and runs there, with no cargo on the PATH."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import tomllib

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE = ROOT / "bindings-node"
LICENCES = {"LICENSE-APACHE", "LICENSE-MIT"}
MANIFEST = json.loads((NODE / "package.json").read_text())
VERSION = MANIFEST["version"]
Environ = dict[str, str]


def run(*command: str | Path, cwd: Path = ROOT, env: Environ | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environ(path: Path, **more: str) -> Environ:
    """This environment with another PATH, and without what Rust's tools look for."""
    kept = {name: os.environ[name] for name in os.environ if not name.startswith(("CARGO", "RUST"))}
    return {**kept, "PATH": str(path), **more}


def link(folder: Path, *names: str) -> None:
    for name in names:
        tool = shutil.which(name)
        assert tool, name
        (folder / name).symlink_to(Path(tool).resolve())


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Environ:
    tools = tmp_path_factory.mktemp("tools")
    link(tools, "env", "node", "npm", "sh")
    assert not any(shutil.which(name, path=str(tools)) for name in ("cargo", "cc", "rustc"))
    return environ(tools)


def test_all_packages_have_one_version() -> None:
    assert (
        tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
        == VERSION
    )


def test_nothing_compiles_c() -> None:
    locked = {
        package["name"] for package in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    }
    assert not locked & {"bindgen", "cc", "cmake", "nasm-rs", "pkg-config"}


def test_the_release_builds_every_platform_for_both_languages() -> None:
    workflow = (ROOT / ".github/workflows/release.yml").read_text()
    built = Counter(re.findall(r"\btarget: (\S+)$", workflow, re.MULTILINE))
    assert built == dict.fromkeys(MANIFEST["napi"]["targets"], 2)


# Python


def maturin(*arguments: str | Path) -> None:
    run(Path(sys.executable).with_name("maturin"), *arguments)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    maturin("build", "--release", "--interpreter", sys.executable, "--out", out)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    maturin("sdist", "--out", out)
    (built,) = out.iterdir()
    return built


def sources(folder: Path, *suffixes: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix in suffixes}


def test_the_wheel_has_the_package_its_types_and_the_licences(wheel: Path) -> None:
    assert wheel.name.startswith(f"shortcrust-{VERSION}-cp310-abi3-")
    about = f"shortcrust-{VERSION}.dist-info"
    meta = {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "sboms/shortcrust-python.cyclonedx.json",
    }
    meta |= {f"licenses/{name}" for name in LICENCES}
    package = sources(ROOT / "bindings-python/python", ".py", ".pyi", ".typed")
    assert {"shortcrust/_core.pyi", "shortcrust/py.typed"} <= package
    native = f"shortcrust/_core{'.abi3.so' if os.name == 'posix' else '.pyd'}"
    assert set(zipfile.ZipFile(wheel).namelist()) == package | {native} | {
        f"{about}/{name}" for name in meta
    }


def test_the_sdist_has_what_it_is_built_and_tested_with(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert LICENCES | {"Cargo.lock", "pyproject.toml", "tests/vectors/README.md"} <= names
    for folder, suffix in [
        ("bindings-python/python", ".py"),
        ("bindings-python/src", ".rs"),
        ("bindings-python/tests", ".py"),
        ("core/src", ".rs"),
        ("core/src", ".md"),
        ("stores", ".lua"),
        ("stores", ".rs"),
        ("stores", ".sql"),
        ("tests/services", ".py"),
        ("tests/tool", ".json"),
        ("tests/vectors", ".json"),
    ]:
        assert {f"{folder}/{name}" for name in sources(ROOT / folder, suffix)} <= names
    assert [
        name for name in names if re.search(r"\.(so|pyc|node)$|\.venv|node_modules|target/", name)
    ] == []


def installed(folder: Path, source: Path, env: Environ) -> Path:
    """The interpreter of a new environment; Flask and what it needs are lent to it."""
    venv.create(folder, symlinks=os.name == "posix")
    python = folder / ("bin/python" if os.name == "posix" else "Scripts/python.exe")
    pip = (sys.executable, "-m", "pip", "--python", python, "--quiet")
    run(*pip, "install", "--no-deps", "--disable-pip-version-check", source, env=env)
    home = Path(
        run(python, "-c", "import shortcrust; print(shortcrust.__path__[0])", env=env).strip()
    )
    assert home.is_relative_to(folder)
    (home.parent / "lent.pth").write_text(sysconfig.get_path("purelib"))
    return python


def test_the_wheel_works_where_there_is_no_cargo(
    wheel: Path, bare: Environ, tmp_path: Path
) -> None:
    python = installed(tmp_path, wheel, {**bare, "PIP_NO_INDEX": "1"})
    assert "there and back" in run(python, HERE / "round_trip.py", env=bare)
    assert run(python.with_name("shortcrust"), "--version", env=bare) == f"shortcrust {VERSION}\n"


@pytest.mark.skipif(not os.environ.get("LONG"), reason="builds everything; LONG=1 runs it")
def test_the_sdist_builds_with_cargo_and_a_linker_alone(sdist: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    link(tools, "env", "sh", "uname")
    for tool in ("cargo", "rustc"):
        (tools / tool).symlink_to(run("rustup", "which", tool).strip())
    linker = shutil.which("cc")
    (tools / "cc").write_text(
        f'#!/bin/sh\ncase " $* " in *" -c "* | *".c "*) exit 1 ;; esac\nexec {linker} "$@"\n'
    )
    (tools / "cc").chmod(0o755)
    python = installed(tmp_path / "venv", sdist, environ(tools))
    assert "there and back" in run(python, HERE / "round_trip.py")


# Node


def install(folder: Path, env: Environ, *tarballs: Path) -> Path:
    folder.mkdir()
    (folder / "package.json").write_text('{"private": true}')
    run(
        "npm",
        "install",
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
        *tarballs,
        cwd=folder,
        env=env,
    )
    shutil.copy(HERE / "round_trip.mjs", folder)
    return folder


def contents(tarball: Path) -> set[str]:
    with tarfile.open(tarball) as archive:
        return {name.removeprefix("package/") for name in archive.getnames()}


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `npm pack` gives after a build."""
    out = tmp_path_factory.mktemp("npm")
    run("npm", "run", "prepack", "--silent", cwd=NODE)
    run("npm", "pack", "--ignore-scripts", "--pack-destination", out, cwd=NODE)
    return out / f"shortcrust-{VERSION}.tgz"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The main package and the one with the binary for this platform."""
    out, binaries = tmp_path_factory.mktemp("released"), tmp_path_factory.mktemp("binaries")
    for binary in NODE.glob("*.node"):
        shutil.copy(binary, binaries)
    run("node", "scripts/pack.mjs", binaries, out, "--built-only", cwd=NODE)
    return sorted(out.iterdir())


@pytest.fixture(scope="module")
def platform() -> str:
    """As napi-rs names it."""
    (binary,) = NODE.glob("*.node")
    return binary.name.split(".")[1]


def test_the_tarball_has_every_entry_point_and_nothing_else(tarball: Path, platform: str) -> None:
    names = contents(tarball)
    entries = [entry for entry in MANIFEST["exports"].values() if isinstance(entry, dict)]
    assert {path.removeprefix("./") for entry in entries for path in entry.values()} <= names
    plain = LICENCES | {"README.md", "native.d.ts", "native.js", "package.json"}
    rest = names - plain - {f"shortcrust.{platform}.node"}
    assert plain <= names
    assert [
        name for name in rest if not re.fullmatch(r"dist/.*\.js|(dist|types)/.*\.d\.ts", name)
    ] == []


def test_the_tarball_works_where_there_is_no_cargo(
    tarball: Path, bare: Environ, tmp_path: Path
) -> None:
    folder = install(tmp_path / "shop", bare, tarball)
    assert "node:http: there and back" in run("node", "round_trip.mjs", cwd=folder, env=bare)
    command = folder / "node_modules/.bin/shortcrust"
    assert run(command, "--version", env=bare) == f"shortcrust {VERSION}\n"


def test_installing_runs_no_script(tarball: Path, released: list[Path]) -> None:
    for each in [tarball, *released]:
        with tarfile.open(each) as archive:
            file = archive.extractfile("package/package.json")
            assert file
            scripts = json.load(file).get("scripts", {})
        assert not scripts.keys() & {"preinstall", "install", "postinstall"}
        assert "binding.gyp" not in contents(each)


def test_the_binary_comes_in_a_package_of_its_own(
    released: list[Path], platform: str, bare: Environ, tmp_path: Path
) -> None:
    main, binary = released
    assert binary.name == f"shortcrust-{platform}-{VERSION}.tgz"
    assert contents(binary) == LICENCES | {
        "README.md",
        "package.json",
        f"shortcrust.{platform}.node",
    }
    assert [name for name in contents(main) if name.endswith(".node")] == []
    folder = install(tmp_path / "shop", bare, main, binary)
    assert "node:http: there and back" in run("node", "round_trip.mjs", cwd=folder, env=bare)


def test_a_missing_binary_says_which_package_brings_it(
    released: list[Path], platform: str, bare: Environ, tmp_path: Path
) -> None:
    folder = install(tmp_path / "shop", bare, *released)
    home = f"shortcrust-{platform}"
    binary = folder / "node_modules" / home / f"shortcrust.{platform}.node"

    def message(host: str = "process.platform") -> str:
        script = (
            f"Object.defineProperty(process, 'platform', {{ value: {host} }});"
            "try { require('shortcrust') } catch (error) { console.log(error.code, error.message) }"
        )
        return run("node", "-e", script, cwd=folder, env=bare)

    assert re.match(f"binary .*no binary for freebsd-.*there are {home}", message("'freebsd'"))
    binary.write_bytes(b"of another system")
    assert re.match(f"binary .*the binary for {platform} does not load: .", message())
    shutil.rmtree(binary.parent)
    assert re.match(f"binary .*the package {home} is not installed.*install without", message())
