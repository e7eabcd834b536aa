"""The main job: one session, shared by a Flask and an Express app behind one port."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop import Front, Shop
from visit import visit

HERE = Path(__file__).parent


@pytest.mark.parametrize("session_format", ["flask", "sealed"])
def test_a_visit_to_both_apps_shares_one_session(session_format: str) -> None:
    with Shop(session_format) as shop, Front([shop], "") as front:
        rows = list(visit(shop, front.url))
    assert len(rows) == {"flask": 11, "sealed": 13}[session_format]
    assert [row for row in rows if not row.holds] == []


@pytest.mark.parametrize(
    ("app", "first_route"), [("flask_app.py", "@app.post"), ("express_app.mjs", "app.get")]
)
def test_at_most_five_lines_of_an_app_name_shortcrust(app: str, first_route: str) -> None:
    setup, route, _ = (HERE / app).read_text().partition(f"\n{first_route}")
    assert route
    naming = [line for line in setup.splitlines() if "shortcrust" in line.lower()]
    assert 1 <= len(naming) <= 5
