"""Is nothing lost and nothing run twice, however servers, runs and writers are killed?

The long forms of these are in tests/soak; each prints what it tried.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.jobs.process import is_alive, pid_of
from backend.jobs.states import State
from backend.runs.folder import RunFolder
from tests.soak.kills import doubles, kill_matrix, killed
from tests.soak.machine import any_order
from tests.soak.rows import Row
from tests.soak.stops import stop_everywhere
from tests.soak.tiny import CONFIG, chained
from tests.soak.writers import kill_writers

PROOFS = {
    "kill -9 of server and runs": lambda home: kill_matrix(home, 100),
    "stop in each state": lambda home: stop_everywhere(home, 50),
    "kill -9 of writers": lambda home: kill_writers(home, 100),
    "any order of events": lambda home: any_order(40),
}


@pytest.mark.slow
@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_what_reliability_promises_holds(
    proof: Callable[[Path], list[Row]], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    results = proof(tmp_path / "home")
    with capsys.disabled():
        for what, tried, bad, note in results:
            print(f"\n{what}: {tried} tried, {bad} bad; {note}", end="")
    assert {what: bad for what, _, bad, _ in results if bad} == {}
    assert all(tried > 0 for _, tried, _, _ in results)


def tiny(home: Path, steps: int = 20) -> RunFolder:
    folder = RunFolder(home / "runs" / "tiny-0")
    config = CONFIG | {"steps": steps}
    folder.create({"id": folder.id, "created": "2026", "config": config, "dataset": "x"})
    return folder


def work(folder: RunFolder, attempt: int) -> int:
    command = [sys.executable, "-m", "tests.soak.tiny", "--run-dir", str(folder.path)]
    return subprocess.run([*command, "--attempt", str(attempt)], timeout=60).returncode


def test_the_proof_sees_a_run_that_worked_twice(home: Path) -> None:
    folder = tiny(home)
    assert work(folder, 1) == 0
    assert doubles(folder) == []
    events = folder.events()
    events.append("progress", step=20, fence=[1, 1])
    assert doubles(folder) == ["tiny-0: step 20 twice in attempt [1, 1]"]
    events.append("progress", step=21, fence=[1, 2])
    events.append("progress", step=22, fence=[1, 1])
    events.close()
    assert "tiny-0: a word of [1, 1] after [1, 2]" in doubles(folder)
    assert "tiny-0: an attempt was started twice" in doubles(folder)


def test_a_second_process_of_an_attempt_that_has_ended_does_nothing(home: Path) -> None:
    folder = tiny(home)
    assert work(folder, 1) == 0
    before = (folder.path / "events.jsonl").read_bytes()
    assert work(folder, 1) == 3
    assert (folder.path / "events.jsonl").read_bytes() == before


def test_a_second_process_of_an_attempt_that_was_killed_goes_on(
    home: Path, until: Callable
) -> None:
    folder = tiny(home, steps=10**6)  # it is killed long before them
    command = [sys.executable, "-m", "tests.soak.tiny", "--run-dir", str(folder.path)]
    first = subprocess.Popen([*command, "--attempt", "1"])
    until((folder.path / "saved.json").exists)
    assert is_alive(folder.process(1)["handle"]) and killed(pid_of(folder.process(1)["handle"]))
    first.wait()
    assert folder.result(1) is None and folder.fence.last() == (1, 1)
    steps = folder.read("saved.json")["step"] + 10
    folder.write("run.json", folder.about() | {"config": CONFIG | {"steps": steps}})
    assert work(folder, 1) == 0
    assert folder.fence.last() == (1, 2)
    assert folder.result(1)["state"] == State.FINISHED
    saved = {"step": 0, "hash": ""}
    for _ in range(steps):
        saved = chained(saved)
    assert folder.read("saved.json") == saved
