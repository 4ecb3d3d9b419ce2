"""Runs jobs on this computer, each as a process of its own session that outlives the server."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from backend.jobs.launcher import Job, Signal, Status
from backend.jobs.process import handle_of, is_alive, pid_of, send
from backend.runs.folder import RunFolder

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = {
    Signal.STOP: getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM),  # Windows has no SIGTERM
    Signal.KILL: getattr(signal, "SIGKILL", signal.SIGTERM),
    Signal.SAVE: getattr(signal, "SIGUSR1", None),
}
OUTSIDE = {  # signals that come from other processes, not from a fault in this one
    getattr(signal, name, None) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")
}


class Local:
    """A launcher of processes on this computer; `module` is the worker that they run."""

    def __init__(self, module: str = "backend.jobs.worker") -> None:
        self.module = module
        self.children: dict[int, subprocess.Popen] = {}
        self.handles: dict[int, str] = {}
        self.codes: dict[str, int] = {}  # exit code by handle, of children that have ended
        self.lock = threading.Lock()  # of `children`: requests and the supervisor poll

    def start(self, job: Job) -> str:
        """The worker's output goes into the run's log: a pipe would end it with the server."""
        command = [sys.executable, "-m", self.module]
        command += ["--run-dir", str(job.folder), "--home", str(job.home)]
        command += ["--attempt", str(job.attempt)]
        own = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
        with open(job.folder / "log.txt", "ab") as log:
            child = subprocess.Popen(
                command,
                cwd=job.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": path},
                **own,
            )
        with self.lock:
            self.children[child.pid] = child
            handle = handle_of(child.pid)
            self.handles[child.pid] = handle
        return handle

    def poll(self, jobs: Iterable[Job]) -> dict[str, Status]:
        with self.lock:
            for pid, child in list(self.children.items()):
                if (code := child.poll()) is not None:
                    del self.children[pid]
                    self.codes[self.handles.pop(pid)] = code
        return {job.run: self.status(job) for job in jobs}

    def ended(self, job: Job) -> str:
        """Only the process that started a job is told how it ended."""
        code = self.codes.get(job.handle)
        if code is None:
            return ""
        return "killed" if -code in OUTSIDE else "internal"

    def status(self, job: Job) -> Status:
        """A process of another container or computer is known by its lock alone."""
        alive = is_alive(job.handle)
        child = alive is None and pid_of(job.handle) in self.children
        held = alive or child or RunFolder(job.folder).is_held()
        return Status.RUNNING if held else Status.GONE

    def signal(self, job: Job, signal: Signal) -> None:
        pid, number = pid_of(job.handle), NUMBERS[signal]
        if is_alive(job.handle) is False:
            return  # gone, or of another container, where the number means another process
        if pid and number is not None and self.status(job) is Status.RUNNING:
            send(pid, number)
