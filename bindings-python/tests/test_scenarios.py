"""Every scenario of ``tests/scenarios`` through the driver, once sync and once under asyncio.

What happens must be what happens in the core and in Node: each store action, each header, each
pause. ``tests/scenarios/README.md`` says what the steps mean.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import scenario_simulation
from scenario_simulation import Simulation

FOLDER = Path(__file__).parents[2] / "tests" / "scenarios"
FILES = sorted(FOLDER.glob("*.json"))


async def fault_of(scenario: dict[str, Any], *, is_async: bool) -> str | None:
    """What does not hold."""
    simulation = Simulation(scenario["config"], is_async=is_async)
    await simulation.take_steps(scenario["given"])
    simulation.log.clear()
    simulation.keys.clear()
    await simulation.take_steps(scenario["steps"])
    log, keys = list(simulation.log), list(simulation.keys)
    for name, want in scenario["outcome"].items():
        found = await simulation.outcome(name)
        if isinstance(want, dict):
            found = {key: found.get(key) for key in want}
        if found != want:
            return f"{name} should be {want} and is {found}"
    if (log, keys) != (scenario["log"], scenario["keys"]):
        lines = "\n".join(log)
        wanted = "\n".join(scenario["log"])
        return f"what happens is\n{lines}\nand not\n{wanted}"
    return None


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "asyncio"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_scenario_has_its_outcome_its_store_actions_and_its_headers(
    path: Path, is_async: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario_simulation.pretend(monkeypatch)
    faults = []
    for scenario in json.loads(path.read_text())["scenarios"]:
        running = fault_of(scenario, is_async=is_async)
        fault = asyncio.run(running) if is_async else scenario_simulation.finished(running)
        if fault is not None:
            faults.append(f"{scenario['name']}: {fault}")
    assert not faults, "\n\n".join(faults)
