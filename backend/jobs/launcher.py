"""Where does the process of a run come from, and how is it reached? The seam every place fits.

A launcher starts `python -m backend.jobs.worker --run-dir DIR`, says whether that still runs, and
passes signals on. What the process has to say lies in the run directory, not here; what it prints
goes into the run's log.txt.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
WORKER = "backend.jobs.worker"
SECRETS = {"SACCADE_TOKEN"}  # what the server is told and a run has no use for


@dataclass(frozen=True)
class Job:
    """One attempt at a run."""

    run: str
    attempt: int
    folder: Path  # the run directory
    home: Path
    handle: str = ""  # what `start` returned; "" before that

    @property
    def name(self) -> str:
        """One name for one attempt, by which an engine finds it again."""
        return f"{self.run}.{self.attempt}"


class Status(StrEnum):
    RUNNING = "running"  # it runs, or waits in a queue of the launcher's own
    GONE = "gone"
    UNKNOWN = "unknown"  # the launcher cannot tell just now; never means gone


class Signal(StrEnum):
    STOP = "stop"  # finish the step, save, end
    KILL = "kill"
    SAVE = "save"  # save and go on


class Launcher(Protocol):
    queues: bool  # whether it has a queue of its own, so that all that waits may be given to it

    def start(self, job: Job) -> str:
        """Start the job's process and return the handle by which it is found again.

        Once for each (run, attempt): a second call finds what the first one started. Raises
        TimeoutError where it cannot tell whether the job was started; ask again.
        """

    def poll(self, jobs: Iterable[Job]) -> dict[str, Status]:
        """The status of each job, by run."""

    def signal(self, job: Job, signal: Signal) -> None:
        """Pass a signal on; nothing happens if the process is gone.

        Raises TimeoutError where it cannot be passed on just now; ask again.
        """

    def cause(self, job: Job) -> str:
        """Why a job is gone that left no result, as a code of backend.jobs.endings; "": unknown."""


def arguments(job: Job) -> list[str]:
    """What every worker is told."""
    return [f"--run-dir={job.folder}", f"--home={job.home}", f"--attempt={job.attempt}"]


def environment(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of a worker: those given, without secrets, and where Saccade's code lies."""
    path = os.pathsep.join(part for part in (str(ROOT), given.get("PYTHONPATH")) if part)
    return {k: v for k, v in given.items() if k not in SECRETS} | {"PYTHONPATH": path}


def python(module: str) -> list[str]:
    """The words that start a module of ours."""
    return [sys.executable, "-m", module]
