"""The proofs that no run is lost, run twice or left in a wrong state, in one list."""

import tempfile
from pathlib import Path

from tests.soak.kills import kill_matrix
from tests.soak.machine import STEPS, any_order
from tests.soak.rows import Row
from tests.soak.stops import stop_everywhere
from tests.soak.writers import kill_writers

SITE = 250  # kills in one home, beyond which looking at all of its runs takes most of the time


def soak(cases: int) -> list[Row]:
    """So many kills of servers and runs, half as many of writers, a quarter as many stops, and ten
    times as many steps of any order: rows of (what, tried, bad, note)."""
    with tempfile.TemporaryDirectory(prefix="saccade-soak-") as folder:
        home, rows = Path(folder), []
        for number, first in enumerate(range(0, cases, SITE)):
            kills = min(SITE, cases - first)
            rows += kill_matrix(home / f"kills-{number}", kills, seed=number)
        rows += kill_writers(home / "writers", cases // 2)
        rows += stop_everywhere(home / "stops", cases // 4)
    return added(rows) + any_order(10 * cases // STEPS, random=True)


def added(rows: list[Row]) -> list[Row]:
    """Rows of the same thing, tried in several homes, as one."""
    found: dict[str, Row] = {}
    for what, tried, bad, note in rows:
        _, before, worse, notes = found.get(what, (what, 0, 0, ""))
        found[what] = (what, before + tried, worse + bad, f"{notes} / {note}".removeprefix(" / "))
    return list(found.values())
