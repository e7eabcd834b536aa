"""``make demo``: a scripted visit as a table, then a page that shows what happens by hand.

``python demo.py --once`` ends after the table; the exit status tells whether all of it held.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from shop import SECRET, Front, Shop, free_port
from shortcrust.stores import SQLiteStore
from visit import Row, visit

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "examples/shared"))

from proxy import Apps, end_on_sigterm  # type: ignore[import-not-found]
from watch import Engine, Watch

NAMES = {"flask": "in Flask's own format", "sealed": "in the sealed format"}
REVOCATION = (
    "In Flask's own format the cookie from before the logout would still open: a session in the\n"
    "cookie can only be revoked with a store that remembers, and that format has no id to remember."
)


def table(rows: list[Row]) -> str:
    lines = [f"  {'':4}{'step':<26}{'at':<9}what came back"]
    for row in rows:
        lines.append(f"  {'ok' if row.holds else 'NO':<4}{row.step:<26}{row.app:<9}{row.came_back}")
    return "\n".join(lines)


def main() -> int:
    end_on_sigterm()
    held = [walk(session_format) for session_format in NAMES]
    print(f"\n{REVOCATION}\n", flush=True)
    if "--once" not in sys.argv:
        serve()
    return 0 if all(held) else 1


def walk(session_format: str) -> bool:
    """Prints what came of each step; whether all of it is as it must be."""
    with Shop(session_format) as shop, Front([shop]) as front:
        rows = list(visit(shop, front.url))
    print(f"\nOne session {NAMES[session_format]}, shared by Flask and Express\n{table(rows)}")
    return all(row.holds for row in rows)


def serve() -> None:
    """The example ``shared`` twice, its session in the cookie and in SQLite, until Ctrl-C."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        path = f"{folder}/sessions.sqlite3"
        stored = {"SESSION_STORE": f"sqlite:///{path}", "SECRET_KEY": SECRET}
        ports = int(os.environ.get("PORT") or free_port()), free_port()
        in_cookie = stack.enter_context(Apps({"SECRET_KEY": SECRET}, subprocess.DEVNULL))
        in_store = stack.enter_context(Apps(stored, subprocess.DEVNULL))
        first = Watch(in_cookie, Engine(SECRET, None), ports[1], "localhost", ports[0])
        second = Watch(in_store, Engine(SECRET, SQLiteStore(path)), ports[0], "127.0.0.1", ports[1])
        stack.enter_context(first)
        stack.enter_context(second)
        print("Do the same by hand, and see what the engine does and why (Ctrl-C ends it):")
        print(f"  the session in its cookie  {first.url}")
        print(f"  the session in SQLite      {second.url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    sys.exit(main())
