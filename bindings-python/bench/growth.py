"""Whether work grows with a session's size alone: CPU nanoseconds a byte, at two sizes and depths.

``python growth.py``. A row is flat where its last column is near 1: the dearest byte against the
cheapest. Where each level looked at all that is below it again, it was the depth.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from itertools import product
from typing import Any

from flask.json.tag import TaggedJSONSerializer
from shortcrust import ambient
from shortcrust._core import Engine, MergeRules

ROUNDS = 5
SIZES = (30_000, 240_000)
DEPTHS = (1, 95)
"""A tuple takes two levels of two hundred."""
SECRET = "a secret for the benchmark only, of thirty-two bytes or more"

ENGINE = Engine(
    {
        "name": "s",
        "secrets": [SECRET],
        "format": {"format": "flask"},
        "policy": {
            "idle": None,
            "absolute": None,
            "renew_after": None,
            "skew": None,
            "persistent": False,
        },
        "duplicates": "first",
        "drop_in": True,
    }
)
RULES = MergeRules({})
PEER = TaggedJSONSerializer()


def nested(wrap: Callable[[Any], Any], size: int, depth: int) -> dict[str, Any]:
    """So much at the bottom, which is so deep."""
    value: Any = [[] for _ in range(size // 3)]
    for _ in range(depth):
        value = wrap(value)
    return {"a": value}


def seal(data: dict[str, Any]) -> str:
    token = ENGINE.seal(None, data, True, True, 0, ambient.entropy, PEER.dumps, False, True)
    assert token is not None
    return token


def reading(wrap: Callable[[Any], Any]) -> Callable[[int, int], tuple[Callable[[], object], int]]:
    def prepare(size: int, depth: int) -> tuple[Callable[[], object], int]:
        data = nested(wrap, size, depth)
        header = f"s={seal(data)}"
        assert ENGINE.open(header, 0)[1] == data
        return lambda: ENGINE.open(header, 0), size

    return prepare


def writing(size: int, depth: int) -> tuple[Callable[[], object], int]:
    data = nested(lambda value: {"a": value}, size, depth)
    return lambda: seal(data), size


def merging(size: int, depth: int) -> tuple[Callable[[], object], int]:
    """Both requests changed something at the bottom, beside what is large."""

    def text(**changes: int) -> str:
        bottom = {"large": [[]] * (size // 3), "mine": 0, "theirs": 0} | changes
        return '{"a":' * depth + json.dumps(bottom, separators=(",", ":")) + "}" * depth

    base, mine, theirs = text(), text(mine=1), text(theirs=1)
    assert RULES.merge(base, mine, theirs) == text(mine=1, theirs=1)
    return lambda: RULES.merge(base, mine, theirs), 3 * len(base)


ROWS = {
    "read, nested tuples": reading(lambda value: (value,)),
    "read, keys that look like tags": reading(lambda value: {" t": value}),
    "read, nested objects": reading(lambda value: {"a": value}),
    "write": writing,
    "merge": merging,
}


def cost(call: Callable[[], object], size: int) -> float:
    times = []
    # Python's collector looks at all objects again and again, whoever makes them.
    gc.disable()
    for _ in range(ROUNDS):
        start = time.process_time()
        call()
        times.append((time.process_time() - start) / size)
    gc.enable()
    return statistics.median(times) * 1e9


def main() -> int:
    places = list(product(SIZES, DEPTHS))
    heads = "".join(f"{f'{size // 1000} kB, {depth} deep':>17}" for size, depth in places)
    print(f"\n{'':32}{heads}   {'ratio':>6}   (CPU nanoseconds a byte)")
    for name, prepare in ROWS.items():
        found = [cost(*prepare(size, depth)) for size, depth in places]
        columns = "".join(f"{it:17.1f}" for it in found)
        print(f"{name:32}{columns}   {max(found) / min(found):5.1f}x")
    return 0


if __name__ == "__main__":
    sys.exit(main())
