"""Are runs found that only their directories tell of, and those as they are?"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.errors import RunError
from backend.jobs.adoption import FRESH, HALF_MADE
from backend.jobs.errands import Errands
from backend.jobs.following import follow
from backend.jobs.launcher import Launcher, Status
from backend.jobs.local import Local
from backend.jobs.process import handle_of
from backend.jobs.queue import Queue
from backend.jobs.slurm import Slurm
from backend.jobs.standing import Standing, standing
from backend.jobs.states import State
from backend.jobs.uploads import Uploads
from backend.runs.folder import RunFolder
from backend.runs.store import Store
from tests.backend.conftest import Quiet
from tests.backend.jobs.places import Told as NoSlurm
from tests.backend.jobs.stages import (
    CONFIG,
    Clock,
    end,
    folder,
    killed,
    row,
    started,
    submit,
    take_up,
)

LOST = {"code": "lost", "message": "it went"}


def test_a_lost_store_is_made_again_from_the_directories(
    queue: Queue, quiet: Quiet, home: Path, clock: Clock
) -> None:
    done, alive, dead = started(queue, device="cpu"), submit(queue), submit(queue)
    end(queue, done, "finished")
    for run in (alive, dead):
        take_up(queue, run)
    quiet.status[alive] = Status.RUNNING
    store = Store(home / "new.db")
    again = Queue(store, home / "runs", home, quiet, clock)
    clock.now = (home / "runs" / dead / "run.json").stat().st_mtime + FRESH + 1
    again.adopt()
    again.tick(start=False)
    assert {r.id: r.state for r in store.rows()} == {
        done: "finished",
        alive: "running",
        dead: "interrupted",
    }
    assert store.row(done).created == row(queue, done).created
    store.close()


def test_a_directory_that_is_just_being_made_is_left_alone(queue: Queue, home: Path) -> None:
    other = RunFolder(home / "runs" / "clapp-photos-0000")
    other.create({"id": other.id, "created": "2026", "config": CONFIG, "dataset": "photos"})
    queue.clock.now = (other.path / "run.json").stat().st_mtime + 1
    queue.adopt()
    assert row(queue, other.id) is None


def test_what_a_crash_left_half_made_is_removed_in_time(queue: Queue, clock: Clock) -> None:
    half = RunFolder(queue.runs / ".clapp-photos-0000.new")
    half.path.mkdir(parents=True)
    half.write("run.json", {})
    clock.now = half.path.stat().st_mtime + HALF_MADE - 1
    queue.adopt()
    assert half.path.exists()
    clock.now += 2
    queue.adopt()
    assert not half.path.exists() and queue.store.rows() == []


def test_what_a_crash_left_of_deleted_runs_and_uploads_is_removed(queue: Queue, home: Path) -> None:
    uploads = Uploads(home / "uploads", Errands())
    parents = (queue.runs, home / "trash", home / "uploads")
    for parent in parents:
        (parent / ".0123456789abcdef.deleted" / "images").mkdir(parents=True)
    queue.adopt()
    queue.trash.purge(queue.clock())
    uploads.create("mine")
    assert [list(parent.glob(".*")) for parent in parents] == [[], [], []]


def test_an_attempt_begun_by_hand_is_adopted(queue: Queue, quiet: Quiet) -> None:
    run = started(queue)
    quiet.status[run] = Status.GONE
    queue.tick()
    folder(queue, run).write("process.json", {"attempt": 2, "handle": "by hand"})
    quiet.status[run] = Status.RUNNING
    queue.adopt()
    queue.tick()
    assert (row(queue, run).state, row(queue, run).attempt) == (State.RUNNING, 2)


def test_a_run_taken_for_lost_is_as_it_ended(queue: Queue, quiet: Quiet) -> None:
    run = started(queue)
    quiet.status[run] = Status.GONE
    queue.tick()
    assert row(queue, run).state == State.INTERRUPTED
    end(queue, run, "finished")
    queue.adopt()
    queue.tick()
    assert (row(queue, run).state, row(queue, run).error) == (State.FINISHED, None)


@pytest.mark.parametrize("launcher", [Local, lambda: Slurm(calls=NoSlurm())])
def test_a_lock_is_that_of_an_attempt_if_its_process_or_its_heart_is_there(
    queue: Queue, quiet: Quiet, launcher: Callable[[], Launcher]
) -> None:
    run = started(queue)
    killed(queue, quiet, run)
    queue.launcher = launcher()
    (here := folder(queue, run)).beat(attempt=1)
    assert here.lock.take()
    os.utime(here.path / "heartbeat", (1e9, 1e9))
    queue.adopt()
    assert row(queue, run).state == State.INTERRUPTED, "someone analyses it"
    here.beat(attempt=2)
    queue.adopt()
    assert row(queue, run).state == State.INTERRUPTED, "another attempt's"
    here.beat(attempt=1)
    queue.adopt()
    assert row(queue, run).state == State.STARTING
    queue.move(row(queue, run), State.INTERRUPTED, error=LOST)
    (here.path / "heartbeat").unlink()
    here.write("process.json", {"attempt": 1, "handle": handle_of(os.getpid())})
    queue.adopt()
    assert row(queue, run).state == State.STARTING
    here.lock.release()


def test_a_run_whose_directory_was_taken_away_is_forgotten(queue: Queue, clock: Clock) -> None:
    run = started(queue)
    end(queue, run, "finished")
    queue.tick()
    shutil.rmtree(queue.runs / run)
    clock.now += FRESH + 1
    queue.adopt()
    assert row(queue, run) is None


def test_a_run_whose_run_json_is_away_for_a_moment_is_not_forgotten(
    queue: Queue, clock: Clock
) -> None:
    run = started(queue)
    end(queue, run, "finished")
    queue.tick()
    before = row(queue, run)
    aside = (queue.runs / run / "run.json").rename(queue.runs / "aside")
    clock.now += FRESH + 1
    queue.adopt()
    aside.rename(queue.runs / run / "run.json")
    assert row(queue, run) == before


def test_the_directories_alone_make_the_same_rows_again(queue: Queue, quiet: Quiet) -> None:
    done, stopped, failed, gone, again, alive = (
        started(queue, device=f"cuda:{number}") for number in range(6)
    )
    end(queue, done, "finished")
    end(queue, stopped, "stopped")
    end(queue, failed, "failed", {"code": "nan_loss", "message": "layer 3"})
    follow(queue)
    killed(queue, quiet, gone)
    killed(queue, quiet, again)
    queue.resume(row(queue, again))
    waiting = submit(queue)
    before = {r.id: (r.state, r.attempt, r.error, r.resumes) for r in queue.store.rows()}
    assert {r.state for r in queue.store.rows()} == set(State) - {State.STARTING, State.STOPPING}
    queue.rebuild()
    assert {r.id: (r.state, r.attempt, r.error, r.resumes) for r in queue.store.rows()} == before
    assert set(before) == {done, stopped, failed, gone, again, alive, waiting}


def test_a_directory_of_a_newer_saccade_is_not_touched(queue: Queue) -> None:
    run = submit(queue)
    about = folder(queue, run).about() | {"format": 99}
    folder(queue, run).write("run.json", about)
    with pytest.raises(RunError, match="newer Saccade.*update Saccade"):
        folder(queue, run).about()
    queue.rebuild()
    assert row(queue, run) is None and (queue.runs / run).is_dir()


def test_a_directory_that_cannot_be_told_is_named_and_the_others_are_entered(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, good = submit(queue), submit(queue)
    queue.store.clear()
    queue.clock.now = (queue.runs / good / "run.json").stat().st_mtime + FRESH + 1

    def seen(folder: RunFolder) -> Standing:
        return standing(folder) if folder.id == good else 1 / 0

    monkeypatch.setattr("backend.jobs.adoption.standing", seen)
    for enter in (queue.adopt, queue.rebuild):
        enter()
        assert [row.id for row in queue.store.rows()] == [good]
        assert list(queue.refused) == [odd] and "ZeroDivisionError" in queue.refused[odd]
    monkeypatch.undo()
    queue.adopt()
    assert (len(queue.store.rows()), queue.refused) == (2, {})


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("process.json", b'{"attempt": 1%s, "handle": "x"}' % (b"0" * 30)),
        ("process.json", b'{"attempt": 1, "handle": "\\ud800"}'),
        ("result.json", b'{"state": ["failed"], "error": null}'),
        ("result.json", b'{"state": "failed", "error": {"code": "x", "message": "\\ud800"}}'),
        ("events.jsonl", b'{"seq":1,"kind":"state","state":"queued","attempt":2,"resumes":"x"}\n'),
        ("run.json", b'{"id": "a", "created": "\\ud800", "config": {}, "dataset": "x"}'),
    ],
)
def test_a_directory_with_an_odd_file_is_entered(queue: Queue, name: str, told: bytes) -> None:
    run = submit(queue)
    queue.store.clear()
    (queue.runs / run / name).write_bytes(told)
    queue.clock.now = (queue.runs / run / "run.json").stat().st_mtime + FRESH + 1
    queue.adopt()
    queue.tick(start=False)
    assert (row(queue, run).attempt, queue.refused) == (1, {})
    queue.rebuild()
    assert row(queue, run).attempt == 1
