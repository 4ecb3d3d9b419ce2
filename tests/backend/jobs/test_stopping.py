"""Does a run that is asked to stop hear of it, once, and end in time?"""

import pytest

from backend.errors import ConflictError
from backend.jobs.following import STOP_PATIENCE
from backend.jobs.launcher import Signal, Status
from backend.jobs.queue import Queue
from backend.jobs.starting import launch
from backend.jobs.states import State
from tests.backend.conftest import Quiet
from tests.backend.jobs.stages import Clock, end, folder, row, started, submit


def test_a_run_that_does_not_stop_is_killed(queue: Queue, quiet: Quiet, clock: Clock) -> None:
    run = started(queue)
    queue.stop(row(queue, run))
    queue.tick()
    assert quiet.signals == [(run, Signal.STOP)]
    clock.now += STOP_PATIENCE + 1
    queue.tick()
    assert quiet.signals[-1] == (run, Signal.KILL)
    quiet.status[run] = Status.GONE
    queue.tick()
    assert (row(queue, run).state, row(queue, run).error["code"]) == ("stopped", "killed")


def test_a_wish_to_stop_reaches_a_process_that_was_just_being_made(
    queue: Queue, quiet: Quiet
) -> None:
    run, start = submit(queue), quiet.start

    def slow(job) -> str:
        queue.stop(row(queue, run))
        quiet.signals.clear()  # there was no process yet to hear it
        return start(job)

    quiet.start = slow
    queue.tick()
    assert row(queue, run).state == State.STOPPING
    assert quiet.signals == [(run, Signal.STOP)]


def test_a_wish_to_stop_is_not_lost_when_the_run_goes_on_meanwhile(
    queue: Queue, quiet: Quiet
) -> None:
    run = submit(queue)
    before = row(queue, run)
    queue.tick()
    queue.stop(before)  # it was queued when it was looked at
    assert row(queue, run).state == State.STOPPING
    assert quiet.signals == [(run, Signal.STOP)]


def test_a_wish_to_stop_reaches_a_process_that_was_made_since_its_run_was_looked_at(
    queue: Queue, quiet: Quiet
) -> None:
    run, heard = submit(queue), []
    queue.move(row(queue, run), State.STARTING)
    before = row(queue, run)
    launch(queue, before)
    quiet.signal = lambda job, signal: heard.append((job.handle, signal))
    queue.stop(before)
    assert heard == [("quiet-1", Signal.STOP)]


def test_a_run_that_ends_meanwhile_cannot_be_stopped(queue: Queue) -> None:
    run = started(queue)
    before = row(queue, run)
    end(queue, run, "finished")
    queue.tick()
    with pytest.raises(ConflictError, match="finished already"):
        queue.stop(before)


def test_a_run_stopped_before_its_worker_began_is_stopped(queue: Queue, quiet: Quiet) -> None:
    run = submit(queue)
    queue.tick()
    queue.stop(row(queue, run))
    quiet.status[run] = Status.GONE
    queue.tick()
    assert (row(queue, run).state, row(queue, run).error) == (State.STOPPED, None)


def test_a_run_of_long_steps_has_longer_to_stop(queue: Queue, quiet: Quiet, clock: Clock) -> None:
    run = started(queue)
    folder(queue, run).beat(attempt=1, step_seconds=2.0)
    queue.stop(row(queue, run))
    queue.tick()
    clock.now += STOP_PATIENCE + 39
    queue.tick()
    assert (run, Signal.KILL) not in quiet.signals
    clock.now += 2
    queue.tick()
    assert (run, Signal.KILL) in quiet.signals


def test_a_run_that_was_asked_to_stop_elsewhere_is_told_here(queue: Queue, quiet: Quiet) -> None:
    """The server of another container says so in the store, and cannot reach the process."""
    run = started(queue)
    queue.move(row(queue, run), State.STOPPING)
    queue.tick()
    queue.tick()
    assert quiet.signals == [(run, Signal.STOP)]


def test_a_wish_to_stop_that_cannot_be_passed_on_is_kept(queue: Queue, quiet: Quiet) -> None:
    run, signal = started(queue), quiet.signal

    def away(*_: object) -> None:
        raise TimeoutError("the engine does not answer")

    quiet.signal = away
    queue.stop(row(queue, run))
    queue.tick()
    assert row(queue, run).state == State.STOPPING and quiet.signals == []
    quiet.signal = signal
    queue.tick()
    assert quiet.signals == [(run, Signal.STOP)]


def test_a_run_that_waits_again_on_a_cluster_is_stopped_there(queue: Queue, quiet: Quiet) -> None:
    run = started(queue)
    queue.stop(row(queue, run))
    quiet.status[run], quiet.causes[run] = Status.GONE, "cancelled"
    queue.tick()
    assert (row(queue, run).state, row(queue, run).error) == (State.STOPPED, None)


def test_a_stop_that_could_not_be_passed_on_is_passed_on_before_anything_is_killed(
    queue: Queue, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(queue)
    sent = quiet.signal

    def away(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(quiet, "signal", away)
    queue.stop(row(queue, run))
    queue.ticks = lambda: 10_000.0
    queue.tick()
    monkeypatch.setattr(quiet, "signal", sent)
    queue.tick()
    assert quiet.signals == [(run, Signal.STOP)]
    queue.tick()
    assert quiet.signals == [(run, Signal.STOP)]  # its patience began with the telling


def test_a_waiting_run_of_a_cluster_is_stopped_through_the_cluster(
    queue: Queue, quiet: Quiet
) -> None:
    quiet.queues = True
    run = submit(queue, device="cuda")
    queue.stop(row(queue, run))
    assert row(queue, run).state == State.STOPPING
    assert quiet.signals == [(run, Signal.STOP)]
