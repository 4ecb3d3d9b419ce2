"""The runs that wait, start, go on and end: every change of a run's state is made here.

`tick` brings the store to where the processes and run directories are, then starts what waits. It
may run in several processes at once: each change is a compare-and-set.
"""

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
    RunError,
    SaccadeError,
    failure_of,
)
from backend.jobs.launcher import Job, Launcher, Signal, Status
from backend.jobs.states import FINAL, LIVE, MOVES, RESUMABLE, State
from backend.runs.folder import ID, RunFolder
from backend.runs.store import Row, Store

MOST_WAITING = 100
ROOM = 200 * 2**20  # bytes that a new run wants free on the disk
STOP_PATIENCE = 60.0  # seconds a run has to finish its step and save before it is killed
START_PATIENCE = 20.0  # seconds a process has to take up its work
TRIES = 3  # at a change of state that someone else may get in between
FRESH = 5.0  # seconds in which a directory without a row belongs to someone who makes that row
LOST = {
    "code": "interrupted",
    "message": "the process ended without a word (it was killed, or the computer went down); "
    "resume the run to go on from its last checkpoint",
}
CAUSES = {  # what a launcher may say of a process that left no result: code -> why, and what to do
    "killed": "the process was killed or broke down; its log may tell more; resume the run to go "
    "on from its last checkpoint",
    "cancelled": "the job was cancelled by someone on the cluster; resume the run to go on from "
    "its last checkpoint",
    "oom_host": "the computer ran out of memory: take a smaller batch, crop or encoder, or ask "
    "for more memory; then resume the run",
    "timeout": "the time limit of the job was reached before it could save and be queued again; "
    "resume the run to go on from its last checkpoint, perhaps with a longer limit",
    "preempted": "the computer was given to someone else; resume the run to go on from its last "
    "checkpoint",
    "lost": "the computer that the run was on failed; resume the run to go on from its last "
    "checkpoint",
}
NOT_STARTED = {
    "code": "interrupted",
    "message": "the process did not take up its work; resume the run to start it again",
}


class Queue:
    """Runs of one home folder. Runs that ship are none of it."""

    def __init__(
        self,
        store: Store,
        runs: Path,
        home: Path,
        launcher: Launcher,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.runs, self.home = store, runs, home
        self.launcher, self.clock = launcher, clock
        self.told: set[tuple[str, int]] = set()  # the attempts that were asked to stop from here

    def submit(
        self, config: dict[str, Any], dataset: str, version: str, name: str = "", mine: bool = False
    ) -> str:
        """Enter a new run and return its id; `mine` keeps it for the caller to start itself."""
        self.check_room()
        about = self.about(config, dataset, version, name)
        folder = RunFolder(self.runs / about["id"])
        folder.create(about)
        state = State.STARTING if mine else State.QUEUED
        folder.tell("state", state=state, attempt=1)
        self.store.add(folder.id, about["created"], state, 1, self.clock())
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
            "id": f"{slug(word or config['rule'])}-{slug(dataset)}-{secrets.token_hex(2)}",
            "name": name,
            "created": created.isoformat(timespec="milliseconds"),
            "config": config,
            "dataset": dataset,
            "version": version,
        }

    def check_room(self) -> None:
        if len(self.store.rows({State.QUEUED})) >= MOST_WAITING:
            raise BusyError(f"{MOST_WAITING} runs wait already; let some finish, or delete some")
        self.runs.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.runs).free
        if free < ROOM:
            raise DiskFullError(
                f"the disk of {self.home} has {free // 2**20} MB left and a run needs "
                f"{ROOM // 2**20} MB; make room there, or keep runs elsewhere with --home"
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
        if row.state == State.QUEUED:
            if moved := self.move(row, State.STOPPED):
                RunFolder(self.runs / row.id).tell("end", state=State.STOPPED, error=None)
            return moved
        if row.state != State.STOPPING and not self.move(row, State.STOPPING):
            return False
        self.tell_to_stop(self.job(row))
        return True

    def tell_to_stop(self, job: Job) -> None:
        """Pass the wish on; where that cannot be done now, each tick tries again."""
        with suppress(TimeoutError):
            self.launcher.signal(job, Signal.STOP)
            self.told.add((job.run, job.attempt))

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
        state, attempt = State.STARTING if mine else State.QUEUED, row.attempt + 1
        if not self.move(row, state, attempt=attempt):
            raise ConflictError(f"run {row.id} was changed by someone else just now; look again")
        RunFolder(self.runs / row.id).tell("state", state=state, attempt=attempt)
        return attempt

    def delete(self, row: Row) -> None:
        """Delete a run and all it found. Raises ConflictError while it is at work."""
        folder = RunFolder(self.runs / row.id)
        if row.state in LIVE or folder.is_held():
            raise ConflictError(f"run {row.id} is at work; stop it before you delete it")
        if folder.path.exists():
            folder.remove()
        self.store.remove(row)

    def tick(self, start: bool = True) -> None:
        """Learn what became of the runs at work; with `start`, start those whose turn it is."""
        self.follow()
        if start:
            self.start_waiting()

    def follow(self) -> None:
        rows = self.store.rows(LIVE)
        jobs = {row.id: self.job(row) for row in rows}
        statuses = self.launcher.poll(jobs.values())
        for row in rows:
            self.follow_one(row, jobs[row.id], statuses[row.id])

    def follow_one(self, row: Row, job: Job, status: Status) -> None:
        folder, age = RunFolder(job.folder), self.clock() - row.changed
        result, process = folder.result(row.attempt), folder.process(row.attempt)
        if result:
            self.move(row, State(result["state"]), error=result.get("error"))
        elif status is Status.GONE and (process or row.handle or age > START_PATIENCE):
            self.lost(row, folder, process)
        elif row.state == State.STARTING and process:
            self.move(row, State.RUNNING, handle=process["handle"])
        elif process and not row.handle:
            self.found(row, process["handle"])
        elif row.state == State.STOPPING and age > STOP_PATIENCE:
            with suppress(TimeoutError):
                self.launcher.signal(job, Signal.KILL)
        elif row.state == State.STOPPING and (row.id, row.attempt) not in self.told:
            self.tell_to_stop(job)  # it was asked for in a process that cannot reach it

    def lost(self, row: Row, folder: RunFolder, process: dict[str, Any] | None) -> None:
        """A process is gone and left no result, unless it wrote one since we looked."""
        if folder.result(row.attempt):
            return  # the next tick takes it
        cause = self.launcher.cause(self.job(row))
        asked = row.state == State.STOPPING
        if asked and (not process or cause == "cancelled"):
            state, error = State.STOPPED, None  # before it had begun, or begun again
        elif cause in CAUSES:
            state, error = State.INTERRUPTED, {"code": cause, "message": CAUSES[cause]}
        else:
            state, error = State.INTERRUPTED, LOST if process else NOT_STARTED
        if self.move(row, state, error=error) and folder.path.exists():
            folder.tell("end", state=state, error=error)

    def start_waiting(self) -> None:
        """Start what waits, the oldest first: one run a device at a time, or all of it where the
        launcher has a queue of its own."""
        if self.launcher.queues:
            for row in self.store.rows({State.QUEUED}):
                self.start(row)
            return
        busy = [self.device(row) for row in self.store.rows(LIVE)]
        for row in self.store.rows({State.QUEUED}):
            device = self.device(row)
            if any(device == other or "auto" in (device, other) for other in busy):
                continue
            busy.append(device)
            self.start(row)

    def start(self, row: Row) -> None:
        if self.move(row, State.STARTING):
            self.launch(self.store.row(row.id))

    def launch(self, row: Row) -> None:
        """Have the process of a run made that was set to starting by the caller."""
        try:
            handle = self.launcher.start(self.job(row))
        except TimeoutError:  # asked again at the next tick, it finds what it may have started
            self.move(row, State.QUEUED)
            return
        except SaccadeError as error:
            self.move(row, State.FAILED, error=failure_of(error))
            return
        except OSError as error:
            message = f"the run could not be started ({error.strerror}); mend that and resume it"
            self.move(row, State.FAILED, error={"code": "internal", "message": message})
            return
        self.found(row, handle)

    def found(self, row: Row, handle: str) -> None:
        """Keep the handle of a run's process, and tell the process what was asked meanwhile."""
        self.store.set_handle(row, handle)
        row = self.store.row(row.id)
        if row and row.state == State.STOPPING:
            self.tell_to_stop(self.job(row))

    def device(self, row: Row) -> str:
        """The device that a run asks for; "auto" may turn out to be any."""
        about = RunFolder(self.runs / row.id).read("run.json") or {}
        return about.get("config", {}).get("device", "auto")

    def adopt(self) -> None:
        """Enter run directories that the store does not know, and attempts begun by hand."""
        rows = {row.id: row for row in self.store.rows()}
        for path in self.runs.glob("*/run.json"):
            folder = RunFolder(path.parent)
            row = rows.pop(folder.id, None)
            if row is None and ID.fullmatch(folder.id):
                self.adopt_folder(folder)
            elif row and row.state in RESUMABLE:
                self.adopt_attempt(row, folder)
        for row in rows.values():  # the directory was taken away by hand
            if self.clock() - row.changed > FRESH and row.state not in LIVE:
                self.store.remove(row)

    def adopt_folder(self, folder: RunFolder) -> None:
        try:
            created = folder.about()["created"]
            age = self.clock() - (folder.path / "run.json").stat().st_mtime
        except (RunError, OSError):
            return
        if age < FRESH:
            return
        attempt = (folder.process() or {}).get("attempt", 1)
        self.store.add(folder.id, created, State.STARTING, attempt, self.clock() - START_PATIENCE)
        row = self.store.row(folder.id)
        if process := folder.process():
            self.store.set_handle(row, process["handle"])

    def adopt_attempt(self, row: Row, folder: RunFolder) -> None:
        process = folder.process()
        if process and process["attempt"] > row.attempt:
            self.move(row, State.STARTING, attempt=process["attempt"], handle=process["handle"])
        elif row.state == State.INTERRUPTED and folder.result(row.attempt):
            self.move(row, State.STARTING)  # it was not lost; the next tick takes its result

    def job(self, row: Row) -> Job:
        """The row's attempt; who took up the work knows its handle better than who started it."""
        folder = self.runs / row.id
        process = RunFolder(folder).process(row.attempt) or {}
        return Job(row.id, row.attempt, folder, self.home, process.get("handle", row.handle))

    def move(self, row: Row, target: State, **how: Any) -> bool:
        assert target in MOVES[State(row.state)], f"{row.state} -> {target}"
        return self.store.move(row, target, self.clock(), **how)


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:44] or "run"
