"""The runs that wait, start, go on and end: every change of a run's state is made here.

`tick` brings the store to where the processes and run directories are (`following.py`), queues what
was interrupted once more, then starts what waits (`starting.py`). It may run in several processes
at once: each change is a compare-and-set. How long something takes is counted by a clock that
nobody can set.
"""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from backend.errors import BusyError, ConflictError, DiskFullError, NotFoundError
from backend.jobs.adoption import adopt, rebuild
from backend.jobs.entry import new_run
from backend.jobs.following import follow
from backend.jobs.launcher import Job, Launcher, Signal
from backend.jobs.limits import Limits
from backend.jobs.process import handle_of
from backend.jobs.starting import resume_interrupted, start_waiting
from backend.jobs.states import FINAL, LIVE, MOVES, RESUMABLE, State
from backend.runs.folder import PATIENCE, RunFolder
from backend.runs.remade import Remade
from backend.runs.store import Row, Store
from backend.runs.trash import Trash

TRIES = 3  # at a change of state that someone else may get in between


class Queue:
    """Runs of one home folder. Runs that ship are none of it.

    Raises RunError where the store is of the runs of another folder.
    """

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
        store.belong(runs)
        self.store, self.runs, self.home = store, runs, home
        self.launcher, self.clock = launcher, clock
        self.limits, self.ticks = limits, ticks
        self.since: dict[str, tuple[tuple[str, int], float]] = {}  # a run is seen in this state
        self.refused: dict[str, str] = {}  # why directories are not entered, by run: sentences
        self.trash = Trash(home / "trash")
        self.told: dict[tuple[str, int], float] = {}  # when an attempt was asked to stop from here

    def submit(
        self, config: dict[str, Any], dataset: str, version: str, name: str = "", mine: bool = False
    ) -> str:
        """Enter a new run and return its id; `mine` keeps it for the caller to start itself."""
        self.check_room()
        about = new_run(self, config, dataset, version, name)
        folder = RunFolder(self.runs / about["id"])
        state = State.STARTING if mine else State.QUEUED
        folder.create(about, lambda new: new.tell("state", state=state, attempt=1))
        self.add(folder, about, state, handle_of(os.getpid()) if mine else None)
        return folder.id

    def add(
        self, folder: RunFolder, about: dict[str, Any], state: State, handle: str | None = None
    ) -> None:
        """Tell the store of a new directory; one it is not told of would be found, and begin."""
        try:
            self.store.add(folder.id, about["created"], state, 1, self.clock(), handle=handle)
        except BaseException:
            with suppress(OSError):
                folder.remove()
            raise

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
        about = new_run(self, config, dataset, version, name, word)
        about |= {"model": model} if model else {}
        folder = RunFolder(self.runs / about["id"])
        folder.create(about, ended)
        self.add(folder, about, state)
        return folder.id

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
        if RunFolder(self.runs / row.id).is_held(PATIENCE):  # who has just ended lets go of it
            raise ConflictError(
                f"another process works in the directory of run {row.id}, as `saccade analyse` "
                "does; wait until it has ended, or end it, and resume the run then"
            )
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
        Remade(self.home).forget(row.id)
        self.store.remove(row)

    def restore(self, run: str) -> None:
        """Bring a deleted run back. Raises NotFoundError or ConflictError."""
        deleted = self.trash.one(run)
        created = deleted.folder.about()["created"]
        waited = deleted.state == State.QUEUED
        known = State(deleted.state) if deleted.state in FINAL else State.INTERRUPTED
        state = State.STOPPED if waited else known
        # Its row comes first: a directory without one is entered as it looks to who finds it.
        how = (run, created, state, deleted.attempt, self.clock())
        never = self.limits.auto_resume  # it begins when a person asks for it
        new = self.store.add(*how, error=deleted.error, resumes=never)
        try:
            self.trash.back(deleted, self.runs)
        except BaseException:
            if new and (row := self.store.row(run)):
                self.store.remove(row)
            raise

    def tick(self, start: bool = True) -> None:
        """Learn what became of the runs at work; with `start`, start those whose turn it is."""
        follow(self)
        if start:
            resume_interrupted(self)
            start_waiting(self)

    def found(self, row: Row, handle: str) -> None:
        """Keep the handle of a run's process, and tell the process what was asked meanwhile."""
        self.store.set_handle(row, handle)
        row = self.store.row(row.id)
        if row and row.state == State.STOPPING:
            self.tell_to_stop(self.job(row))

    def age(self, row: Row) -> float:
        """Seconds for which this process has seen the run in its state and attempt."""
        mark, now = (row.state, row.attempt), self.ticks()
        known, since = self.since.get(row.id, (None, now))
        if known != mark:
            since = now
            self.since[row.id] = (mark, now)
        return now - since

    def close(self, row: Row, state: State, error: dict[str, str] | None) -> bool:
        """End a run for which no process says so; False where it is not as `row` says any more."""
        if moved := self.move(row, state, error=error):
            self.tell(row, "end", state=state, error=error)
        return moved

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
