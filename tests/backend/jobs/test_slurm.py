"""What is Slurm's own: one submission whatever is lost, several processes, a controller that dies.

The tests with `real` run on the Slurm that the session starts.
"""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from backend.errors import ConflictError
from backend.jobs import following, slurmcalls
from backend.jobs.endings import ADVICE, NOT_SAVED
from backend.jobs.launcher import Job, Signal, Status
from backend.jobs.queue import Queue
from backend.jobs.slurm import Slurm, Wanted
from backend.jobs.slurmcalls import ENDED, Entry, SlurmCalls
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
from tests.backend.jobs.places import RealPlace, SlurmPlace, Told
from tests.backend.jobs.training import LONG as LONG_TRAINING

Until = Callable[..., object]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def test_a_submission_asks_for_what_was_wanted(home: Path) -> None:
    told, folder = Told(), counting(home, 1)
    wanted = Wanted("long", "lab", "2-00:00:00", "16G", nodes=2, gpus=4, cpus=8)
    assert Slurm(wanted, told).start(job_of(folder)) == "slurm/17"
    [(options, command)] = told.words
    assert set(options) >= {
        "--job-name=count-0000.1",
        f"--chdir={folder.path}",
        "--requeue",
        "--signal=B:USR1@120",
        "--partition=long",
        "--account=lab",
        "--time=2-00:00:00",
        "--mem=16G",
        "--nodes=2",
        "--gres=gpu:4",
        "--cpus-per-task=8",
    }
    assert command[1:3] == ["-m", "backend.jobs.batch"] and "--processes=4" in command
    [(options, command)] = told.words
    Slurm(Wanted(), told).start(job_of(folder))
    plain = told.words[1][0]
    assert not [word for word in plain if word.split("=")[0] in ("--partition", "--time", "--gres")]


def test_the_output_of_a_job_goes_through_no_link(home: Path, tmp_path: Path) -> None:
    told, folder = Told(), counting(home, 1)
    (folder.path / "log.txt").symlink_to(tmp_path / "thesis.tex")
    with pytest.raises(OSError):
        Slurm(Wanted(), told).start(job_of(folder))
    assert told.words == []


# Both as `strings` finds them in Slurm 22.05 (libslurmfull.so), or in the C library.
NO_ANSWERS = [
    "Unable to contact slurm controller (connect failure)",
    "Unable to contact slurm controller (receive failure)",
    "Socket timed out on send/recv operation",
    "Zero Bytes were transmitted or received",
    "Received zero length message",
    "Failed to send entire message",
    "Communication connection failure",
    "Communication shutdown failure",
    "Message send failure",
    "Message receive failure",
    "Unexpected missing socket error",
    "Slurm backup controller in standby mode",
    "Controller is in standby mode, try a different controller",
    *map(os.strerror, (errno.ECONNREFUSED, errno.ECONNRESET, errno.ETIMEDOUT, errno.EPIPE)),
    *map(os.strerror, (errno.ENOTCONN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN)),
]
REFUSALS = [
    "Invalid account or account/partition combination specified",
    "Invalid partition name specified",
    "Requested time limit is invalid (missing or exceeds some limit)",
    "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    "Requested node configuration is not available",
    "Required partition not available (inactive or drain)",
    "Requested operation is presently disabled",
    "Unable to create job record, try again",
    "Slurm internal error, contact system administrator",
    "Access/permission denied",
    "Requires more ports than can be reserved",
    "Unspecified error",
]


def submitted(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter a job, which ends as sbatch says."""
    answer = subprocess.CompletedProcess([], 1, "", said)
    monkeypatch.setattr(slurmcalls, "call", lambda *_: answer)
    SlurmCalls().submit([], [])


@pytest.mark.parametrize("said", NO_ANSWERS)
def test_no_answer_to_a_submission_is_no_refusal(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TimeoutError, match="does not answer"):
        submitted(f"sbatch: error: Batch job submission failed: {said}\n", monkeypatch)


@pytest.mark.parametrize("said", REFUSALS)
def test_a_refusal_is_one_also_where_the_answer_came_late(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = f"sbatch: error: {NO_ANSWERS[0]}, retrying\n"
    with pytest.raises(ConflictError, match="does not take the run"):
        submitted(f"{late}sbatch: error: Batch job submission failed: {said}\n", monkeypatch)


def test_nothing_that_a_person_wrote_is_in_a_submission(home: Path) -> None:
    told, folder = Told(), counting(home, 1)
    folder.write("run.json", folder.about() | {"name": "x; rm -rf ~"})
    Slurm(Wanted(), told).start(job_of(folder))
    assert "rm -rf" not in repr(told.words)
    assert slurmcalls.SCRIPT.read_text() == '#!/bin/sh\nexec "$@"\n'


@pytest.mark.parametrize("state", ENDED)
def test_each_way_to_end_is_told_apart(home: Path, state: str) -> None:
    told, folder = Told(), counting(home, 1)
    launcher, job = Slurm(Wanted(), told), job_of(folder, handle="slurm/17")
    told.jobs = {(job.name, str(folder.path)): Entry("17", state)}
    assert status(launcher, job) is Status.GONE
    code = launcher.cause(job)
    assert code == ENDED[state] and (code in ADVICE or state == "COMPLETED")
    expected = {
        "NODE_FAIL": "lost",
        "OUT_OF_MEMORY": "oom_host",
        "TIMEOUT": "timeout",
        "PREEMPTED": "preempted",
    }
    assert code == expected.get(state, code)


@pytest.mark.parametrize("state", ["PENDING", "CONFIGURING", "COMPLETING", "SUSPENDED", "NEW_ONE"])
def test_a_state_that_can_be_left_is_not_an_end(home: Path, state: str) -> None:
    told, folder = Told(), counting(home, 1)
    job = job_of(folder, handle="slurm/17")
    told.jobs = {(job.name, str(folder.path)): Entry("17", state)}
    assert status(Slurm(Wanted(), told), job) is Status.RUNNING


def test_a_run_of_another_home_with_the_same_id_is_another_job(home: Path, tmp_path: Path) -> None:
    told, folder = Told(), counting(home, 1)
    told.jobs = {("count-0000.1", str(tmp_path)): Entry("9", "RUNNING")}
    assert Slurm(Wanted(), told).start(job_of(folder)) == "slurm/17"


def test_a_job_that_slurm_forgot_is_not_gone_while_its_heart_beats(home: Path) -> None:
    folder = counting(home, 1)
    launcher, job = Slurm(Wanted(), Told(), every=0), job_of(folder, handle="slurm/17")
    folder.beat()
    assert status(launcher, job) is Status.UNKNOWN
    (folder.path / "heartbeat").unlink()
    assert status(launcher, job) is Status.GONE


def test_a_job_that_slurm_gave_up_is_not_gone_while_someone_works_in_its_directory(
    home: Path,
) -> None:
    told, folder = Told(), counting(home, 1)
    launcher, job = Slurm(Wanted(), told), job_of(folder, handle="slurm/17")
    told.jobs = {(job.name, str(folder.path)): Entry("17", "NODE_FAIL")}
    assert folder.lock.take()
    assert status(launcher, job) is Status.RUNNING
    folder.lock.release()
    assert status(launcher, job) is Status.GONE


@pytest.mark.parametrize(("at_work", "code"), [(True, "killed"), (False, "cancelled")])
def test_a_job_that_we_kill_at_work_is_told_from_one_that_only_waited(
    home: Path, at_work: bool, code: str
) -> None:
    told, folder = Told(), counting(home, 1)
    launcher, job = Slurm(Wanted(), told, every=0), job_of(folder, handle="slurm/17")
    told.jobs = {(job.name, str(folder.path)): Entry("17", "RUNNING")}
    told.cancel = lambda *_: None
    assert not at_work or folder.lock.take()
    launcher.signal(job, Signal.KILL)
    folder.lock.release()
    launcher.signal(job, Signal.KILL)  # as each tick does until it is gone
    told.jobs = {(job.name, str(folder.path)): Entry("17", "CANCELLED")}
    assert launcher.cause(job) == code


def test_many_who_ask_are_served_by_one_answer(home: Path) -> None:
    told, folder, asked = Told(), counting(home, 1), []
    job = job_of(folder, handle="slurm/17")
    told.jobs = {(job.name, str(folder.path)): Entry("17", "RUNNING")}
    told.listing = lambda: asked.append(1) or told.jobs
    launcher = Slurm(Wanted(), told)
    for _ in range(20):
        launcher.poll([job])
    assert len(asked) == 1


def test_without_the_programs_a_run_fails_with_a_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConflictError, match="there is no program squeue here; install"):
        Slurm().start(job_of(counting(home, 1)))


def test_an_answer_that_was_lost_leads_to_one_job(
    fake: SlurmPlace, home: Path, until: Until
) -> None:
    store = Store(home / "saccade.db")
    queue = Queue(store, home / "runs", home, fake.launcher())
    run = queue.submit({"rule": "clapp", "device": "cpu", "ticks": 20}, "photos", "0")
    fake.calls.lost_answer = True
    queue.tick()
    assert store.row(run).state == State.QUEUED and len(fake.calls.jobs) == 1
    until(lambda: queue.tick() or store.row(run).state == State.FINISHED)
    assert len(fake.calls.jobs) == 1 and ticks(RunFolder(queue.runs / run)) == list(range(20))
    store.close()


def test_a_run_that_was_stopped_before_its_lost_answer_was_found_does_not_begin(
    fake: SlurmPlace, home: Path, until: Until
) -> None:
    store = Store(home / "saccade.db")
    queue = Queue(store, home / "runs", home, fake.launcher())
    slow = {"ticks": LONG, "loads": 600}  # however late it is told, it has not counted yet
    run = queue.submit({"rule": "clapp", "device": "cpu", **slow}, "photos", "0")
    fake.calls.lost_answer = True
    folder = RunFolder(queue.runs / run)
    queue.tick()
    queue.stop(store.row(run))
    until(lambda: fake.calls.listing() and fake.calls.jobs["1"][3] != "RUNNING")
    until(lambda: queue.tick() or store.row(run).state == State.STOPPED)
    assert ticks(folder) == []
    store.close()


# On the real one


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


def check_once(folder: RunFolder, count: int) -> None:
    """No two processes counted at one time, and what was counted twice was not saved before."""
    assert len(pids(folder)) == len(set(pids(folder))), "two processes counted in turns"
    found = ticks(folder)
    assert set(found) == set(range(count)) and found[-1] == count - 1
    backward = [(a, b) for a, b in pairwise(found) if b != a + 1]
    assert len(backward) <= len(pids(folder)) - 1


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
