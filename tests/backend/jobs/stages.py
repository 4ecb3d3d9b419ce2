"""Runs brought to a stage by what their processes would write, and a clock that a test sets."""

from backend.jobs.following import follow
from backend.jobs.launcher import Status
from backend.jobs.process import boot_id
from backend.jobs.queue import Queue
from backend.jobs.states import State
from backend.runs.folder import RunFolder
from backend.runs.store import Row
from tests.backend.conftest import Quiet

CONFIG = {"rule": "clapp", "data": "photos", "device": "auto"}


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


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


def killed(queue: Queue, quiet: Quiet, run: str) -> None:
    """The process of a run at work vanishes, on a computer that goes on."""
    process = {"attempt": row(queue, run).attempt, "handle": f"{boot_id()}/999999/1"}
    folder(queue, run).write("process.json", process)
    quiet.status[run] = Status.GONE
    follow(queue)
