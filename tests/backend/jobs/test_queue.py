"""Do runs go through their states as they should, whatever happens to their processes?"""

import random
from threading import Timer

import pytest

from backend.errors import BusyError, ConflictError
from backend.jobs.adoption import FRESH
from backend.jobs.launcher import Status
from backend.jobs.queue import Queue
from backend.jobs.states import FINAL, LIVE, MOVES, RESUMABLE, State
from backend.runs import catalogue
from backend.runs.folder import PATIENCE, RunFolder
from backend.runs.lock import Lock
from tests.backend.conftest import Quiet
from tests.backend.jobs.stages import CONFIG, Clock, end, folder, row, started, submit, take_up


def test_every_state_can_be_left_but_finished() -> None:
    assert {state for state, after in MOVES.items() if not after} == {State.FINISHED}
    assert set(MOVES) == set(State)
    assert RESUMABLE < FINAL and not FINAL & LIVE
    assert set(catalogue.LIVE) == LIVE


def test_a_run_goes_from_queued_to_finished(queue: Queue) -> None:
    run = submit(queue)
    assert row(queue, run).state == State.QUEUED
    queue.tick()
    assert (row(queue, run).state, row(queue, run).handle) == (State.STARTING, "quiet-1")
    take_up(queue, run)
    queue.tick()
    assert (row(queue, run).state, row(queue, run).handle) == (State.RUNNING, "theirs")
    end(queue, run, "finished")
    queue.tick()
    assert row(queue, run).state == State.FINISHED


def test_a_new_run_takes_no_id_that_a_run_or_one_in_the_trash_has(
    queue: Queue, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda count: "ab" * count)
    first, second = submit(queue), submit(queue)
    assert (first, second) == ("clapp-photos-abab", "clapp-photos-ababab")
    for run in (first, second):
        queue.stop(row(queue, run))
        queue.delete(row(queue, run))
    third = submit(queue)
    queue.restore(first)
    assert {first, third} == {row.id for row in queue.store.rows()} and third != second


def test_a_run_trained_elsewhere_appears_whole_and_is_found_again(queue: Queue) -> None:
    def fill(folder: RunFolder) -> None:
        (folder.path / "checkpoints").mkdir()

    run = queue.enter(CONFIG, "photos", "0", "theirs", State.FINISHED, fill)
    assert row(queue, run).state == State.FINISHED
    assert (queue.runs / run / "checkpoints").is_dir()
    queue.store.remove(row(queue, run))  # as if the process had died before it told the store
    queue.clock.now = (queue.runs / run / "run.json").stat().st_mtime + FRESH + 1
    queue.adopt()
    queue.tick()
    assert (row(queue, run).state, row(queue, run).error) == (State.FINISHED, None)
    with pytest.raises(OSError, match="full"):
        queue.enter(CONFIG, "photos", "0", "", State.FINISHED, lambda _: fails())
    assert [folder.name for folder in queue.runs.iterdir()] == [run]


def test_a_run_that_is_analysed_by_hand_is_resumed_after_that(queue: Queue, quiet: Quiet) -> None:
    run = started(queue)
    quiet.status[run] = Status.GONE
    queue.tick()
    lock = Lock(queue.runs / run / "lock")
    assert lock.take()
    with pytest.raises(ConflictError, match=r"`saccade analyse`.*wait until it has ended"):
        queue.resume(row(queue, run))
    assert row(queue, run).state == State.INTERRUPTED
    Timer(PATIENCE / 4, lock.release).start()  # as a process that has just ended
    assert queue.resume(row(queue, run)) == 2


def test_a_run_that_was_refused_does_not_begin_later(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise BusyError("the database is in use")

    with monkeypatch.context() as patched:
        patched.setattr(queue.store, "add", busy)
        with pytest.raises(BusyError):
            submit(queue)
        with pytest.raises(BusyError):
            queue.enter(CONFIG, "photos", "0", "theirs", State.FINISHED, lambda _: None)
    assert list(queue.runs.iterdir()) == []
    queue.clock.now += 1000
    queue.adopt()
    assert queue.store.rows() == []


def fails() -> None:
    raise OSError("full")


def test_a_run_that_was_damaged_in_a_crash_can_be_resumed(queue: Queue, quiet: Quiet) -> None:
    run = started(queue)
    quiet.status[run] = Status.GONE
    with (queue.runs / run / "events.jsonl").open("ab") as file:
        file.write(b"\0" * 50 + b"\n")
    queue.tick()
    assert queue.resume(row(queue, run)) == 2
    assert row(queue, run).state == State.QUEUED


@pytest.mark.parametrize("seed", range(5))
def test_no_order_of_events_makes_an_illegal_move(
    queue: Queue, quiet: Quiet, clock: Clock, seed: int
) -> None:
    chance, runs = random.Random(seed), []

    def wish(act) -> None:
        try:
            act(row(queue, chance.choice(runs)))
        except ConflictError:
            return

    def crash() -> None:
        quiet.status[chance.choice(runs)] = Status.GONE

    def work() -> None:
        run = chance.choice(runs)
        if row(queue, run).state in LIVE and quiet.status.get(run) is Status.RUNNING:
            if folder(queue, run).process(row(queue, run).attempt):
                end(queue, run, chance.choice(["finished", "failed", "stopped"]))
                quiet.status[run] = Status.GONE
            else:
                take_up(queue, run)

    def wait() -> None:
        clock.now += chance.choice([-5.0, 1.0, 100.0])  # clocks are set back, too

    acts = [lambda: wish(queue.stop), lambda: wish(queue.resume), crash, work, wait, queue.tick]
    for _ in range(300):
        if len(runs) < 4 and chance.random() < 0.1 or not runs:
            runs.append(submit(queue))
        chance.choice(acts)()
    moves = queue.store.database.select("SELECT source, target FROM moves")
    assert len(moves) > 30
    for source, target in moves:
        assert not source or State(target) in MOVES[State(source)]
    for _ in range(20):  # left alone, with every process gone, all of it comes to an end
        clock.now += 100
        quiet.status = dict.fromkeys(runs, Status.GONE)
        queue.tick()
    assert all(row(queue, run).state in FINAL for run in runs)
