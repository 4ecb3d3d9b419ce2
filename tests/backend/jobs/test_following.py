"""Is what became of a run told by its process and directory, and by no clock?"""

from pathlib import Path

import pytest

from backend.jobs.endings import ADVICE, ENDS_FOR_GOOD
from backend.jobs.following import START_PATIENCE, follow
from backend.jobs.launcher import Signal, Status
from backend.jobs.queue import Queue
from backend.jobs.states import State
from backend.runs.store import Store
from tests.backend.conftest import Quiet
from tests.backend.jobs.stages import Clock, end, row, started, submit


def test_the_result_of_an_older_attempt_is_void(queue: Queue) -> None:
    run = started(queue)
    end(queue, run, "stopped")
    queue.tick()
    queue.resume(row(queue, run))
    queue.tick()
    queue.tick()
    assert (row(queue, run).state, row(queue, run).attempt) == (State.STARTING, 2)


def test_a_process_that_vanishes_interrupts_its_run(queue: Queue, quiet: Quiet) -> None:
    run = started(queue)
    quiet.status[run] = Status.GONE
    queue.tick()
    assert (row(queue, run).state, row(queue, run).error["code"]) == ("interrupted", "lost")


def test_a_result_is_taken_though_another_look_moves_the_run_meanwhile(
    queue: Queue, quiet: Quiet
) -> None:
    run, poll = submit(queue), quiet.poll
    queue.tick()

    def meanwhile(jobs) -> dict[str, Status]:
        queue.move(row(queue, run), State.RUNNING)
        end(queue, run, "finished")
        return poll(jobs)

    quiet.poll = meanwhile
    follow(queue)
    assert (row(queue, run).state, row(queue, run).error) == (State.FINISHED, None)


def test_a_launcher_that_cannot_tell_interrupts_nothing(queue: Queue, quiet: Quiet) -> None:
    run = started(queue)
    quiet.status[run] = Status.UNKNOWN
    queue.tick()
    assert row(queue, run).state == State.RUNNING


def test_a_result_written_just_before_the_end_is_taken(queue: Queue, quiet: Quiet) -> None:
    run = started(queue)
    quiet.status[run] = Status.GONE
    end(queue, run, "failed", {"code": "disk_full", "message": "no room"})
    queue.tick()
    assert (row(queue, run).state, row(queue, run).error["code"]) == ("failed", "disk_full")


def test_a_process_that_is_not_there_yet_is_waited_for(
    queue: Queue, quiet: Quiet, clock: Clock
) -> None:
    run = submit(queue)
    queue.move(row(queue, run), State.STARTING)  # and there its server was killed
    queue.tick()
    assert row(queue, run).state == State.STARTING
    clock.now += START_PATIENCE + 1
    queue.tick()
    assert row(queue, run).state == State.INTERRUPTED


@pytest.mark.parametrize("jump", [-86400.0, -3600.0, 3600.0, 86400.0])
def test_a_clock_that_is_set_changes_no_state(
    home: Path, quiet: Quiet, clock: Clock, jump: float
) -> None:
    store = Store(home / "saccade.db")
    queue = Queue(store, home / "runs", home, quiet, clock, ticks=Clock())  # one that nobody sets
    stopping, starting = started(queue, device="cuda"), submit(queue, device="cpu")
    queue.stop(row(queue, stopping))
    queue.move(row(queue, starting), State.STARTING)  # and there its server was killed
    follow(queue)
    before = store.rows()
    clock.now += jump
    queue.adopt()
    follow(queue)
    assert store.rows() == before
    assert (stopping, Signal.KILL) not in quiet.signals
    store.close()


@pytest.mark.parametrize("code", ADVICE)
def test_what_the_launcher_says_of_an_end_is_told(queue: Queue, quiet: Quiet, code: str) -> None:
    run = started(queue)
    quiet.status[run], quiet.causes[run] = Status.GONE, code
    follow(queue)
    error = row(queue, run).error
    state = State.FAILED if code in ENDS_FOR_GOOD else State.INTERRUPTED
    assert (row(queue, run).state, error["code"]) == (state, code)
    assert "resume the run" in error["message"]
