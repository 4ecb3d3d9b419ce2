"""Is a start that got no further told from one that did?"""

from pathlib import Path

import pytest

from backend.jobs.analyse import analyse
from backend.jobs.batch import STARTS, Batch, left
from backend.runs.folder import RunFolder
from tests.backend.jobs.counted import counting, job_of
from tests.backend.jobs.stripes import new_run, stripes


def ended(folder: RunFolder, warned: bool = True, attempt: int = 1, saves: str = "") -> int:
    """A start that Slurm warned of its time limit, or not, and what it saved; those in vain."""
    batch, before = Batch(job_of(folder, attempt), slurm={"SLURM_JOB_ID": "17"}), left(folder)
    batch.warned = warned
    if saves:
        (folder.path / "checkpoints" / saves).mkdir(parents=True)
    return batch.in_vain(folder, before)


def test_starts_that_add_nothing_are_counted_in_a_row(home: Path) -> None:
    folder = counting(home, 1)
    assert ended(folder, saves="resume-00000003") == 0
    assert not (folder.path / STARTS).exists(), "most runs need no such file"
    assert [ended(folder), ended(folder)] == [1, 2]
    assert ended(folder, saves="resume-00000007") == 0
    assert ended(folder, saves=".resume-00000009.new") == 1, "a save that was cut off"
    assert ended(folder, warned=False) == 1, "it was preempted early"
    assert ended(folder, warned=False, saves="epoch-0001") == 0
    assert [ended(folder), ended(folder, attempt=2)] == [1, 1]


@pytest.mark.parametrize("odd", [{}, {"in_vain": "x"}, {"in_vain": -1}, {"in_vain": True}])
def test_an_odd_count_of_starts_harms_nobody(home: Path, odd: dict) -> None:
    folder = counting(home, 1)
    folder.write(STARTS, {"attempt": 1} | odd)
    assert [ended(folder), ended(folder)] == [1, 2]


def test_each_piece_of_an_analysis_that_is_done_is_left_to_the_next_start(tmp_path: Path) -> None:
    folder = RunFolder(new_run(tmp_path, epochs=(3,)))
    before, done = left(folder), 0
    for step in analyse(folder.path, stripes(), device="cpu"):
        now = left(folder)
        assert bool(now - before) == (step.seconds > 0 or step.complete), step
        before, done = now, done + (step.seconds > 0)
    assert done > 20
    for _ in analyse(folder.path, stripes(), device="cpu"):
        assert left(folder) == before
