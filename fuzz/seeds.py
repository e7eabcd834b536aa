"""Writes what the fuzzer begins with, from the golden vectors: ``seeds.py FOLDER``."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[1] / "tests" / "vectors"
FORMATS = ["flask", "django", "starlette", "sealed", "express", "id"]
# More than this the fuzzer would only cut again.
MOST = 4096


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every case with its format."""
    for path in sorted(VECTORS.glob("*.json")):
        suite = json.loads(path.read_text())
        for case in suite["cases"]:
            yield suite["format"], case


def seeds() -> Iterator[tuple[str, str]]:
    """A target and an input for it."""
    before = "{}"
    for form, case in cases():
        how = chr(FORMATS.index(form) + 8 * 6)
        for pair in case.get("cookies", []):
            name, value = pair
            if isinstance(value, str):
                yield "open", f"{how}r\n{value}"
                yield "cookie", f"{name}\na=1; {name}={value}"
        if "header" in case:
            yield "cookie", f"{case['name']}\n{case['header']}"
        payload = case.get("payload")
        if isinstance(payload, str) and payload.startswith("{"):
            yield "open", f"{how}p\n{payload}"
            yield "open", f"{how}s\n{payload}"
            yield "payload", payload
            yield "patch", f"{payload}\n{payload}\n"
            yield "patch", f"{before}\n{payload}\n"
            yield "merge", f"{before}\n{payload}\n{before}"
            yield "merge", f"{payload}\n{before}\n{{}}"
            times = '"v":1,"c":1767323045678,"r":1767323045678,"x":1767323045678,"e":0,"u":"ada"'
            yield "record", f'{{{times},"d":{payload}}}'
            before = payload
    yield "patch", '{"l":[1.0,{" t":[2]}]}\n{"l":[1,[2],"AQ=="]}\n{"l":{"2":"bytes"}}'
    yield "merge", '{"a":1,"l":[1]}\n{"a":2,"l":[1,2]}\n{"a":3,"l":[1,3]}'
    yield "open", "6r\nFe26.2**5a17*AAAAAAAAAAAAAAAAAAAAAA*AAAAAAAAAAAAAAAAAAAAAA**5a18*AAAA"


def main(folder: Path) -> None:
    """One file an input, named after what is in it."""
    for target, text in seeds():
        data = text.encode()
        if len(data) <= MOST:
            into = folder / target
            into.mkdir(parents=True, exist_ok=True)
            (into / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
