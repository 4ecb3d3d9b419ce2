"""What is Slurm's own: what is asked of its programs, and what their answers mean."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.errors import ConflictError
from backend.jobs import slurmcalls
from backend.jobs.endings import ADVICE
from backend.jobs.launcher import Signal, Status
from backend.jobs.queue import Queue
from backend.jobs.slurm import Slurm, Wanted
from backend.jobs.slurmcalls import ENDED, Entry, SlurmCalls
from backend.jobs.states import State
from backend.runs.folder import RunFolder
from backend.runs.store import Store
from tests.backend.jobs.counted import (
    LONG,
    counting,
    job_of,
    status,
    ticks,
)
from tests.backend.jobs.places import SlurmPlace, Told

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
