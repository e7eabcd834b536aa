"""Writes ``tests/scenarios``: steps and outcomes, from what the manual promises.

What must hold is said here, by rules of a few lines or scenario by scenario, and never taken from
a run. Every store action and header that follows is filled in by the core (``FILL=1``, see
``tests/scenarios/README.md``), and read before it is committed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import scenario_ages
import scenario_commands
import scenario_merges
import scenario_revocations
import scenario_tables
import scenario_themes
import scenario_users

MODULES = (
    scenario_tables,
    scenario_themes,
    scenario_users,
    scenario_revocations,
    scenario_ages,
    scenario_commands,
    scenario_merges,
)
FOLDER = Path(__file__).parents[1] / "scenarios"


def main() -> None:
    files: dict[str, list[dict[str, Any]]] = {}
    for theme in (theme for module in MODULES for theme in module.THEMES):
        files[theme.__name__] = list(theme())
    for name, scenarios in files.items():
        path = FOLDER / f"{name}.json"
        old = {}
        if path.exists():
            old = {it["name"]: it for it in json.loads(path.read_text())["scenarios"]}
        for scenario in scenarios:
            known = old.get(scenario["name"], {})
            scenario |= {key: known[key] for key in ("keys", "log") if key in known}
        text = json.dumps({"scenarios": scenarios}, indent=2, ensure_ascii=False)
        path.write_text(text + "\n")


if __name__ == "__main__":
    main()
