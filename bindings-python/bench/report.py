"""``docs/benchmarks.md`` from the lines that the benchmarks of both languages print.

``report.py docs/benchmarks.md < lines``. What is no line of theirs is shown and left out.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

PAYLOADS = ("tiny", "typical", "large")
PEERS = ("flask", "flask-session", "itsdangerous", "django", "starlette", "redis", "cryptography")

HEAD = """# How fast

Made by `make bench`, which runs ours and the peer in one process, in turn, and asserts before
that what they make is interchangeable. A number is how many times as much CPU time the peer
takes: the median of the rounds' ratios, and in small the tenth and the ninetieth percentile. 2 is
twice as fast, below 1 is slower. *Needed* and *wanted* are what a row is to reach with a typical
session. Times in microseconds belong to this machine; ratios do so less.

A session is 14 bytes of JSON (tiny), about 310 (typical) or about 2,500 (large).

"""


FOOT = """
## What is not reached, and why

By a profile of the typical session, in Python:

- **Flask-Session on Redis, write and begin**: most of the time is redis-py's, which packs the
  twelve arguments of a script where Flask-Session packs those of a SET. The script is what keeps
  two requests from undoing each other.
- **Compressed cookies** (Flask save, `dumps` of itsdangerous, Django's engines): most of what is
  left is deflate. It makes zlib's very bytes, so it takes zlib's decisions, and building a code
  costs as much as finding the matches.
- **Django's engines and whole requests**: Django's own code around the session. A reader also
  pays for the look whether something inside the session was changed, which Django does not take.
- **Starlette, read**: the same look, and Starlette's own objects for the headers.
"""


def main() -> int:
    found: list[dict[str, Any]] = []
    for line in sys.stdin:
        print(line, end="", flush=True)
        if line.startswith("{"):
            found.append(json.loads(line))
    target = Path(sys.argv[1])
    target.write_text(HEAD + machine() + "".join(map(table, by_group(found))) + FOOT)
    return 0 if found else 1


def by_group(rows: list[dict[str, Any]]) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    return grouped(rows, lambda row: str(row["row"]).partition(":")[0])


def grouped(
    rows: list[dict[str, Any]], key: Callable[[dict[str, Any]], str]
) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    """In the order in which they came first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found.items()


def table(group: tuple[str, list[dict[str, Any]]]) -> str:
    name, rows = group
    lines = [
        f"\n## {name}\n",
        "| | tiny | typical | large | needed | wanted | typical: ours, peer (µs) |",
        "|---|---|---|---|---|---|---|",
    ]
    for row, its in grouped(rows, lambda it: str(it["row"])):
        by_payload = {it["payload"]: it for it in its}
        typical = by_payload.get("typical") or next(iter(by_payload.values()))
        ratios = (ratio(by_payload.get(payload)) for payload in PAYLOADS)
        cells = [
            row.partition(": ")[2] or row,
            *ratios,
            f"{typical['needed']:g}",
            f"{typical['wanted']:g}",
            f"{typical['ours_us']:g}, {typical['peer_us']:g}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def ratio(it: dict[str, Any] | None) -> str:
    if it is None:
        return ""
    low, high = it["spread"]
    number = f"{it['ratio']:.2f}"
    # Behind the peer.
    number = f"**{number}**" if it["ratio"] < 1 else number
    return f"{number} <sub>{low:.2f} to {high:.2f}</sub>"


def machine() -> str:
    peers = ", ".join(f"{peer} {version(peer)}" for peer in PEERS)
    return (
        f"{processor()}, {platform.system()}. Python {platform.python_version()}, {peers}; "
        f"Node {said('node', '--version')}; {said('rustc', '--version').split(' (')[0]}.\n"
    )


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    sha = "with" if "sha_ni" in flags else "without"
    name = names[0] if names else platform.machine()
    return f"{len(names)} × {name} ({sha} SHA extensions)"


def said(*command: str) -> str:
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return found.stdout.strip().lstrip("v")


if __name__ == "__main__":
    sys.exit(main())
