"""The session part of an example, as somebody copies it."""

from __future__ import annotations

from pathlib import Path

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def part(file: str, first: str, last: str) -> str:
    """The lines of an example from the one that begins with ``first`` to that with ``last``."""
    lines = (EXAMPLES / file).read_text().splitlines(keepends=True)
    begin = next(at for at, line in enumerate(lines) if line.startswith(first))
    end = next(at for at in range(begin, len(lines)) if lines[at].startswith(last))
    return "".join(lines[begin : end + 1])


FLASK = part("flask/app.py", "def store(", "Shortcrust(app)")
DJANGO = part("django/shop/settings.py", "# `sqlite`", "SHORTCRUST_LABEL")
