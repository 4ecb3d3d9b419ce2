"""Any order of what may happen to runs: does one ever get into a state it may not be in?

Real: store, queue, fence and run directories. Not real: processes, of which the launcher here keeps
a list, and time, which is set at will.
"""

import shutil
import tempfile
import traceback
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backend.errors import ConflictError, OutdatedError
from backend.jobs.following import START_PATIENCE, follow
from backend.jobs.launcher import Job, Signal, Status
from backend.jobs.limits import Limits
from backend.jobs.queue import Queue
from backend.jobs.states import FINAL, LIVE, State
from backend.runs.folder import RunFolder
from backend.runs.store import Row, Store
from tests.soak import rows
from tests.soak.kills import illegal_moves

MEMORY = Path("/dev/shm")  # a disk that forgets, and on which nothing waits for the real one
DAY = 86400.0
STEPS = 40  # of one example
LIMITS = Limits(cpu_runs=2, free_mb=0, waiting=50)
MOST = 4  # runs of one example


class ServerDies(BaseException):
    """The server is killed in the middle of starting a process."""


@dataclass
class Process:
    """A worker that was started; it takes up its work some time later."""

    job: Job
    handle: str
    folder: RunFolder
    step: int = 0
    events: object = None


@dataclass
class World:
    """The launcher: which processes there are, and whether it can tell just now."""

    queues = False
    alive: list[Process] = field(default_factory=list)
    blind: str = ""  # "unknown": it cannot tell; "gone": it is wrong
    dies: str = ""  # when the server does: "before" or "after" the process is made
    count: int = 0

    def start(self, job: Job) -> str:
        if self.dies == "before":
            raise ServerDies
        self.count += 1
        process = Process(job, f"p{self.count}", RunFolder(job.folder))
        self.alive.append(process)
        if self.dies == "after":
            raise ServerDies
        return process.handle

    def poll(self, jobs: Iterable[Job]) -> dict[str, Status]:
        at_work = {(p.job.run, p.job.attempt) for p in self.alive}
        if self.blind:
            return {job.run: Status(self.blind) for job in jobs}
        return {
            job.run: Status.RUNNING if (job.run, job.attempt) in at_work else Status.GONE
            for job in jobs
        }

    def signal(self, job: Job, signal: Signal) -> None:
        if signal == Signal.KILL:
            self.alive = [p for p in self.alive if p.job.run != job.run]

    def cause(self, job: Job) -> str:
        return "killed"


class Life(RuleBasedStateMachine):
    """People, servers, processes, disks and clocks do what they like, one thing at a time."""

    done = 0  # steps of all examples

    @initialize()
    def begin(self) -> None:
        place = MEMORY if MEMORY.is_dir() else None
        self.home = Path(tempfile.mkdtemp(prefix="saccade-", dir=place))
        self.world, self.wall, self.passed = World(), 1_800_000_000.0, 0.0
        self.finished: set[str] = set()
        self.attempts: dict[str, int] = {}
        self.store = Store(self.home / "saccade.db")
        self.queue = self.opened(self.store)

    def opened(self, store: Store) -> Queue:
        return Queue(
            *(store, self.home / "runs", self.home, self.world, lambda: self.wall),
            **{"limits": LIMITS, "ticks": lambda: self.passed},
        )

    def rows(self) -> list[Row]:
        return self.store.rows()

    def chosen(self, data: st.DataObject, what: list):
        return what[data.draw(st.integers(0, len(what) - 1))]

    @precondition(lambda self: len(self.rows()) < MOST)
    @rule(device=st.sampled_from(("cpu", "cuda", "auto")))
    def submit(self, device: str) -> None:
        config = {"rule": "clapp", "data": "photos", "device": device}
        self.queue.submit(config, "photos", "0")

    @rule()
    def tick(self) -> None:
        self.queue.adopt()
        self.queue.tick()

    @precondition(lambda self: self.world.alive)
    @rule(data=st.data())
    def take_up(self, data: st.DataObject) -> None:
        """A process takes up its work; one that did so already does a step."""
        process = self.chosen(data, self.world.alive)
        try:
            if process.events is None:
                process.folder.enter(process.job.attempt)
                told = {"attempt": process.job.attempt, "handle": process.handle}
                process.folder.write("process.json", told)
                process.events = process.folder.events()
                process.events.append("state", state="running", attempt=process.job.attempt)
            process.step += 1
            process.folder.beat(attempt=process.job.attempt, step=process.step)
        except (ConflictError, FileNotFoundError):  # outdated, or the run was deleted
            self.world.alive.remove(process)

    @precondition(lambda self: any(p.events for p in self.world.alive))
    @rule(data=st.data(), state=st.sampled_from(("finished", "failed", "stopped")))
    def end(self, data: st.DataObject, state: str) -> None:
        process = self.chosen(data, [p for p in self.world.alive if p.events])
        error = {"code": "nan_loss", "message": "not a number"} if state == "failed" else None
        with suppress(OutdatedError, FileNotFoundError):
            process.folder.fence.check()
            result = {"state": state, "error": error, "attempt": process.job.attempt}
            process.folder.write("result.json", result)
        self.world.alive.remove(process)

    @precondition(lambda self: self.world.alive)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.world.alive.remove(self.chosen(data, self.world.alive))

    @precondition(lambda self: self.rows())
    @rule(data=st.data(), wish=st.sampled_from(("stop", "resume", "delete")))
    def wish(self, data: st.DataObject, wish: str) -> None:
        row = self.chosen(data, self.rows())
        with suppress(ConflictError):
            getattr(self.queue, wish)(row)
            if wish == "delete":
                self.finished.discard(row.id)
                self.attempts.pop(row.id, None)

    @rule(when=st.sampled_from(("", "before", "after")))
    def restart(self, when: str) -> None:
        """The server is killed, perhaps while it starts a process, and another one begins."""
        self.world.dies = when
        with suppress(ServerDies):
            self.queue.tick()
        self.world.dies = ""
        self.store.close()
        self.store = Store(self.home / "saccade.db")
        self.queue = self.opened(self.store)
        self.tick()

    @rule(blind=st.sampled_from(("unknown", "gone")))
    def misjudge(self, blind: str) -> None:
        """The launcher cannot tell for a while, or takes all for gone."""
        before = {row.id: row.state for row in self.rows()}
        self.world.blind = blind
        self.tick()
        self.world.blind = ""
        if blind == "unknown":
            for row in self.rows():
                assert (before[row.id], row.state) not in {(s, State.INTERRUPTED) for s in LIVE}

    @rule(seconds=st.sampled_from((-DAY, -3600.0, 3600.0, DAY)))
    def set_clock(self, seconds: float) -> None:
        """Summer time, a wrong date, a day that is skipped: no state changes by it."""
        for _ in range(3):  # what is passed, is passed
            follow(self.queue)
        before = self.rows()
        self.wall += seconds
        follow(self.queue)
        assert self.rows() == before

    @rule(seconds=st.floats(0.1, 2 * START_PATIENCE))
    def wait(self, seconds: float) -> None:
        self.passed += seconds
        self.wall += seconds

    @rule()
    def lose_database(self) -> None:
        """What is made from the directories alone says of every settled run what the store does."""
        self.queue.adopt()
        follow(self.queue)
        settled = {r.id: r for r in self.rows() if r.state in {*FINAL, State.QUEUED}}
        with closing(Store(self.home / "again.db")) as store:
            self.opened(store).rebuild()
            again = {row.id: row for row in store.rows()}
        for run, row in settled.items():
            found = again[run]
            assert (found.state, found.attempt) == (row.state, row.attempt), (found, row)
            assert (found.error, found.resumes) == (row.error, row.resumes), (found, row)

    @invariant()
    def is_as_it_may_be(self) -> None:
        if not hasattr(self, "store"):
            return
        Life.done += 1
        rows = {row.id: row for row in self.rows()}
        for row in rows.values():
            assert illegal_moves(self.store, row) == []
            assert row.attempt >= self.attempts.get(row.id, 1), "an attempt fell"
            self.attempts[row.id] = row.attempt
            if row.state == State.FINISHED:
                self.finished.add(row.id)
        assert all(rows[run].state == State.FINISHED for run in self.finished)
        let_in = [p.job.run for p in self.world.alive if p.events and may_write(p)]
        assert len(let_in) == len(set(let_in)), "two processes may write in one run"

    def teardown(self) -> None:
        """With every process gone and time to spare, all of it comes to an end."""
        if not hasattr(self, "store"):
            return
        for _ in range(6 * MOST):
            self.world.alive.clear()
            self.wait(2 * START_PATIENCE)
            self.tick()
        assert all(row.state in FINAL for row in self.rows()), self.rows()
        self.store.close()
        shutil.rmtree(self.home)


def may_write(process: Process) -> bool:
    with suppress(OutdatedError):
        process.folder.fence.check()
        return True
    return False


def any_order(examples: int, random: bool = False) -> list[rows.Row]:
    """Try so many orders, of up to STEPS each. random: others each time, not always the same."""
    Life.done, wrong = 0, []
    try:
        run_state_machine_as_test(
            Life,
            settings=settings(
                max_examples=examples,
                stateful_step_count=STEPS,
                derandomize=not random,
                deadline=None,
                database=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
        )
    except Exception as error:
        wrong.append("".join(traceback.format_exception(error)))
    note = f"{examples} orders {wrong}"
    return [("any order of events: a state that may not be", Life.done, len(wrong), note)]
