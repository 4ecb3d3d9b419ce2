"""On a real Slurm: lost answers, preemption, a node or a controller that dies."""

import signal
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from backend.errors import ConflictError
from backend.jobs import following
from backend.jobs.endings import NOT_SAVED
from backend.jobs.launcher import Job, Signal, Status
from backend.jobs.queue import Queue
from backend.jobs.slurm import Slurm, Wanted
from backend.jobs.slurmcalls import SlurmCalls
from backend.jobs.states import State
from backend.runs.folder import RunFolder
from backend.runs.store import Store
from tests.backend.jobs.counted import (
    LONG,
    counting,
    counts,
    ends_after,
    is_gone,
    job_of,
    pids,
    started,
    status,
    ticks,
)
from tests.backend.jobs.directory import events, made
from tests.backend.jobs.places import RealPlace
from tests.backend.jobs.training import LONG as LONG_TRAINING

Until = Callable[..., object]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def test_what_slurm_refuses_is_told_in_its_words(real: RealPlace, home: Path) -> None:
    store = Store(home / "saccade.db")
    queue = Queue(store, home / "runs", home, real.launcher(partition="nowhere"))
    run = queue.submit({"rule": "clapp", "device": "cpu", "ticks": 1}, "photos", "0")
    queue.tick()
    row = store.row(run)
    assert row.state == State.FAILED
    assert "Slurm does not take the run" in row.error["message"]
    assert "nvalid partition" in row.error["message"]
    store.close()


def test_a_submission_whose_answer_was_lost_is_found_again(
    real: RealPlace, home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = SlurmCalls.submit

    def lost(calls: SlurmCalls, *words) -> str:
        submit(calls, *words)
        raise TimeoutError("the answer was lost")

    folder, launcher = counting(home, 5), real.launcher()
    monkeypatch.setattr(SlurmCalls, "submit", lost)
    with pytest.raises(TimeoutError):
        launcher.start(job_of(folder))
    with monkeypatch.context() as patch:
        patch.setattr(SlurmCalls, "submit", lambda *_: pytest.fail("it was submitted twice"))
        job = job_of(folder, handle=real.launcher().start(job_of(folder)))
    until(lambda: folder.result(1))
    until(lambda: is_gone(launcher, job))
    assert ticks(folder) == list(range(5))


def test_a_run_that_has_to_be_killed_to_stop_says_that_it_was_not_saved(
    real: RealPlace, home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "STOP_PATIENCE", 1.0)
    monkeypatch.setattr(following, "PASSING_ON", 1.0)
    store = Store(home / "saccade.db")
    queue = Queue(store, home / "runs", home, real.launcher())
    slow = {"ticks": 2, "pause": 600}  # in its first step until it is killed
    run = queue.submit({"rule": "clapp", "device": "cpu", **slow}, "photos", "0")
    folder = RunFolder(queue.runs / run)
    until(lambda: queue.tick() or (folder.read("heartbeat") or {}).get("phase") == "training")
    queue.stop(store.row(run))
    until(lambda: queue.tick() or store.row(run).state == State.STOPPED)
    assert store.row(run).error == {"code": "killed", "message": NOT_SAVED}
    store.close()


def test_a_job_that_someone_cancels_has_saved(real: RealPlace, home: Path, until: Until) -> None:
    folder, launcher = counting(home, LONG), real.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    real.cluster.call("scancel", job.handle.removeprefix("slurm/"))
    until(lambda: is_gone(launcher, job))
    assert launcher.cause(job) == "cancelled"
    assert folder.result(1) is None and folder.read("saved.json")["tick"] == len(ticks(folder))


def test_a_job_that_waits_runs_for_us_and_is_stopped_before_it_begins(
    real: RealPlace, home: Path, until: Until
) -> None:
    first, second = (counting(home, LONG, f"count-000{n}") for n in (0, 1))
    launcher = real.launcher(nodes=1, cpus=8, partition="urgent")
    at_work, waiting = started(launcher, first), started(launcher, second)
    counts(first, until)
    assert set(launcher.poll([at_work, waiting]).values()) == {Status.RUNNING}
    launcher.signal(waiting, Signal.STOP)
    until(lambda: is_gone(launcher, waiting))
    assert not second.process() and status(launcher, at_work) is Status.RUNNING


def test_a_job_that_is_preempted_saves_and_goes_on_later(
    real: RealPlace, home: Path, until: Until
) -> None:
    folder, other = counting(home, LONG), counting(home, 20, "count-0001")
    launcher, urgent = real.launcher(cpus=8), real.launcher(cpus=8, partition="urgent")
    job = started(launcher, folder)
    counts(folder, until)
    started(urgent, other)
    until(lambda: "made room" in (folder.path / "log.txt").read_text())
    count = ends_after(folder, 100)
    until(lambda: other.result(1))
    until(lambda: folder.result(1))
    assert len(pids(folder)) == 2 and ticks(folder) == list(range(count))
    until(lambda: is_gone(launcher, job))


def test_a_job_whose_node_fails_goes_on_elsewhere_and_never_twice_at_once(
    real: RealPlace, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, 600), real.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    real.cluster.call("scontrol", "update", "nodename=n1", "state=down", "reason=test")
    try:
        until(lambda: len(events(folder, "begin")) == 2)
        until(lambda: folder.result(1))
    finally:
        real.cluster.call("scontrol", "update", "nodename=n1", "state=resume")
    assert status(launcher, job) in Status
    check_once(folder, 600)


def test_a_controller_that_dies_disturbs_no_job(real: RealPlace, home: Path, until: Until) -> None:
    folder, launcher = counting(home, LONG), real.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    time.sleep(15)
    real.cluster.kill_controller()
    time.sleep(3)
    real.cluster.controller()
    until(lambda: status(launcher, job) is Status.RUNNING)
    seen = len(ticks(folder))
    until(lambda: len(ticks(folder)) > seen + 100)
    assert status(launcher, job) is Status.RUNNING
    found = ticks(folder)
    assert len(pids(folder)) == 1 and found == list(range(len(found)))


def test_a_controller_that_dies_as_a_job_begins_leads_to_no_second_one_beside_it(
    real: RealPlace, home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.jobs.slurm.SILENCE", 5.0)
    check_killed_controller(real, home, until, seconds=0)


def test_a_controller_that_dies_as_it_is_given_a_job_fails_no_run(
    real: RealPlace, home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, told = SlurmCalls.submit, []

    def cut_off(calls: SlurmCalls, *words) -> str:
        real.cluster.daemons["slurmctld"].send_signal(signal.SIGSTOP)
        killer = threading.Timer(1.0, real.cluster.kill_controller)
        killer.start()
        try:
            return submit(calls, *words)
        except (TimeoutError, ConflictError) as error:
            told.append(str(error))
            raise
        finally:
            killer.join()

    store = Store(home / "saccade.db")
    queue = Queue(store, home / "runs", home, real.launcher())
    run = queue.submit({"rule": "clapp", "device": "cpu", "ticks": 20}, "photos", "0")
    with monkeypatch.context() as patch:
        patch.setattr(SlurmCalls, "submit", cut_off)
        queue.tick()
    assert store.row(run).state == State.QUEUED and "does not answer" in told[0], told
    real.cluster.controller()
    until(lambda: queue.tick() or store.row(run).state == State.FINISHED)
    assert ticks(RunFolder(queue.runs / run)) == list(range(20))
    store.close()
    real.cluster.recover()


def check_killed_controller(real: RealPlace, home: Path, until: Until, seconds: float) -> None:
    """Kill the controller so long after a job began. Its state of a moment ago is what it knows
    then: it goes on, starts the job again, or forgot it, which our queue takes for lost."""
    folder, launcher = counting(home, 600), real.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    time.sleep(seconds)
    real.cluster.kill_controller()
    time.sleep(1)
    real.cluster.controller()
    until(lambda: is_gone(launcher, job))
    if not folder.result(1):
        again = started(launcher, folder, attempt=2)
        until(lambda: is_gone(launcher, again))
    ended = folder.result(1) or folder.result(2)
    assert ended["state"] == "finished"
    check_once(folder, 600)
    real.cluster.recover()


@pytest.mark.slow
def test_two_processes_train_and_make_room_and_the_job_waits_again(
    real: RealPlace, home: Path, config: dict, until: Until
) -> None:
    folder, launcher, job = made_room(real, home, config, until, gpus=2)
    until(lambda: launcher.entry(job, fresh=True).state == "PENDING")
    assert status(launcher, job) is Status.RUNNING and folder.result(1) is None
    launcher.signal(job, Signal.STOP)
    until(lambda: is_gone(launcher, job))


def made_room(
    real: RealPlace, home: Path, config: dict, until: Until, **wanted: int
) -> tuple[RunFolder, Slurm, Job]:
    """Train in two processes until they were told that their time is up, and have saved."""
    folder, launcher = made(home, config, **LONG_TRAINING), Slurm(Wanted(**wanted), every=0.2)
    job = started(launcher, folder)
    until(lambda: events(folder, "progress"))
    assert any("2 processes share the images" in line for line in folder.log_tail())
    real.cluster.call("scancel", "--batch", "--signal=USR1", job.handle.removeprefix("slurm/"))
    until(lambda: "made room" in (folder.path / "log.txt").read_text())
    assert list((folder.path / "checkpoints").glob("resume-*"))
    return folder, launcher, job


def check_once(folder: RunFolder, count: int) -> None:
    """No two processes counted at one time, and what was counted twice was not saved before."""
    assert len(pids(folder)) == len(set(pids(folder))), "two processes counted in turns"
    found = ticks(folder)
    assert set(found) == set(range(count)) and found[-1] == count - 1
    backward = [(a, b) for a, b in pairwise(found) if b != a + 1]
    assert len(backward) <= len(pids(folder)) - 1
