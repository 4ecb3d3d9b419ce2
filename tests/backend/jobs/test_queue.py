"""Do runs go through their states as they should, whatever happens to their processes?"""

import random
import shutil
from pathlib import Path

import pytest

from backend.errors import ConflictError, RunError
from backend.jobs.adoption import FRESH, HALF_MADE
from backend.jobs.endings import ADVICE, ENDS_FOR_GOOD
from backend.jobs.following import START_PATIENCE, STOP_PATIENCE, follow
from backend.jobs.launcher import Signal, Status
from backend.jobs.limits import Limits
from backend.jobs.process import boot_id
from backend.jobs.queue import Queue
from backend.jobs.starting import launch, start
from backend.jobs.states import FINAL, LIVE, MOVES, RESUMABLE, State
from backend.runs import catalogue
from backend.runs.folder import RunFolder
from backend.runs.store import Row, Store
from tests.backend.conftest import Quiet

CONFIG = {"rule": "clapp", "data": "photos", "device": "auto"}


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(home: Path, quiet: Quiet, clock: Clock):
    store = Store(home / "saccade.db")
    yield Queue(store, home / "runs", home, quiet, clock, Limits(auto_resume=0), clock)
    store.close()


def submit(queue: Queue, **config: object) -> str:
    return queue.submit(CONFIG | config, "photos", "0")


def row(queue: Queue, run: str) -> Row:
    return queue.store.row(run)


def folder(queue: Queue, run: str) -> RunFolder:
    return RunFolder(queue.runs / run)


def take_up(queue: Queue, run: str) -> None:
    attempt = row(queue, run).attempt
    folder(queue, run).write("process.json", {"attempt": attempt, "handle": "theirs"})


def end(queue: Queue, run: str, state: str, error: dict | None = None) -> None:
    result = {"state": state, "error": error, "attempt": row(queue, run).attempt}
    folder(queue, run).write("result.json", result)


def started(queue: Queue, **config: object) -> str:
    """A run whose worker has taken it up."""
    run = submit(queue, **config)
    queue.tick()
    take_up(queue, run)
    queue.tick()
    assert row(queue, run).state == State.RUNNING
    return run


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


def test_the_result_of_an_older_attempt_is_void(queue: Queue) -> None:
    run = started(queue)
    end(queue, run, "stopped")
    queue.tick()
    queue.resume(row(queue, run))
    queue.tick()
    queue.tick()
    assert (row(queue, run).state, row(queue, run).attempt) == (State.STARTING, 2)


def test_runs_on_different_devices_go_side_by_side(queue: Queue, quiet: Quiet) -> None:
    for device in ("cuda", "cpu", "cuda", "auto"):
        submit(queue, device=device)
    queue.tick()
    assert len(quiet.started) == 2


def test_a_process_that_vanishes_interrupts_its_run(queue: Queue, quiet: Quiet) -> None:
    run = started(queue)
    quiet.status[run] = Status.GONE
    queue.tick()
    assert (row(queue, run).state, row(queue, run).error["code"]) == ("interrupted", "lost")


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


def test_a_launcher_that_fails_fails_the_run(queue: Queue, quiet: Quiet) -> None:
    def refuse(_) -> str:
        raise OSError(12, "Cannot allocate memory")

    quiet.start = refuse
    run = submit(queue)
    queue.tick()
    assert row(queue, run).state == State.FAILED
    assert "Cannot allocate memory" in row(queue, run).error["message"]


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


def fails() -> None:
    raise OSError("full")


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


def test_a_run_that_was_damaged_in_a_crash_can_be_resumed(queue: Queue, quiet: Quiet) -> None:
    run = started(queue)
    quiet.status[run] = Status.GONE
    with (queue.runs / run / "events.jsonl").open("ab") as file:
        file.write(b"\0" * 50 + b"\n")
    queue.tick()
    assert queue.resume(row(queue, run)) == 2
    assert row(queue, run).state == State.QUEUED


def test_a_run_whose_directory_was_taken_away_is_forgotten(queue: Queue, clock: Clock) -> None:
    run = started(queue)
    end(queue, run, "finished")
    queue.tick()
    shutil.rmtree(queue.runs / run)
    clock.now += FRESH + 1
    queue.adopt()
    assert row(queue, run) is None


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


def killed(queue: Queue, quiet: Quiet, run: str) -> None:
    """The process of a run at work vanishes, on a computer that goes on."""
    process = {"attempt": row(queue, run).attempt, "handle": f"{boot_id()}/999999/1"}
    folder(queue, run).write("process.json", process)
    quiet.status[run] = Status.GONE
    follow(queue)


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


@pytest.mark.parametrize("jump", [-86400.0, -3600.0, 3600.0, 86400.0])
def test_a_clock_that_is_set_changes_no_state(
    home: Path, quiet: Quiet, clock: Clock, jump: float
) -> None:
    store = Store(home / "saccade.db")
    queue = Queue(store, home / "runs", home, quiet, clock)  # counts by another clock
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
    moves = queue.store.connection.execute("SELECT source, target FROM moves").fetchall()
    assert len(moves) > 30
    for source, target in moves:
        assert not source or State(target) in MOVES[State(source)]
    for _ in range(20):  # left alone, with every process gone, all of it comes to an end
        clock.now += 100
        quiet.status = dict.fromkeys(runs, Status.GONE)
        queue.tick()
    assert all(row(queue, run).state in FINAL for run in runs)


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


@pytest.mark.parametrize("code", ADVICE)
def test_what_the_launcher_says_of_an_end_is_told(queue: Queue, quiet: Quiet, code: str) -> None:
    run = started(queue)
    quiet.status[run], quiet.causes[run] = Status.GONE, code
    follow(queue)
    error = row(queue, run).error
    state = State.FAILED if code in ENDS_FOR_GOOD else State.INTERRUPTED
    assert (row(queue, run).state, error["code"]) == (state, code)
    assert "resume the run" in error["message"]


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
