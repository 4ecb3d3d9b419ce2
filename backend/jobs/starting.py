"""Whose turn is it: which interrupted runs go on, and which that wait begin?"""

from typing import TYPE_CHECKING

from backend.errors import SaccadeError, failure_of
from backend.jobs.endings import BY_ITSELF
from backend.jobs.following import PASSING_ON
from backend.jobs.limits import ANY
from backend.jobs.states import LIVE, State
from backend.runs.folder import RunFolder
from backend.runs.store import Row

if TYPE_CHECKING:
    from backend.jobs.queue import Queue


def resume_interrupted(queue: "Queue") -> None:
    """Queue what was interrupted once more, as often as the limits say."""
    for row in queue.store.rows({State.INTERRUPTED}):
        code, late = (row.error or {}).get("code"), queue.launcher.queues  # a shared disk
        if late and queue.age(row) < PASSING_ON:
            continue
        wanted = code in BY_ITSELF and row.resumes < queue.limits.auto_resume
        if wanted and not RunFolder(queue.runs / row.id).is_held():  # `saccade analyse` may work
            queue.again(row, resumes=row.resumes + 1)


def start_waiting(queue: "Queue") -> None:
    """Start what waits, the oldest first, where its device has room and nobody analyses it by hand,
    or all of it where the launcher has a queue of its own."""
    if queue.launcher.queues:
        for row in queue.store.rows({State.QUEUED}):
            if start(queue, row) is False:
                break  # it does not answer just now
        return
    busy = [device_of(queue, row) for row in queue.store.rows(LIVE)]
    for row in queue.store.rows({State.QUEUED}):
        device = device_of(queue, row)
        if queue.limits.fits(device, busy) and not RunFolder(queue.runs / row.id).is_held():
            busy.append(device)
            start(queue, row)


def start(queue: "Queue", row: Row) -> bool | None:
    """False where the launcher does not answer."""
    if queue.move(row, State.STARTING) and (row := queue.store.row(row.id)):
        return launch(queue, row)
    return None


def launch(queue: "Queue", row: Row) -> bool:
    """Have the process of a run made that was set to starting by the caller.

    False where the launcher does not answer: the run waits, and is started at a later tick.
    """
    try:
        handle = queue.launcher.start(queue.job(row))
    except TimeoutError:  # asked again at the next tick, it finds what it may have started
        queue.move(row, State.QUEUED)
        return False
    except SaccadeError as error:
        queue.close(row, State.FAILED, failure_of(error))
        return True
    except OSError as error:
        message = (
            f"the run could not be started ({error.strerror or error}); mend that and resume it"
        )
        queue.close(row, State.FAILED, {"code": "internal", "message": message})
        return True
    queue.found(row, handle)
    return True


def device_of(queue: "Queue", row: Row) -> str:
    """The device that a run asks for; "auto" may turn out to be any."""
    config = (RunFolder(queue.runs / row.id).read("run.json") or {}).get("config")
    return config.get("device", ANY) if isinstance(config, dict) else ANY
