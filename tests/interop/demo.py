"""``make demo``: a scripted visit as a table, then a page to do the same by hand.

``python demo.py --once`` ends after the table; the exit status tells whether all of it held.
"""

from __future__ import annotations

import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from shop import Front, Shop
from visit import Row, visit

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
    # As Ctrl-C does: by way of every `with`, which ends the apps.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    page = (Path(__file__).parent / "page.html").read_text()
    with ExitStack() as stack:
        shops = [stack.enter_context(Shop(session_format)) for session_format in NAMES]
        front = stack.enter_context(Front(shops, page))
        held = True
        for shop in shops:
            rows = list(visit(shop, front.url))
            held = held and all(row.holds for row in rows)
            print(f"\nOne session {NAMES[shop.format]}, shared by Flask and Express\n{table(rows)}")
        print(f"\n{REVOCATION}\n")
        if "--once" not in sys.argv:
            serve(front)
        return 0 if held else 1


def serve(front: Front) -> None:
    print(f"Do the same by hand: {front.url} (Ctrl-C ends it)", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    sys.exit(main())
