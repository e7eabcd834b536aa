"""Express cookies, made by cookie-signature in Node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from suite import Suite


def build() -> Suite:
    script = Path(__file__).with_name("express.mjs")
    run = subprocess.run(["node", script], check=True, capture_output=True, encoding="utf-8")
    made = json.loads(run.stdout)
    s = Suite("express", "express", made["name"], made["version"])
    for case in made["cases"]:
        s.add(case.pop("slug"), case.pop("comment"), **case)
    return s
