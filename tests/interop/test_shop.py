"""The main job: one session, shared by a Flask and an Express app behind one port."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from processes import children
from shop import Front, Shop
from visit import visit

HERE = Path(__file__).parent


@pytest.mark.parametrize("session_format", ["flask", "sealed"])
def test_a_visit_to_both_apps_shares_one_session(session_format: str) -> None:
    with Shop(session_format) as shop, Front([shop]) as front:
        rows = list(visit(shop, front.url))
    assert len(rows) == {"flask": 11, "sealed": 13}[session_format]
    assert [row for row in rows if not row.holds] == []


def test_the_demo_ends_its_apps_when_it_is_terminated() -> None:
    command = [sys.executable, "-u", str(HERE / "demo.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout
        assert any("in SQLite" in line for line in demo.stdout)
        apps = children(demo.pid)
        assert len(apps) == 4
        demo.terminate()
    assert demo.returncode == 143
    assert [app for app in apps if Path(f"/proc/{app}").exists()] == []


@pytest.mark.parametrize(
    ("app", "first_route"), [("flask_app.py", "@app.post"), ("express_app.mjs", "app.get")]
)
def test_at_most_five_lines_of_an_app_name_shortcrust(app: str, first_route: str) -> None:
    setup, route, _ = (HERE / app).read_text().partition(f"\n{first_route}")
    assert route
    naming = [line for line in setup.splitlines() if "shortcrust" in line.lower()]
    assert 1 <= len(naming) <= 5
