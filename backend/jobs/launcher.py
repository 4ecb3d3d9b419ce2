"""Where does the process of a run come from, and how is it reached? The seam every place fits.

A launcher starts `python -m backend.jobs.worker --run-dir DIR`, says whether that still runs, and
passes signals on. What the process has to say lies in the run directory, not here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Job:
    """One attempt at a run."""

    run: str
    attempt: int
    folder: Path  # the run directory
    home: Path
    handle: str = ""  # what `start` returned; "" before that


class Status(StrEnum):
    RUNNING = "running"
    GONE = "gone"
    UNKNOWN = "unknown"  # the launcher cannot tell just now; never means gone


class Signal(StrEnum):
    STOP = "stop"  # finish the step, save, end
    KILL = "kill"
    SAVE = "save"  # save and go on


class Launcher(Protocol):
    def start(self, job: Job) -> str:
        """Start the job's process and return the handle by which it is found again."""

    def poll(self, jobs: Iterable[Job]) -> dict[str, Status]:
        """The status of each job, by run."""

    def signal(self, job: Job, signal: Signal) -> None:
        """Pass a signal on; nothing happens if the process is gone."""

    def ended(self, job: Job) -> str:
        """Why the job's process is gone, as a code of backend.jobs.endings; "" for unknown."""
