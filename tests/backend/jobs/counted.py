"""Runs that count instead of training: how they are made and started, and how far they counted."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from backend.jobs.launcher import Job, Launcher, Status
from backend.runs.folder import RunFolder
from tests.backend.jobs.directory import events, made

Until = Callable[..., object]
LONG = 100_000  # ticks: more than any test waits for


def counting(home: Path, ticks: int, run: str = "count-0000", **config: object) -> RunFolder:
    return made(home, {"data": "photos", "device": "cpu", "ticks": ticks}, run, **config)


def job_of(folder: RunFolder, attempt: int = 1, handle: str = "") -> Job:
    return Job(folder.id, attempt, folder.path, folder.path.parent.parent, handle)


def started(launcher: Launcher, folder: RunFolder, attempt: int = 1) -> Job:
    job = job_of(folder, attempt)
    return job_of(folder, attempt, launcher.start(job))


def status(launcher: Launcher, job: Job) -> Status:
    return launcher.poll([job])[job.run]


def is_gone(launcher: Launcher, job: Job) -> bool:
    return status(launcher, job) is Status.GONE


def ticks(folder: RunFolder) -> list[int]:
    return [event["tick"] for event in events(folder, "tick")]


def pids(folder: RunFolder) -> list[int]:
    """The processes that counted, each once for every stretch in which it did."""
    found = [event["pid"] for event in events(folder, "tick")]
    return found[:1] + [later for earlier, later in pairwise(found) if later != earlier]


def counts(folder: RunFolder, until: Until) -> None:
    """Wait until it has begun to count."""
    until(lambda: ticks(folder))


def ends_after(folder: RunFolder, more: int) -> int:
    """Let the next start of it count so many ticks beyond those saved: how many it has then."""
    count, about = folder.read("saved.json")["tick"] + more, folder.about()
    folder.write("run.json", about | {"config": about["config"] | {"ticks": count}})
    return count
