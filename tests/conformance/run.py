"""Runs the peers' own test suites with our classes in their place: ``make conformance``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
WORK = HERE.parents[1] / "target" / "conformance"
SUITES = json.loads((HERE / "suites.json").read_text())
MOST_EXCLUDED = 0.03


def fetch() -> None:
    """The sdists, at the hashes that sdists.txt has."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-binary", ":all:", "--require-hashes", "--dest", str(WORK)]
    subprocess.run([*command, *options, "-r", str(HERE / "sdists.txt")], check=True)
    for archive in WORK.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extractall(WORK, filter="data")


def run(suite: str) -> Counter[str]:
    """How many cases passed, failed and were skipped, and how many sentinels passed."""
    (source,) = (path for path in WORK.glob(f"{suite}-*") if path.is_dir())
    report = WORK / f"{suite}.xml"
    options = ["-c", "pyproject.toml", "--rootdir=.", "-p", "swap", "-p", "no:cacheprovider"]
    options += ["-q", "--no-header", f"--junitxml={report}"]
    # Flask's tests have secrets that no one should have, and make warnings errors.
    options += ["-W", "ignore:a secret in SECRET_KEY"]
    sentinel = HERE / f"sentinel_{suite}.py"
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests", str(sentinel)],
        cwd=source,
        env=os.environ | {"SUITE": suite, "PYTHONPATH": str(HERE)},
        check=False,
    )
    return count(report)


def count(report: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for case in ET.parse(report).getroot().iter("testcase"):
        marks = {child.tag for child in case}
        outcome = "failed" if marks & {"failure", "error"} else "skipped" if marks else "passed"
        is_sentinel = case.get("name", "").startswith("test_sentinel_")
        found[f"sentinel {outcome}" if is_sentinel else outcome] += 1
    return found


def complaints(suite: str, found: Counter[str]) -> list[str]:
    expected, excluded = SUITES[suite]["passed"], len(SUITES[suite]["excluded"])
    total = found["passed"] + found["failed"] + found["skipped"] + excluded
    checks = {
        f"{found['failed']} failed": found["failed"] > 0,
        f"{found['passed']} passed, and {expected} should": found["passed"] != expected,
        "the sentinel did not pass": found["sentinel passed"] == 0 or found["sentinel failed"] > 0,
        f"{excluded} of {total} excluded": excluded > MOST_EXCLUDED * total,
    }
    return [f"{suite}: {complaint}" for complaint, holds in checks.items() if holds]


def main() -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    fetch()
    results = {suite: run(suite) for suite in SUITES}
    print(f"\n{'suite':14}{'passed':>8}{'failed':>8}{'skipped':>8}{'excluded':>9}")
    for suite, found in results.items():
        numbers = "".join(f"{found[name]:8}" for name in ("passed", "failed", "skipped"))
        print(f"{suite:14}{numbers}{len(SUITES[suite]['excluded']):9}")
    wrong = [line for suite, found in results.items() for line in complaints(suite, found)]
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
