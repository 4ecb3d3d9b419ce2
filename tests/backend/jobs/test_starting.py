"""Does each run that waits, or was interrupted, begin when its turn comes, and once?"""

from pathlib import Path

import pytest

from backend.jobs.limits import Limits
from backend.jobs.queue import Queue
from backend.jobs.starting import start
from backend.jobs.states import State
from backend.runs.lock import Lock
from backend.runs.store import Store
from tests.backend.conftest import Quiet
from tests.backend.jobs.stages import folder, killed, row, started, submit, take_up


def test_runs_on_different_devices_go_side_by_side(queue: Queue, quiet: Quiet) -> None:
    for device in ("cuda", "cpu", "cuda", "auto"):
        submit(queue, device=device)
    queue.tick()
    assert len(quiet.started) == 2


def test_a_launcher_that_fails_fails_the_run(queue: Queue, quiet: Quiet) -> None:
    def refuse(_) -> str:
        raise OSError(12, "Cannot allocate memory")

    quiet.start = refuse
    run = submit(queue)
    queue.tick()
    assert row(queue, run).state == State.FAILED
    assert "Cannot allocate memory" in row(queue, run).error["message"]


@pytest.mark.parametrize("config", [[], None, {"device": ["cpu"]}])
def test_a_run_whose_settings_are_none_keeps_no_other_from_beginning(
    queue: Queue, config: object
) -> None:
    odd, good = submit(queue), submit(queue, device="cpu")
    folder(queue, odd).write("run.json", {"config": config})
    queue.limits = Limits(cpu_runs=2)
    queue.tick()
    assert row(queue, good).state == State.STARTING


def test_a_run_that_waits_and_is_analysed_by_hand_begins_after_that(queue: Queue) -> None:
    analysed, other = submit(queue, device="cpu"), submit(queue, device="cpu")
    lock = Lock(queue.runs / analysed / "lock")
    assert lock.take()
    queue.limits = Limits(cpu_runs=2)
    queue.tick()
    assert row(queue, analysed).state == State.QUEUED
    assert row(queue, other).state == State.STARTING
    lock.release()
    queue.tick()
    assert row(queue, analysed).state == State.STARTING


def test_of_two_servers_one_starts_a_run(queue: Queue, quiet: Quiet, home: Path) -> None:
    store = Store(home / "saccade.db")
    other = Queue(store, home / "runs", home, quiet, queue.clock)
    run = submit(queue)
    stale = row(queue, run)
    queue.tick()
    start(other, stale)
    other.tick()
    assert len(quiet.started) == 1
    store.close()


def test_an_interrupted_run_goes_on_once_by_itself(queue: Queue, quiet: Quiet) -> None:
    queue.limits = Limits(auto_resume=1)
    run = started(queue)
    killed(queue, quiet, run)
    assert (row(queue, run).state, row(queue, run).error["code"]) == ("interrupted", "killed")
    queue.tick()
    assert (row(queue, run).state, row(queue, run).attempt) == (State.STARTING, 2)
    assert folder(queue, run).fence.last()[0] == 2  # the first attempt writes nothing more
    take_up(queue, run)
    killed(queue, quiet, run)
    queue.tick()
    assert (row(queue, run).state, row(queue, run).attempt) == (State.INTERRUPTED, 2)
    queue.resume(row(queue, run))  # a person may, and it is counted anew from there
    queue.tick()
    take_up(queue, run)
    killed(queue, quiet, run)
    queue.tick()
    assert (row(queue, run).state, row(queue, run).attempt) == (State.STARTING, 4)


def test_an_interrupted_run_that_is_analysed_by_hand_goes_on_after_that(
    queue: Queue, quiet: Quiet
) -> None:
    queue.limits = Limits(auto_resume=1)
    run = started(queue)
    killed(queue, quiet, run)
    lock = Lock(queue.runs / run / "lock")
    assert lock.take()
    queue.tick()
    assert (row(queue, run).state, row(queue, run).attempt) == (State.INTERRUPTED, 1)
    lock.release()
    queue.tick()
    assert (row(queue, run).state, row(queue, run).attempt) == (State.STARTING, 2)


@pytest.mark.parametrize("why", ["oom_host", "internal"])
def test_a_run_that_would_end_the_same_way_does_not_go_on_by_itself(
    queue: Queue, quiet: Quiet, why: str
) -> None:
    queue.limits = Limits(auto_resume=5)
    run = started(queue)
    quiet.causes[run] = why
    killed(queue, quiet, run)
    queue.tick()
    assert (row(queue, run).state, row(queue, run).error["code"]) == ("failed", why)


def test_a_look_that_starts_nothing_resumes_nothing(queue: Queue, quiet: Quiet) -> None:
    queue.limits = Limits(auto_resume=1)
    run = started(queue)
    killed(queue, quiet, run)
    queue.tick(start=False)
    assert row(queue, run).state == State.INTERRUPTED


def test_runs_of_before_the_policy_stay_as_they_are(queue: Queue, quiet: Quiet) -> None:
    queue.limits = Limits(auto_resume=1)
    run = started(queue)
    old = {"code": "interrupted", "message": "the process ended without a word"}
    queue.move(row(queue, run), State.INTERRUPTED, error=old)
    queue.tick()
    assert row(queue, run).state == State.INTERRUPTED


@pytest.mark.parametrize(
    ("device", "busy", "fits"),
    [
        ("cpu", [], True),
        ("cpu", ["cpu"], True),
        ("cpu", ["cpu", "cpu"], False),
        ("cpu", ["cuda", "auto"], True),
        ("cpu", ["auto", "cpu"], False),
        ("cuda", ["cpu", "cpu"], True),
        ("cuda", ["cuda"], False),
        ("cuda", ["auto"], False),
        ("auto", ["cpu"], True),
        ("auto", ["auto"], False),
        ("auto", ["cpu", "cpu"], False),
    ],
)
def test_a_device_has_one_run_and_the_processor_as_many_as_were_said(
    device: str, busy: list[str], fits: bool
) -> None:
    assert Limits(cpu_runs=2).fits(device, busy) is fits


def test_a_start_of_which_nothing_is_known_is_asked_for_again(queue: Queue, quiet: Quiet) -> None:
    run, start = submit(queue), quiet.start

    def away(*_: object) -> str:
        raise TimeoutError("the engine does not answer")

    quiet.start = away
    queue.tick()
    assert (row(queue, run).state, row(queue, run).attempt) == (State.QUEUED, 1)
    quiet.start = start
    queue.tick()
    assert (row(queue, run).state, row(queue, run).attempt) == (State.STARTING, 1)


def test_a_launcher_with_a_queue_is_given_all_that_waits(queue: Queue, quiet: Quiet) -> None:
    quiet.queues = True
    for _ in range(3):
        submit(queue, device="cuda")
    queue.tick()
    assert len(quiet.started) == 3
