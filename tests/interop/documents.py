"""Random sessions of all that Flask can put into a cookie, and a count of what was in them."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from markupsafe import Markup

SEED = 20261121
EPOCH = datetime(1, 1, 1, tzinfo=timezone.utc)
SECONDS = int(timedelta(days=9998 * 365).total_seconds())
TAG_KEYS = [" t", " b", " m", " u", " d", " di"]
NUMBERS = [0, -1, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63, 10**40, 1.0, -0.0, 0.1, 1e22]
WORDS = ["basket", "naïve", "日本", "🍪", "<b>", 'a"b\\c', "\x00\x7f\n", "x" * 40, "", "a/b~c"]

Leaf = Callable[[], Any]


class Documents:
    """Iterate for documents; ``seen`` counts what they held."""

    def __init__(self, count: int, seed: int = SEED) -> None:
        self._count = count
        self._random = random.Random(seed)
        self.seen: Counter[str] = Counter()
        self._leaves: list[tuple[str, Leaf]] = [
            ("none", lambda: None),
            ("bool", lambda: self._random.random() < 0.5),
            ("number", self._number),
            ("text", self._text),
            ("text", self._text),
            ("bytes", lambda: self._random.randbytes(self._random.randrange(20))),
            ("markup", lambda: Markup(self._text())),
            ("uuid", lambda: uuid.UUID(int=self._random.getrandbits(128))),
            ("datetime", self._datetime),
            ("lone surrogate", lambda: self._text() + chr(self._random.randrange(0xD800, 0xE000))),
        ]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for at in range(self._count):
            document = self._document(at)
            self._measure(document)
            yield document

    def _document(self, at: int) -> dict[str, Any]:
        if at % 50 == 0:
            return {"deep": self._deep(self._random.randrange(20, 60))}
        if at % 10 == 1:
            # Few words many times, so that the cookie still fits a browser.
            words = self._random.choices(["basket", "window", "日本", "tea"], k=8)
            return {
                f"k{n}": self._random.choice(words) * 9 for n in range(self._random.randrange(60))
            }
        return {self._key(): self._value(4) for _ in range(self._random.randrange(8))}

    def _deep(self, levels: int) -> Any:
        value: Any = self._leaf()
        for _ in range(levels):
            wrap = self._random.randrange(3)
            value = [value] if wrap == 0 else (value,) if wrap == 1 else {self._key(): value}
        return value

    def _value(self, depth: int) -> Any:
        kind = self._random.randrange(10) if depth else 9
        if kind == 0:
            return [self._value(depth - 1) for _ in range(self._random.randrange(4))]
        if kind == 1:
            return tuple(self._value(depth - 1) for _ in range(self._random.randrange(4)))
        if kind == 2:
            return {self._key(): self._value(depth - 1) for _ in range(self._random.randrange(4))}
        if kind == 3:
            return {self._random.choice(TAG_KEYS): self._value(depth - 1)}
        return self._leaf()

    def _key(self) -> str:
        return self._random.choice(
            ["", "a", "b", "user", "naïve", "10", "9", " zz", " t__", *TAG_KEYS]
        )

    def _leaf(self) -> Any:
        return self._random.choice(self._leaves)[1]()

    def _number(self) -> int | float:
        if self._random.random() < 0.6:
            return self._random.choice(NUMBERS)
        return self._random.choice([self._random.getrandbits(48), self._random.uniform(-1e6, 1e6)])

    def _text(self) -> str:
        return "".join(self._random.choices(WORDS, k=self._random.randrange(3)))

    def _datetime(self) -> datetime:
        return EPOCH + timedelta(seconds=self._random.randrange(SECONDS))

    def _measure(self, document: dict[str, Any]) -> None:
        depth = self._walk(document)
        self.seen["depth 20 and more"] += depth >= 20
        self.seen["empty"] += not document

    def _walk(self, value: Any) -> int:
        if isinstance(value, dict):
            self.seen["empty key"] += "" in value
            tags = [key for key in value if key in TAG_KEYS]
            self.seen["dict with a tag's key"] += len(value) == 1 and bool(tags)
            self.seen["tag-like key"] += len(value) > 1 and bool(tags) or " t__" in value
            return 1 + max(map(self._walk, value.values()), default=0)
        if isinstance(value, (list, tuple)):
            self.seen[type(value).__name__] += 1
            return 1 + max(map(self._walk, value), default=0)
        self._count_leaf(value)
        return 0

    def _count_leaf(self, value: Any) -> None:
        self.seen[type(value).__name__] += 1
        if isinstance(value, str):
            self.seen["lone surrogate"] += any("\ud800" <= char < "\ue000" for char in value)
        elif isinstance(value, int):
            for name, number in {"2^53 - 1": -1, "2^53": 0, "2^53 + 1": 1}.items():
                self.seen[name] += value == 2**53 + number
            self.seen["integer over 2^64"] += value > 2**64


EXPECTED = [
    "list", "tuple", "bytes", "Markup", "UUID", "datetime", "dict with a tag's key", "tag-like key",
    "empty key", "lone surrogate", "2^53 - 1", "2^53", "2^53 + 1", "integer over 2^64", "float",
    "NoneType", "bool", "str", "empty", "depth 20 and more",
]  # fmt: skip
SIZES = [0, 64, 256, 1024, 2048, 4096]
PLAIN = ["none", "bool", "number", "text", "lone surrogate"]


class PlainDocuments(Documents):
    """What JSON holds without Flask's tags; a tuple is written as a list."""

    expected = tuple(
        name for name in EXPECTED if name not in {"bytes", "Markup", "UUID", "datetime"}
    )

    def __init__(self, count: int, seed: int = SEED, *, surrogates: bool = True) -> None:
        super().__init__(count, seed)
        kept = PLAIN if surrogates else PLAIN[:-1]
        self._leaves = [leaf for leaf in self._leaves if leaf[0] in kept]
        if not surrogates:
            self.expected = tuple(name for name in self.expected if name != "lone surrogate")


def without_tuples(value: Any) -> Any:
    """What comes back of a document from plain JSON."""
    if isinstance(value, dict):
        return {key: without_tuples(item) for key, item in value.items()}
    return [without_tuples(item) for item in value] if isinstance(value, (list, tuple)) else value


def size_class(payload: str | bytes) -> str:
    above = [size for size in SIZES if len(payload) >= size]
    return f"{above[-1]} bytes and more"


def same(a: Any, b: Any) -> bool:
    """Equal in value and type all the way down; the order of keys does not count."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return repr(a) == repr(b)
