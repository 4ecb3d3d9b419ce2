"""The runs that wait, start, go on and end: every change of a run's state is made here.

`tick` brings the store to where the processes and run directories are, queues what was interrupted
once more, then starts what waits. It may run in several processes at once: each change is a
compare-and-set. How long something takes is counted by a clock that nobody can set.
"""

import itertools
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.errors import (
    BusyError,
    ConflictError,
    DiskFullError,
    NotFoundError,
    SaccadeError,
    failure_of,
)
from backend.jobs.adoption import adopt, rebuild
from backend.jobs.endings import BY_ITSELF, ending
from backend.jobs.launcher import Job, Launcher, Signal, Status
from backend.jobs.limits import ANY, Limits
from backend.jobs.process import handle_of
from backend.jobs.states import FINAL, LIVE, MOVES, RESUMABLE, State
from backend.runs.folder import RunFolder
from backend.runs.store import Row, Store
from backend.runs.trash import Trash

STOP_PATIENCE = 10.0  # seconds a run has to finish its step and save before it is killed
PASSING_ON = 30.0  # seconds that a cluster may take to tell a run, and to show how it ended
STEPS = 20  # of its usual steps that it has beside these
LONGEST_STEP = 30.0  # seconds of a step that count for this
START_PATIENCE = 5.0  # seconds a process has to take up its work, where nothing tells that it runs
SPREAD = 2  # random bytes of an id: short enough to be read out
TRIES = 3  # at a change of state that someone else may get in between


class Queue:
    """Runs of one home folder. Runs that ship are none of it."""

    def __init__(
        self,
        store: Store,
        runs: Path,
        home: Path,
        launcher: Launcher,
        clock: Callable[[], float] = time.time,
        limits: Limits = Limits(),  # noqa: B008, frozen
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store, self.runs, self.home = store, runs, home
        self.launcher, self.clock = launcher, clock
        self.limits, self.ticks = limits, ticks
        self.since: dict[str, tuple[tuple[str, int], float]] = {}  # a run is seen in this state
        self.trash = Trash(home / "trash")
        self.told: dict[tuple[str, int], float] = {}  # when an attempt was asked to stop from here

    def submit(
        self, config: dict[str, Any], dataset: str, version: str, name: str = "", mine: bool = False
    ) -> str:
        """Enter a new run and return its id; `mine` keeps it for the caller to start itself."""
        self.check_room()
        about = self.about(config, dataset, version, name)
        folder = RunFolder(self.runs / about["id"])
        state = State.STARTING if mine else State.QUEUED
        folder.create(about, lambda new: new.tell("state", state=state, attempt=1))
        handle = handle_of(os.getpid()) if mine else None
        self.store.add(folder.id, about["created"], state, 1, self.clock(), handle=handle)
        return folder.id

    def enter(
        self,
        config: dict[str, Any],
        dataset: str,
        version: str,
        name: str,
        state: State,
        fill: Callable[[RunFolder], None],
        model: dict[str, Any] | None = None,
    ) -> str:
        """Enter a run that was trained elsewhere and has ended in `state`; return its id.

        fill: writes its checkpoints; the run appears when they are there, or not at all. model:
        what run.json says of a network that no encoder here is.
        """

        def ended(folder: RunFolder) -> None:
            fill(folder)
            folder.tell("end", state=state, error=None)
            folder.write("result.json", {"state": state, "error": None, "attempt": 1})

        self.check_room()
        word = model["name"] if model else ""
        about = self.about(config, dataset, version, name, word)
        about |= {"model": model} if model else {}
        folder = RunFolder(self.runs / about["id"])
        folder.create(about, ended)
        self.store.add(folder.id, about["created"], state, 1, self.clock())
        return folder.id

    def about(
        self, config: dict[str, Any], dataset: str, version: str, name: str, word: str = ""
    ) -> dict[str, Any]:
        """The run.json of a new run; its id begins with `word`, or else with its rule."""
        created = datetime.fromtimestamp(self.clock(), UTC)
        return {
            "id": self.new_id(f"{slug(word or config['rule'])}-{slug(dataset)}"),
            "name": name,
            "created": created.isoformat(timespec="milliseconds"),
            "config": config,
            "dataset": dataset,
            "version": version,
        }

    def new_id(self, stem: str) -> str:
        """An id that no run has, nor one in the trash; it grows by a byte where one is taken."""
        for more in itertools.count():
            run = f"{stem}-{secrets.token_hex(SPREAD + more)}"
            folders = self.runs / run, self.trash.path / run
            if not any(folder.exists() for folder in folders) and self.store.row(run) is None:
                return run

    def check_room(self) -> None:
        """Raise BusyError or DiskFullError where one run more is too much."""
        most, room = self.limits.waiting, self.limits.free_mb
        if len(self.store.rows({State.QUEUED})) >= most:
            raise BusyError(f"{most} runs wait already; let some finish, or delete some")
        self.runs.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.runs).free // 2**20
        if free < room:
            raise DiskFullError(
                f"the disk of {self.home} has {free} MB left and {room} MB are to stay free before "
                "a run begins; make room there, keep runs elsewhere with --home, or set "
                "SACCADE_FREE_MB"
            )

    def stop(self, row: Row) -> None:
        """Ask a run to stop; it saves first. Raises ConflictError if it has ended already."""
        run = row.id
        for _ in range(TRIES):
            if self.ask_to_stop(row):
                return
            if (row := self.store.row(run)) is None:
                raise NotFoundError(f"run {run} was deleted just now")
        raise ConflictError(f"run {run} was changed by someone else just now; look again")

    def ask_to_stop(self, row: Row) -> bool:
        """False where the run is not as `row` says any more."""
        if row.state in FINAL:
            raise ConflictError(f"run {row.id} is {row.state} already; there is nothing to stop")
        if row.state == State.QUEUED and not self.launcher.queues:
            return self.close(row, State.STOPPED, None)
        if row.state == State.QUEUED:  # a launcher may have taken the job and its answer been lost
            if not self.move(row, State.STARTING):
                return False
            row = self.store.row(row.id) or row
        if row.state != State.STOPPING and not self.move(row, State.STOPPING):
            return False
        row = self.store.row(row.id) or row  # its process may have been made since it was read
        self.tell_to_stop(self.job(row))
        return True

    def tell_to_stop(self, job: Job) -> None:
        """Pass the wish on; where that cannot be done now, each tick tries again."""
        with suppress(TimeoutError):
            self.launcher.signal(job, Signal.STOP)
            self.told[job.run, job.attempt] = self.ticks()

    def resume(self, row: Row, mine: bool = False) -> int:
        """Queue a run that ended before its time once more; returns the attempt."""
        if (RunFolder(self.runs / row.id).read("run.json") or {}).get("model"):
            raise ConflictError(
                f"run {row.id} was imported, and no rule here goes on with a network that was "
                "trained elsewhere; train a new run, or import other weights"
            )
        if row.state not in RESUMABLE:
            reason = "it has nothing left to do" if row.state == State.FINISHED else "it is at work"
            raise ConflictError(f"run {row.id} is {row.state} and cannot be resumed: {reason}")
        self.check_room()
        if not self.again(row, mine):
            raise ConflictError(f"run {row.id} was changed by someone else just now; look again")
        return row.attempt + 1

    def again(self, row: Row, mine: bool = False, resumes: int = 0) -> bool:
        """Begin another attempt; no process of an earlier one writes from here on."""
        state, attempt = State.STARTING if mine else State.QUEUED, row.attempt + 1
        handle = handle_of(os.getpid()) if mine else None
        if not self.move(row, state, attempt=attempt, handle=handle, resumes=resumes):
            return False
        with suppress(OSError):  # the lock keeps an earlier process out, too
            RunFolder(self.runs / row.id).fence.shut(attempt)
        self.tell(row, "state", state=state, attempt=attempt, resumes=resumes)
        return True

    def tell(self, row: Row, kind: str, **fields: Any) -> None:
        """Have a run's directory say what the store says already, if it can."""
        with suppress(OSError):
            RunFolder(self.runs / row.id).tell(kind, **fields)

    def delete(self, row: Row) -> None:
        """Move a run to the trash, out of which `restore` brings it back for ten minutes.

        Raises ConflictError while it is at work.
        """
        folder = RunFolder(self.runs / row.id)
        if row.state in LIVE or folder.is_held():
            raise ConflictError(f"run {row.id} is at work; stop it before you delete it")
        if folder.path.exists():
            self.trash.put(row, folder, self.clock())
        self.store.remove(row)

    def restore(self, run: str) -> None:
        """Bring a deleted run back. Raises NotFoundError or ConflictError."""
        deleted = self.trash.one(run)
        created = deleted.folder.about()["created"]
        state = State.STOPPED if deleted.state == State.QUEUED else State(deleted.state)
        self.trash.back(deleted, self.runs)
        self.store.add(run, created, state, deleted.attempt, self.clock())

    def tick(self, start: bool = True) -> None:
        """Learn what became of the runs at work; with `start`, start those whose turn it is."""
        self.follow()
        if start:
            self.resume_interrupted()
            self.start_waiting()

    def follow(self) -> None:
        rows = self.store.rows(LIVE)
        jobs = {row.id: self.job(row) for row in rows}
        statuses = self.launcher.poll(jobs.values())
        for row in rows:
            self.follow_one(row, jobs[row.id], statuses[row.id])

    def follow_one(self, row: Row, job: Job, status: Status) -> None:
        folder, age = RunFolder(job.folder), self.age(row)
        result, process = folder.result(row.attempt), folder.process(row.attempt)
        if result and result.get("state") in FINAL:
            self.move(row, State(result["state"]), error=result.get("error"))
        elif status is Status.GONE and (process or row.handle or age > START_PATIENCE):
            self.lost(row, job, process)
        elif row.state == State.STARTING and process:
            self.move(row, State.RUNNING, handle=process["handle"])
        elif process and not row.handle:
            self.found(row, process["handle"])
        elif row.state == State.STOPPING and (row.id, row.attempt) not in self.told:
            self.tell_to_stop(job)  # it was asked for in a process that cannot reach it
        elif row.state == State.STOPPING and self.waited(row) > self.patience(folder):
            with suppress(TimeoutError):
                self.launcher.signal(job, Signal.KILL)

    def waited(self, row: Row) -> float:
        """Seconds since a run was told to stop."""
        return self.ticks() - self.told[row.id, row.attempt]

    def patience(self, folder: RunFolder) -> float:
        """Seconds that a run may take to stop, and its launcher to pass that on."""
        return stop_patience(folder) + (PASSING_ON if self.launcher.queues else 0.0)

    def age(self, row: Row) -> float:
        """Seconds for which this process has seen the run in its state and attempt."""
        mark, now = (row.state, row.attempt), self.ticks()
        known, since = self.since.get(row.id, (None, now))
        if known != mark:
            since = now
            self.since[row.id] = (mark, now)
        return now - since

    def lost(self, row: Row, job: Job, process: dict[str, Any] | None) -> None:
        """A process is gone and left no result, unless it wrote one since we looked."""
        folder = RunFolder(job.folder)
        if folder.result(row.attempt):
            return  # the next tick takes it
        cause = self.launcher.cause(job)
        self.close(row, *ending(row.state == State.STOPPING, process, cause))

    def close(self, row: Row, state: State, error: dict[str, str] | None) -> bool:
        """End a run for which no process says so; False where it is not as `row` says any more."""
        if moved := self.move(row, state, error=error):
            self.tell(row, "end", state=state, error=error)
        return moved

    def resume_interrupted(self) -> None:
        """Queue what was interrupted once more, as often as the limits say."""
        for row in self.store.rows({State.INTERRUPTED}):
            code, late = (row.error or {}).get("code"), self.launcher.queues  # a shared disk
            if late and self.age(row) < PASSING_ON:
                continue
            if code in BY_ITSELF and row.resumes < self.limits.auto_resume:
                self.again(row, resumes=row.resumes + 1)

    def start_waiting(self) -> None:
        """Start what waits, the oldest first, where its device has room, or all of it where the
        launcher has a queue of its own."""
        if self.launcher.queues:
            for row in self.store.rows({State.QUEUED}):
                if self.start(row) is False:
                    break  # it does not answer just now
            return
        busy = [self.device(row) for row in self.store.rows(LIVE)]
        for row in self.store.rows({State.QUEUED}):
            device = self.device(row)
            if self.limits.fits(device, busy):
                busy.append(device)
                self.start(row)

    def start(self, row: Row) -> bool | None:
        """False where the launcher does not answer."""
        if self.move(row, State.STARTING) and (row := self.store.row(row.id)):
            return self.launch(row)
        return None

    def launch(self, row: Row) -> bool:
        """Have the process of a run made that was set to starting by the caller.

        False where the launcher does not answer: the run waits, and is started at a later tick.
        """
        try:
            handle = self.launcher.start(self.job(row))
        except TimeoutError:  # asked again at the next tick, it finds what it may have started
            self.move(row, State.QUEUED)
            return False
        except SaccadeError as error:
            self.close(row, State.FAILED, failure_of(error))
            return True
        except OSError as error:
            message = (
                f"the run could not be started ({error.strerror or error}); mend that and resume it"
            )
            self.close(row, State.FAILED, {"code": "internal", "message": message})
            return True
        self.found(row, handle)
        return True

    def found(self, row: Row, handle: str) -> None:
        """Keep the handle of a run's process, and tell the process what was asked meanwhile."""
        self.store.set_handle(row, handle)
        row = self.store.row(row.id)
        if row and row.state == State.STOPPING:
            self.tell_to_stop(self.job(row))

    def device(self, row: Row) -> str:
        """The device that a run asks for; "auto" may turn out to be any."""
        about = RunFolder(self.runs / row.id).read("run.json") or {}
        return about.get("config", {}).get("device", ANY)

    def adopt(self) -> None:
        """Enter run directories that the store does not know, and attempts begun by hand."""
        adopt(self)

    def rebuild(self) -> None:
        """Make the store again from the run directories alone."""
        rebuild(self)

    def job(self, row: Row) -> Job:
        """The row's attempt; who took up the work knows its handle better than who started it."""
        folder = self.runs / row.id
        process = RunFolder(folder).process(row.attempt) or {}
        return Job(row.id, row.attempt, folder, self.home, process.get("handle", row.handle))

    def move(self, row: Row, target: State, **how: Any) -> bool:
        assert target in MOVES[State(row.state)], f"{row.state} -> {target}"
        return self.store.move(row, target, self.clock(), **how)


def stop_patience(folder: RunFolder) -> float:
    """Seconds that a run may take to stop: longer where its heartbeat tells of long steps."""
    usual = (folder.read("heartbeat") or {}).get("step_seconds")
    usual = usual if isinstance(usual, int | float) and usual > 0 else 0.0
    return STOP_PATIENCE + STEPS * min(usual, LONGEST_STEP)


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:44] or "run"
