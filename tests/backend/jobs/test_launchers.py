"""Does every launcher keep the contract: one process an attempt, found again, told, told apart?

inline is the process of the caller and has a part of it; `fake` is the launcher of Slurm over
programs of the test's own. Jobs count instead of training, but for the last tests.
"""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from backend.errors import ConflictError
from backend.jobs.attempt import LOCK_PATIENCE
from backend.jobs.inline import Inline
from backend.jobs.launcher import Job, Launcher, Signal, Status
from backend.jobs.local import Local
from backend.jobs.process import UNKNOWN, start_of
from backend.jobs.queue import Queue
from backend.jobs.slurm import Slurm
from backend.jobs.states import State
from backend.runs.folder import RunFolder
from backend.runs.store import Store
from backend.settings import CHECKOUT
from tests.backend.jobs.places import COUNTING, SOON, Place, SlurmPlace
from tests.backend.jobs.test_worker import events, made, weights

Until = Callable[..., object]
LONG = 100_000  # ticks: more than any test waits for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
everywhere = pytest.mark.parametrize("place", ["inline", "local", "fake", "slurm"], indirect=True)
apart = pytest.mark.parametrize("place", ["local", "fake", "slurm"], indirect=True)
again = pytest.mark.parametrize("place", ["fake", "slurm"], indirect=True)


def counting(home: Path, ticks: int, run: str = "count-0000", **config: object) -> RunFolder:
    return made(home, {"data": "photos", "device": "cpu", "ticks": ticks}, run, **config)


def job_of(folder: RunFolder, attempt: int = 1, handle: str = "") -> Job:
    return Job(folder.id, attempt, folder.path, folder.path.parent.parent, handle)


def started(launcher: Launcher, folder: RunFolder, attempt: int = 1) -> Job:
    job = job_of(folder, attempt)
    return job_of(folder, attempt, launcher.start(job))


def status(launcher: Launcher, job: Job) -> Status:
    return launcher.poll([job])[job.run]


def is_gone(launcher: Launcher, job: Job) -> bool:
    return status(launcher, job) is Status.GONE


def ticks(folder: RunFolder) -> list[int]:
    return [event["tick"] for event in events(folder, "tick")]


def pids(folder: RunFolder) -> list[int]:
    """The processes that counted, each once for every stretch in which it did."""
    found = [event["pid"] for event in events(folder, "tick")]
    return found[:1] + [later for earlier, later in pairwise(found) if later != earlier]


def counts(folder: RunFolder, until: Until) -> None:
    """Wait until it has begun to count."""
    until(lambda: ticks(folder))


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
def test_a_run_is_not_told_the_token_of_the_server(
    place: Place, home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SACCADE_TOKEN", "a secret of the server")
    folder = counting(home, LONG)
    started(place.launcher(), folder)
    counts(folder, until)
    environ = Path(f"/proc/{pids(folder)[0]}/environ").read_bytes()
    assert b"PATH=" in environ and b"a secret of the server" not in environ


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


# Crash, stop, kill, save


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
    until(lambda: folder.result(1), 5)
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
    until(lambda: folder.result(1), 5)
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


@apart
def test_a_killed_job_is_gone_and_lets_go_of_its_directory(
    place: Place, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, LONG), place.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    launcher.signal(job, Signal.KILL)
    until(lambda: is_gone(launcher, job), 10)
    assert folder.result(1) is None and not folder.is_held()
    until(lambda: start_of(pids(folder)[0]) == UNKNOWN, 5)


@apart
def test_a_job_that_is_asked_to_save_goes_on(place: Place, home: Path, until: Until) -> None:
    folder, launcher = counting(home, LONG), place.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    launcher.signal(job, Signal.SAVE)
    saved = until(lambda: folder.read("saved.json"), 5)["tick"]
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


# The server, or the engine, goes away


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


# Made room and begun again


@again
def test_a_job_that_makes_room_saves_and_goes_on_in_the_same_attempt(
    place: SlurmPlace, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, 400), place.launcher()
    job = started(launcher, folder)
    counts(folder, until)
    number = job.handle.removeprefix("slurm/")
    launcher.calls.cancel(number, "--batch", "--signal=USR1")
    until(lambda: launcher.poll([job]) and len(events(folder, "begin")) == 2, 30)
    until(lambda: launcher.poll([job]) and folder.result(1), 30)
    assert folder.result(1)["state"] == "finished"
    assert ticks(folder) == list(range(400)) and len(pids(folder)) == 2
    assert "made room" in (folder.path / "log.txt").read_text()


@again
def test_a_job_whose_time_is_up_before_its_first_step_is_not_begun_again(
    place: SlurmPlace, home: Path, until: Until
) -> None:
    folder, launcher = counting(home, 1, loads=60), place.launcher()
    job = started(launcher, folder)
    until(lambda: events(folder, "begin"))
    launcher.calls.cancel(job.handle.removeprefix("slurm/"), "--batch", "--signal=USR1")
    until(lambda: is_gone(launcher, job), 30)
    assert len(events(folder, "begin")) == 1 and folder.result(1) is None
    assert "set SACCADE_TIME_LIMIT" in (folder.path / "log.txt").read_text()
    assert launcher.cause(job) == "killed"


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
    until(lambda: queue.tick() or store.row(run).state == State.STOPPED, 10)
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
    until(lambda: folder.result(1), 120)
    assert folder.result(1)["state"] == "finished"
    for epoch in (0, 1):
        assert weights(folder, epoch) == weights(alone, epoch)
    assert [event["epoch"] for event in events(folder, "analysed")] == [1, 0]
    until(lambda: is_gone(launcher, job))
