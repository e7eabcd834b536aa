"""The random numbers of a simulation, the same in every language, and what they may fall on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TABLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "tests" / "simulation" / "tape.json").read_text()
)


class Tape:
    """Numbers that are the same in every language: xorshift32."""

    def __init__(self, seed: int) -> None:
        self.state = (seed * 2_654_435_761 | 1) & 0xFFFFFFFF

    def next(self, below: int) -> int:
        self.state ^= self.state << 13 & 0xFFFFFFFF
        self.state ^= self.state >> 17
        self.state ^= self.state << 5 & 0xFFFFFFFF
        return (self.state >> 8) % below

    def one_of(self, among: Sequence[str]) -> str:
        return among[self.next(len(among))]

    def pick(self, weighted: str) -> str:
        """One of the table's, by their weights."""
        at = self.next(sum(weight for _, weight in TABLE[weighted]))
        for name, weight in TABLE[weighted]:
            if at < weight:
                return str(name)
            at -= weight
        raise AssertionError("the numbers are below the sum")
