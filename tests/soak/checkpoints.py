"""Are checkpoints whole, runs resumed to the same weights, and failures told, whatever happens?"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.soak import breakdowns, damage, faults, full_disk, saves
from tests.soak.rows import Row


def soak(cases: int = 2000) -> list[Row]:
    """All proofs of checkpoints: so many kills while saving, and of the rest its share."""
    tenth, hundredth = max(cases // 10, 1), max(cases // 100, 1)
    proofs: list[Callable[[Path], list[Row]]] = [
        lambda home: saves.killed_saves(cases, home),
        lambda home: saves.killed_runs(tenth, home),
        lambda home: damage.damaged(10 * cases, home / "run"),
        lambda home: damage.hostile(home / "run"),
        faults.every_nth,
        lambda home: on_small_disk(hundredth, home),
        lambda home: breakdowns.diverging(tenth),
        lambda home: breakdowns.diverged_runs(hundredth, home),
        lambda home: breakdowns.out_of_memory(hundredth, home),
        lambda home: breakdowns.out_of_gpu(hundredth, home),
    ]
    rows: list[Row] = []
    for proof in proofs:
        with tempfile.TemporaryDirectory() as folder:
            rows += proof(Path(folder))
    return rows


def on_small_disk(cases: int, home: Path) -> list[Row]:
    try:
        with full_disk.small_disk(home / "disk") as disk:
            return full_disk.full_disk(cases, disk)
    except full_disk.NoDiskError as reason:
        return [("disk full under a run at work", 0, 0, str(reason))]
