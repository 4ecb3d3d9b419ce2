"""Does a job end, save or make room as it is told, wherever it runs?"""

import sys
from pathlib import Path

import pytest

from backend.jobs.launcher import Signal, Status
from backend.jobs.process import UNKNOWN, start_of
from tests.backend.jobs.counted import (
    LONG,
    Until,
    counting,
    counts,
    ends_after,
    is_gone,
    pids,
    started,
    status,
    ticks,
)
from tests.backend.jobs.directory import events
from tests.backend.jobs.places import Place, RealPlace, SlurmPlace, again, apart

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@apart
def test_a_job_that_breaks_down_is_gone_without_a_result(
    place: Place, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, LONG, fail=3), place.launcher()
    job = started(launcher, folder)
    until(lambda: is_gone(launcher, job))
    assert folder.result(1) is None and not folder.is_held()
    assert ticks(folder) == [0, 1, 2]
    assert launcher.cause(job) in ("", "killed")


@apart
def test_a_job_that_is_asked_to_stop_saves_and_ends(place: Place, home: Path, until: Until) -> None:
    folder, launcher = counting(home, LONG), place.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    launcher.signal(job, Signal.STOP)
    until(lambda: folder.result(1))
    assert folder.result(1)["state"] == "stopped"
    assert folder.read("saved.json")["tick"] == len(ticks(folder))
    until(lambda: is_gone(launcher, job))


@apart
def test_to_be_asked_to_stop_twice_is_as_once(place: Place, home: Path, until: Until) -> None:
    folder, launcher = counting(home, LONG, pause=0.3), place.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    launcher.signal(job, Signal.STOP)
    launcher.signal(job, Signal.STOP)
    until(lambda: folder.result(1))
    assert folder.result(1)["state"] == "stopped" and folder.read("saved.json")


@apart
def test_a_job_that_is_stopped_at_once_leaves_no_process(
    place: Place, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, LONG), place.launcher()
    job = started(launcher, folder)
    launcher.signal(job, Signal.STOP)
    until(lambda: is_gone(launcher, job))
    assert not folder.is_held()
    assert (folder.result(1) or {"state": "stopped"})["state"] == "stopped"


def test_a_job_that_is_stopped_while_slurm_starts_it_does_not_begin(
    real: RealPlace, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, LONG), real.launcher()
    with real.cluster.halted():
        job = started(launcher, folder)
        until(lambda: launcher.entry(job, fresh=True).state == "RUNNING")
        launcher.signal(job, Signal.STOP)
    until(lambda: is_gone(launcher, job))
    assert not folder.is_held() and ticks(folder) == []


@apart
def test_a_killed_job_is_gone_and_lets_go_of_its_directory(
    place: Place, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, LONG), place.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    launcher.signal(job, Signal.KILL)
    until(lambda: is_gone(launcher, job))
    assert folder.result(1) is None and not folder.is_held()
    until(lambda: start_of(pids(folder)[0]) == UNKNOWN)


@apart
def test_a_job_that_is_asked_to_save_goes_on(place: Place, home: Path, until: Until) -> None:
    folder, launcher = counting(home, LONG), place.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    launcher.signal(job, Signal.SAVE)
    saved = until(lambda: folder.read("saved.json"))["tick"]
    until(lambda: len(ticks(folder)) > saved + 5)
    assert status(launcher, job) is Status.RUNNING and folder.result(1) is None
    assert len(pids(folder)) == 1


@apart
@pytest.mark.parametrize("word", list(Signal))
def test_a_signal_to_a_job_that_has_ended_does_nothing(
    place: Place, home: Path, until: Until, word: Signal
) -> None:
    folder, launcher = counting(home, 1), place.launcher()
    job = started(launcher, folder)
    until(lambda: folder.result(1) and is_gone(launcher, job))
    launcher.signal(job, word)
    assert is_gone(launcher, job) and folder.result(1)["state"] == "finished"


@again
def test_a_job_that_makes_room_saves_and_goes_on_in_the_same_attempt(
    place: SlurmPlace, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, LONG), place.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    number = job.handle.removeprefix("slurm/")
    launcher.calls.cancel(number, "--batch", "--signal=USR1")
    until(lambda: "made room" in (folder.path / "log.txt").read_text())
    count = ends_after(folder, 100)
    until(lambda: launcher.poll([job]) and len(events(folder, "begin")) == 2)
    until(lambda: launcher.poll([job]) and folder.result(1))
    assert folder.result(1)["state"] == "finished"
    assert ticks(folder) == list(range(count)) and len(pids(folder)) == 2


@again
def test_a_job_whose_time_is_up_twice_in_one_piece_of_work_is_not_begun_again(
    place: SlurmPlace, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, 3, piece=600), place.launcher()
    job, log = started(launcher, folder), folder.path / "log.txt"

    def begun(times: int) -> bool:
        launcher.poll([job])
        phase = (folder.read("heartbeat") or {}).get("phase")
        return len(events(folder, "begin")) == times and phase == "analysing"

    for times in (1, 2, 3):  # the first one has counted
        until(lambda n=times: begun(n))
        launcher.calls.cancel(job.handle.removeprefix("slurm/"), "--batch", "--signal=USR1")
        until(lambda n=times: log.read_text().count("made room") == n)
    until(lambda: is_gone(launcher, job))
    assert len(events(folder, "begin")) == 3 and ticks(folder) == [0, 1, 2]
    assert folder.result(1) is None and log.read_text().count("set SACCADE_TIME_LIMIT") == 1
    assert launcher.cause(job) == "timeout"


@again
def test_a_job_whose_time_is_up_before_its_first_step_is_not_begun_again(
    place: SlurmPlace, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, 1, loads=60), place.launcher()
    job = started(launcher, folder)
    until(lambda: events(folder, "begin"))
    launcher.calls.cancel(job.handle.removeprefix("slurm/"), "--batch", "--signal=USR1")
    until(lambda: is_gone(launcher, job))
    assert len(events(folder, "begin")) == 1 and folder.result(1) is None
    assert "set SACCADE_TIME_LIMIT" in (folder.path / "log.txt").read_text()
    assert launcher.cause(job) == "timeout"
