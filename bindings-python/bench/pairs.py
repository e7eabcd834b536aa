"""Ours against a peer, in one process: what a row is, and how it is measured."""

from __future__ import annotations

import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

ROUNDS = int(os.environ.get("ROUNDS", "21"))
BATCH_SECONDS = 0.01
SECRET = "a secret for the benchmark only, of thirty-two bytes or more"

Call = Callable[[], object]
Side = Callable[[int], Sequence[Call]]
"""Prepares so many calls, untimed."""


@dataclass(frozen=True)
class Row:
    """One thing that a session layer does."""

    name: str
    needed: float
    """How many times as fast as the peer this is to be."""
    wanted: float
    ours: Side
    peer: Side


def row(name: str, needed: float, wanted: float, *, ours: Call, peer: Call) -> Row:
    """Of calls that can be repeated as they are."""
    return Row(name, needed, wanted, repeated(ours), repeated(peer))


def repeated(call: Call) -> Side:
    return lambda count: list(repeat(call, count))


Rows = Callable[[str], Iterable[Row]]
"""Makes the rows of a payload's size, when it has asserted that outputs are interchangeable."""


def main(rows: Rows) -> None:
    """A line of JSON for each row and payload; with arguments only rows with one of these words."""
    for payload in ("tiny", "typical", "large"):
        for it in rows(payload):
            if len(sys.argv) == 1 or any(word in it.name for word in sys.argv[1:]):
                print(json.dumps(measured(it, payload)), flush=True)


def measured(it: Row, payload: str) -> dict[str, object]:
    """Medians of rounds in which both sides come at once, each first in every other round."""
    counts = [count_of(it.ours), count_of(it.peer)]
    rounds = list(interleaved(it, counts))
    ratios = [peer / ours for ours, peer in rounds]
    low, *_, high = statistics.quantiles(ratios, n=10)
    return {
        "row": it.name,
        "payload": payload,
        "ours_us": round(statistics.median(ours for ours, _ in rounds), 2),
        "peer_us": round(statistics.median(peer for _, peer in rounds), 2),
        "ratio": round(statistics.median(ratios), 2),
        "spread": [round(low, 2), round(high, 2)],
        "needed": it.needed,
        "wanted": it.wanted,
    }


def interleaved(it: Row, counts: list[int]) -> Iterator[tuple[float, float]]:
    for turn in range(ROUNDS):
        if turn % 2:
            ours = micros(it.ours, counts[0])
            yield ours, micros(it.peer, counts[1])
        else:
            peer = micros(it.peer, counts[1])
            yield micros(it.ours, counts[0]), peer


def count_of(side: Side) -> int:
    micros(side, 20)
    return max(20, int(BATCH_SECONDS * 1e6 / micros(side, 50)))


def micros(side: Side, count: int) -> float:
    """CPU microseconds a call. What is prepared is not to be collected meanwhile."""
    calls = side(count)
    gc.collect()
    gc.disable()
    start = time.process_time()
    for call in calls:
        call()
    taken = time.process_time() - start
    gc.enable()
    return taken / count * 1e6
