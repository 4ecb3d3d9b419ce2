"""Are jobs found again, and none taken for gone, when a server or an engine goes away?"""

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from backend.jobs.launcher import Signal, Status
from backend.jobs.local import Local
from backend.runs.folder import RunFolder
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
)
from tests.backend.jobs.places import COUNTING, SOON, Place, SlurmPlace, again, apart

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@apart
def test_another_server_finds_a_job_by_its_handle_and_stops_it(
    place: Place, home: Path, until: Until
) -> None:
    folder = counting(home, LONG)
    job = started(place.launcher(), folder)
    counts(folder, until)
    other = place.launcher()
    assert status(other, job) is Status.RUNNING
    other.signal(job, Signal.STOP)
    until(lambda: is_gone(other, job))
    assert folder.result(1)["state"] == "stopped"


@pytest.mark.parametrize("place", ["local", "slurm"], indirect=True)
def test_a_job_outlives_the_server_that_is_killed(place: Place, home: Path, until: Until) -> None:
    folder = counting(home, LONG)
    kind = "Local(w)" if isinstance(place.launcher(), Local) else "Slurm(worker=w)"
    code = f"""
        import os
        from pathlib import Path
        from backend.jobs.launcher import Job
        from backend.jobs.local import Local
        from backend.jobs.slurm import Slurm
        w = {COUNTING!r}
        print({kind}.start(Job({folder.id!r}, 1, Path({str(folder.path)!r}), Path({str(home)!r}))))
        os.sys.stdout.flush()
        os.kill(os.getpid(), 9)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=CHECKOUT, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    job, launcher = job_of(folder, handle=done.stdout.strip()), place.launcher()
    counts(folder, until)
    assert status(launcher, job) is Status.RUNNING
    launcher.signal(job, Signal.KILL)
    until(lambda: is_gone(launcher, job))


@again
def test_a_job_is_found_without_its_handle(place: SlurmPlace, home: Path, until: Until) -> None:
    folder = counting(home, LONG)
    started(place.launcher(), folder)
    other, nameless = place.launcher(), job_of(folder)
    assert status(other, nameless) is Status.RUNNING
    other.signal(nameless, Signal.KILL)
    until(lambda: is_gone(other, nameless))


@again
def test_an_engine_that_does_not_answer_makes_nothing_gone(
    place: SlurmPlace, home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, launcher = counting(home, LONG), place.launcher()
    job, elsewhere = started(launcher, folder), job_of(counting(home, 1, "count-0001"))
    counts(folder, until)
    monkeypatch.setattr("backend.jobs.slurmcalls.PATIENCE", 1.0)
    if hasattr(place, "cluster"):
        place.cluster.kill_controller()
    else:
        place.calls.away = True
    time.sleep(2 * SOON)
    begin = time.monotonic()
    told = launcher.poll([job, elsewhere])
    assert told == {folder.id: Status.RUNNING, "count-0001": Status.UNKNOWN}
    assert time.monotonic() - begin < 3
    with pytest.raises(TimeoutError):
        launcher.start(elsewhere)
    with pytest.raises(TimeoutError):
        launcher.signal(job, Signal.STOP)
    if hasattr(place, "cluster"):
        place.cluster.controller()
    else:
        place.calls.away = False
    monkeypatch.setattr("backend.jobs.slurmcalls.PATIENCE", 5.0)
    until(lambda: launcher.poll([elsewhere])["count-0001"] is Status.GONE)
    assert status(launcher, job) is Status.RUNNING and len(pids(folder)) == 1
    launcher.start(elsewhere)
    until(lambda: RunFolder(elsewhere.folder).result(1))


@again
def test_a_slow_engine_keeps_no_one_waiting_and_makes_nothing_gone(
    place: SlurmPlace, home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, launcher = counting(home, LONG), place.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    monkeypatch.setattr("backend.jobs.slurmcalls.PATIENCE", 1.0)
    if hasattr(place, "cluster"):
        place.cluster.daemons["slurmctld"].send_signal(signal.SIGSTOP)
    else:
        place.calls.away = True
    time.sleep(2 * SOON)
    begin = time.monotonic()
    told = launcher.poll([job, job_of(counting(home, 1, "count-0001"))])
    assert time.monotonic() - begin < 3
    assert set(told.values()) <= {Status.RUNNING, Status.UNKNOWN}
    if hasattr(place, "cluster"):
        place.cluster.daemons["slurmctld"].send_signal(signal.SIGCONT)
    else:
        place.calls.away = False
    until(lambda: launcher.poll([job])[job.run] is Status.RUNNING)


def test_a_handle_of_another_launcher_is_not_gone(home: Path) -> None:
    folder = counting(home, 1)
    assert status(Local(), job_of(folder, handle="slurm/7")) is Status.UNKNOWN


@pytest.mark.parametrize("place", ["fake", "slurm"], indirect=True)
def test_slurm_knows_the_processes_of_this_computer_too(place: SlurmPlace, home: Path) -> None:
    folder, local, launcher = counting(home, LONG), Local(COUNTING), place.launcher()
    job = started(local, folder)
    assert status(launcher, job) is Status.RUNNING
    launcher.signal(job, Signal.KILL)
    local.children[int(job.handle.split("/")[1])].wait()
    assert is_gone(launcher, job)
