"""Raises a counter in the file store of the folder that is named, and says each number."""

from __future__ import annotations

import random
import sys
import time
from typing import Any

from shortcrust.stores import Entry, FileStore

if __name__ == "__main__":
    store = FileStore(sys.argv[1], busy_timeout=60)
    while True:
        row: Any = store.load(["counter"])[0]
        text = str(int(row.text) + 1)
        user = "odd" if int(text) % 2 else "even"
        if store.save("counter", row.version, Entry(text, user)) == "done":
            # In one write, which a kill does not halve.
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        # Else whoever is faster writes alone.
        time.sleep(0.008 * random.random())
