"""Does every launcher keep the contract: each attempt started once, and worked off to its end?

inline is the process of the caller and has a part of it; `fake` is the launcher of Slurm over
programs of the test's own. Jobs count instead of training, but for the last tests.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.errors import ConflictError
from backend.jobs.attempt import LOCK_PATIENCE
from backend.jobs.inline import Inline
from backend.jobs.launcher import Signal, Status
from backend.jobs.local import Local
from backend.jobs.queue import Queue
from backend.jobs.slurm import Slurm
from backend.jobs.states import State
from backend.runs.folder import RunFolder
from backend.runs.store import Store
from backend.settings import CHECKOUT
from tests.backend.jobs.counted import (
    LONG,
    Until,
    counting,
    counts,
    is_gone,
    job_of,
    pids,
    started,
    status,
    ticks,
)
from tests.backend.jobs.directory import events, made, weights
from tests.backend.jobs.places import COUNTING, Place, apart, everywhere

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


# Start


@pytest.mark.parametrize("kind", ["a pipe", "a link"])
def test_a_log_that_is_no_plain_file_is_not_waited_for_or_written_to(home: Path, kind: str) -> None:
    folder, elsewhere = counting(home, 5), home / "elsewhere"
    elsewhere.touch()
    log = folder.path / "log.txt"
    os.mkfifo(log) if kind == "a pipe" else log.symlink_to(elsewhere)
    with pytest.raises(OSError):
        Local(COUNTING).start(job_of(folder))
    assert elsewhere.read_bytes() == b""


@everywhere
def test_a_job_is_worked_off_and_leaves_its_result(place: Place, home: Path, until: Until) -> None:
    folder, launcher = counting(home, 5), place.launcher()
    started(launcher, folder)
    until(lambda: folder.result(1))
    assert folder.result(1) == {"state": "finished", "error": None, "attempt": 1}
    assert ticks(folder) == [0, 1, 2, 3, 4]


@everywhere
def test_a_job_that_ended_is_gone(place: Place, home: Path, until: Until) -> None:
    folder, launcher = counting(home, 2), place.launcher()
    job = started(launcher, folder)
    if not isinstance(launcher, Inline):  # its job was this very process, which goes on
        until(lambda: is_gone(launcher, job))
    assert folder.result(1) and not folder.is_held()


@apart
def test_a_job_at_work_runs(place: Place, home: Path, until: Until) -> None:
    folder, launcher = counting(home, LONG), place.launcher()
    job = started(launcher, folder)
    assert status(launcher, job) is Status.RUNNING
    counts(folder, until)
    assert status(launcher, job) is Status.RUNNING


@apart
def test_many_jobs_are_asked_for_at_once(place: Place, home: Path, until: Until) -> None:
    launcher = place.launcher()
    folders = [counting(home, LONG, f"count-000{n}") for n in range(3)]
    jobs = [started(launcher, folder) for folder in folders]
    never = job_of(counting(home, 1, "count-0009"))
    for folder in folders:
        counts(folder, until)
    launcher.signal(jobs[1], Signal.KILL)
    until(lambda: is_gone(launcher, jobs[1]))
    told = launcher.poll([*jobs, never])
    assert list(told.values()) == [Status.RUNNING, Status.GONE, Status.RUNNING, Status.GONE]


@apart
def test_what_the_process_says_is_added_to_the_log(place: Place, home: Path, until: Until) -> None:
    folder, launcher = counting(home, 3), place.launcher()
    folder.log("before")
    log, grown = folder.path / "log.txt", []
    started(launcher, folder)
    until(lambda: grown.append(log.stat().st_size) or folder.result(1))
    until(lambda: "finished" in log.read_text())
    assert "before" in log.read_text() and "counts from 0" in log.read_text()
    assert grown == sorted(grown)


@apart
def test_a_home_of_any_name_will_do(place: Place, tmp_path: Path, until: Until) -> None:
    home = tmp_path / """a %j b$(touch oops) "c' ;d"""
    folder, launcher = counting(home, 2), place.launcher()
    job = started(launcher, folder)
    until(lambda: folder.result(1))
    until(lambda: is_gone(launcher, job))
    assert sorted(path.name for path in folder.path.iterdir() if "oops" in path.name) == []
    assert "counts from 0" in (folder.path / "log.txt").read_text()


@apart
def test_a_run_is_told_how_threads_wait_and_not_the_token_of_the_server(
    place: Place, home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SACCADE_TOKEN", "a secret of the server")
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    folder = counting(home, LONG)
    started(place.launcher(), folder)
    counts(folder, until)
    environ = Path(f"/proc/{pids(folder)[0]}/environ").read_bytes()
    assert b"GOMP_SPINCOUNT=7" in environ and b"a secret of the server" not in environ


# Once for each attempt


@apart
def test_an_attempt_is_started_once_however_often_that_is_asked(
    place: Place, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, 150), place.launcher()
    handles = {launcher.start(job_of(folder)) for _ in range(3)}
    assert len(handles) == 1
    counts(folder, until)
    launcher.start(job_of(folder))
    until(lambda: folder.result(1))
    assert ticks(folder) == list(range(150)) and len(pids(folder)) == 1


@apart
def test_another_server_that_starts_the_same_attempt_finds_it(
    place: Place, home: Path, until: Until
) -> None:
    folder = counting(home, LONG)
    first = started(place.launcher(), folder)
    counts(folder, until)
    second = place.launcher()
    assert second.start(job_of(folder)) == folder.process(1)["handle"] == first.handle
    assert status(second, first) is Status.RUNNING
    assert len(events(folder, "begin")) == 1


@apart
def test_a_second_process_of_the_same_attempt_ends_and_spoils_nothing(
    place: Place, home: Path, until: Until
) -> None:
    folder = counting(home, LONG)
    started(place.launcher(), folder)
    counts(folder, until)
    before = folder.read("process.json")
    assert LOCK_PATIENCE > 1
    code = "import sys, runpy, backend.jobs.attempt as a; a.LOCK_PATIENCE = 0.1;"
    code += f"runpy.run_module({COUNTING!r}, run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", code, f"--run-dir={folder.path}", "--attempt=1"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3, done.stderr
    assert folder.read("process.json") == before and len(events(folder, "begin")) == 1


@everywhere
def test_an_attempt_that_has_ended_is_not_begun_again(
    place: Place, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, 2), place.launcher()
    started(launcher, folder)
    until(lambda: folder.result(1) and not folder.is_held())
    if isinstance(launcher, Inline):
        with pytest.raises(ConflictError, match="has ended already"):
            launcher.start(job_of(folder))
    else:
        job = started(place.launcher(), folder)
        until(lambda: is_gone(launcher, job))
    assert ticks(folder) == [0, 1] and folder.result(1)["state"] == "finished"


@everywhere
def test_the_next_attempt_goes_on_from_what_was_saved(
    place: Place, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, 6), place.launcher()
    folder.write("saved.json", {"tick": 4})
    started(launcher, folder, attempt=2)
    until(lambda: folder.result(2))
    assert ticks(folder) == [4, 5] and folder.result(1) is None


@apart
def test_an_attempt_that_is_out_of_date_is_refused(place: Place, home: Path, until: Until) -> None:
    folder, launcher = counting(home, 6), place.launcher()
    folder.write("process.json", {"attempt": 3, "handle": "x"})
    job = started(launcher, folder, attempt=2)
    until(lambda: is_gone(launcher, job))
    assert "out of date" in (folder.path / "log.txt").read_text() and ticks(folder) == []


# All together


@everywhere
def test_the_queue_takes_a_run_from_waiting_to_its_end(
    place: Place, home: Path, until: Until
) -> None:
    store = Store(home / "saccade.db")
    queue = Queue(store, home / "runs", home, place.launcher())
    run = queue.submit({"rule": "clapp", "device": "cpu", "ticks": 20}, "photos", "0")
    until(lambda: queue.tick() or store.row(run).state == State.FINISHED)
    assert ticks(RunFolder(queue.runs / run)) == list(range(20))
    store.close()


@apart
def test_the_queue_stops_a_run(place: Place, home: Path, until: Until) -> None:
    store = Store(home / "saccade.db")
    queue = Queue(store, home / "runs", home, place.launcher())
    run = queue.submit({"rule": "clapp", "device": "cpu", "ticks": LONG}, "photos", "0")
    until(lambda: queue.tick() or store.row(run).state == State.RUNNING)
    queue.stop(store.row(run))
    until(lambda: queue.tick() or store.row(run).state == State.STOPPED)
    assert store.row(run).error is None, "it was killed"
    store.close()


@pytest.mark.parametrize("word", ["local", "slurm"])  # `trained` is what inline made
def test_the_real_worker_trains_to_the_end_with_the_weights_of_any_other(
    word: str,
    home: Path,
    config: dict,
    trained: tuple[Path, str],
    until: Until,
    request: pytest.FixtureRequest,
) -> None:
    if word == "slurm":
        request.getfixturevalue("real")
    launcher = {"local": Local, "slurm": Slurm}[word]()
    folder = made(home, config, epochs=1, keep="0")
    job, alone = started(launcher, folder), RunFolder(trained[0] / "runs" / trained[1])
    until(lambda: folder.result(1))
    assert folder.result(1)["state"] == "finished"
    for epoch in (0, 1):
        assert weights(folder, epoch) == weights(alone, epoch)
    assert [event["epoch"] for event in events(folder, "analysed")] == [1, 0]
    until(lambda: is_gone(launcher, job))
