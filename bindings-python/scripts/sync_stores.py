"""Makes the sync stores of the async ones; with ``--check`` it compares."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

STORES = Path(__file__).parents[1] / "python/shortcrust/stores"
SOURCES = sorted((STORES / "_aio").glob("[!_]*.py"))
NOTE = "# Made of _aio/{} by bindings-python/scripts/sync_stores.py: change that, and run it.\n"

REPLACEMENTS = (
    (r"\bredis\.asyncio\b", "redis"),
    (r"\bimport (\w+) as Async\1\b", r"import \1"),
    (r"\bsqlalchemy\.ext\.asyncio\b", "sqlalchemy"),
    (r"\bAsync(?=[A-Z])", ""),
    (r" In asyncio the work is done in threads\.|\n +In asyncio the work is done in threads\.", ""),
    (r"\bawait ", ""),
    (r"\basync ", ""),
)


def twin(source: Path) -> str:
    """The text of the sync store."""
    text = source.read_text()
    for pattern, replacement in REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    return formatted(NOTE.format(source.name) + text)


def formatted(text: str) -> str:
    """As ruff breaks the lines, which have become shorter."""
    for command in (["check", "--fix-only", "--select=I"], ["format"]):
        options = [*command, "--quiet", "--stdin-filename", str(STORES / "_sync/store.py"), "-"]
        ruff = [sys.executable, "-m", "ruff", *options]
        text = subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return text


def main(arguments: list[str]) -> int:
    """How many stores differ from what is committed."""
    different = 0
    for source in SOURCES:
        target, text = STORES / "_sync" / source.name, twin(source)
        if arguments == ["--check"]:
            different += target.read_text() != text
        else:
            target.write_text(text)
    return different


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
