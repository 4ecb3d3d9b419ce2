"""Runs jobs on this computer, each as a process of its own session that outlives the server."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from backend.jobs.launcher import WORKER, Job, Signal, Status, arguments, environment, python
from backend.jobs.process import handle_of, is_alive, is_of_a_process, pid_of, send
from backend.runs import plain
from backend.runs.folder import RunFolder

NUMBERS = {
    Signal.STOP: getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM),  # Windows has no SIGTERM
    Signal.KILL: getattr(signal, "SIGKILL", signal.SIGTERM),
    Signal.SAVE: getattr(signal, "SIGUSR1", None),
}
OUTSIDE = {  # signals that come from other processes, not from a fault in this one
    getattr(signal, name, None) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")
}


class Local:
    """A launcher of processes on this computer; `worker` is the module that they run."""

    queues = False

    def __init__(self, worker: str = WORKER) -> None:
        self.worker = worker
        self.children: dict[int, subprocess.Popen] = {}
        self.handles: dict[tuple[Path, int], str] = {}  # of the children, by run and attempt
        self.codes: dict[str, int] = {}  # exit code by handle, of children that have ended
        self.lock = threading.Lock()  # of these: requests and the supervisor poll

    def start(self, job: Job) -> str:
        """The worker's output goes into the run's log: a pipe would end it with the server."""
        if handle := self.started(job):
            return handle
        own = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        with plain.appended(job.folder / "log.txt") as log:
            child = subprocess.Popen(
                python(self.worker) + arguments(job),
                cwd=job.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
                **own,
            )
        handle = handle_of(child.pid)
        with self.lock:
            self.children[child.pid] = child
            self.handles[job.folder, job.attempt] = handle
        return handle

    def started(self, job: Job) -> str:
        """The handle of the process that has this attempt already; "" where there is none."""
        process = RunFolder(job.folder).process(job.attempt) or {}
        for handle in (process.get("handle", ""), self.handles.get((job.folder, job.attempt), "")):
            if handle and is_alive(handle):
                return handle
        return ""

    def poll(self, jobs: Iterable[Job]) -> dict[str, Status]:
        with self.lock:
            for key, handle in list(self.handles.items()):
                if (code := self.children[pid_of(handle)].poll()) is not None:
                    del self.handles[key], self.children[pid_of(handle)]
                    self.codes[handle] = code
        return {job.run: self.status(job) for job in jobs}

    def cause(self, job: Job) -> str:
        """Only the process that started a job is told how it ended."""
        code = self.codes.get(job.handle)
        if code is None:
            return ""
        return "killed" if -code in OUTSIDE else "internal"

    def status(self, job: Job) -> Status:
        """A process of another container or computer is known by its lock alone."""
        alive = is_alive(job.handle)
        child = alive is None and pid_of(job.handle) in self.children
        if alive or child or RunFolder(job.folder).is_held():
            return Status.RUNNING
        ours = not job.handle or is_of_a_process(job.handle)
        return Status.GONE if ours else Status.UNKNOWN  # another launcher's

    def signal(self, job: Job, signal: Signal) -> None:
        pid, number = pid_of(job.handle), NUMBERS[signal]
        if is_alive(job.handle) is False:
            return  # gone, or of another container, where the number means another process
        if pid and number is not None and self.status(job) is Status.RUNNING:
            send(pid, number)
