"""What became of the runs at work? Processes and run directories say so; the store is told."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from backend.jobs.endings import ending
from backend.jobs.launcher import Job, Signal, Status
from backend.jobs.states import FINAL, LIVE, State
from backend.runs.folder import RunFolder
from backend.runs.store import Row

if TYPE_CHECKING:
    from backend.jobs.queue import Queue

STOP_PATIENCE = 10.0  # seconds a run has to finish its step and save before it is killed
PASSING_ON = 30.0  # seconds that a cluster may take to tell a run, and to show how it ended
STEPS = 20  # of its usual steps that it has beside these
LONGEST_STEP = 30.0  # seconds of a step that count for this
START_PATIENCE = 5.0  # seconds a process has to take up its work, where nothing tells that it runs


def follow(queue: "Queue") -> None:
    """Bring the store to where the processes and directories of the runs at work are."""
    rows = queue.store.rows(LIVE)
    jobs = {row.id: queue.job(row) for row in rows}
    statuses = queue.launcher.poll(jobs.values())
    for row in rows:
        follow_one(queue, row, jobs[row.id], statuses[row.id])


def follow_one(queue: "Queue", row: Row, job: Job, status: Status) -> None:
    folder, age = RunFolder(job.folder), queue.age(row)
    result, process = folder.result(row.attempt), folder.process(row.attempt)
    if result and result.get("state") in FINAL:
        ended(queue, row, result)
    elif status is Status.GONE and (process or row.handle or age > START_PATIENCE):
        lost(queue, row, job, process)
    elif row.state == State.STARTING and process:
        queue.move(row, State.RUNNING, handle=process["handle"])
    elif process and not row.handle:
        queue.found(row, process["handle"])
    elif row.state == State.STOPPING and (row.id, row.attempt) not in queue.told:
        queue.tell_to_stop(job)  # it was asked for in a process that cannot reach it
    elif row.state == State.STOPPING and waited(queue, row) > patience(queue, folder):
        with suppress(TimeoutError):
            queue.launcher.signal(job, Signal.KILL)


def ended(queue: "Queue", row: Row, result: dict[str, Any]) -> None:
    """Take an attempt's result, which counts whatever another look makes of the run meanwhile."""
    now: Row | None = row
    while now and now.attempt == row.attempt and now.state in LIVE:
        if queue.move(now, State(result["state"]), error=result.get("error")):
            return
        now = queue.store.row(row.id)


def waited(queue: "Queue", row: Row) -> float:
    """Seconds since a run was told to stop."""
    return queue.ticks() - queue.told[row.id, row.attempt]


def patience(queue: "Queue", folder: RunFolder) -> float:
    """Seconds that a run may take to stop, and its launcher to pass that on."""
    return stop_patience(folder) + (PASSING_ON if queue.launcher.queues else 0.0)


def lost(queue: "Queue", row: Row, job: Job, process: dict[str, Any] | None) -> None:
    """A process is gone and left no result, unless it wrote one since we looked."""
    folder = RunFolder(job.folder)
    if folder.result(row.attempt):
        return  # the next tick takes it
    cause = queue.launcher.cause(job)
    queue.close(row, *ending(row.state == State.STOPPING, process, cause))


def stop_patience(folder: RunFolder) -> float:
    """Seconds that a run may take to stop: longer where its heartbeat tells of long steps."""
    usual = (folder.read("heartbeat") or {}).get("step_seconds")
    usual = usual if isinstance(usual, int | float) and usual > 0 else 0.0
    return STOP_PATIENCE + STEPS * min(usual, LONGEST_STEP)
