"""Which run directories does the store not know, and which runs did it give up too soon?

Every start of a server looks for them, and again every two seconds; with the store lost, all of it
is made again from them.
"""

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from backend.errors import RunError
from backend.jobs.endings import BY_ITSELF
from backend.jobs.following import follow
from backend.jobs.launcher import Job, Status
from backend.jobs.process import is_alive
from backend.jobs.standing import standing
from backend.jobs.states import FINAL, LIVE, RESUMABLE, State
from backend.runs.folder import ID, RunFolder, clear_deleted
from backend.runs.store import Row

if TYPE_CHECKING:
    from backend.jobs.queue import Queue

FRESH = 2.0  # seconds in which a directory without a row belongs to someone who makes that row
SILENCE = 60.0  # seconds without a heartbeat after which an attempt is not taken to be at work
HALF_MADE = 86400.0  # seconds after which a directory that was not finished never will be


def adopt(queue: "Queue") -> None:
    """Enter run directories that the store does not know, and attempts begun by hand."""
    rows, guessed = {row.id: row for row in queue.store.rows()}, []
    queue.refused = {}
    clear_deleted(queue.runs)
    for path in queue.runs.glob("*/run.json"):
        folder = RunFolder(path.parent)
        row = rows.pop(folder.id, None)
        if not ID.fullmatch(folder.id):
            tidy(queue, folder)
        elif row is None:
            adopt_folder(queue, folder)
        elif row.state in RESUMABLE and not adopt_attempt(queue, row, folder):
            guessed += [row] if was_guessed(row) else []
    correct(queue, guessed)
    for row in rows.values():
        taken_away = not (queue.runs / row.id).exists()
        if taken_away and queue.clock() - row.changed > FRESH and row.state not in LIVE:
            queue.store.remove(row)


def adopt_folder(queue: "Queue", folder: RunFolder) -> None:
    try:
        created = folder.about()["created"]
        age = queue.clock() - (folder.path / "run.json").stat().st_mtime
    except (RunError, OSError):
        return
    if not 0 <= age < FRESH:  # the clock was set back since
        enter_again(queue, folder, created)


def tidy(queue: "Queue", folder: RunFolder) -> None:
    """Remove what a crash left of a run that was just being made."""
    with suppress(OSError):
        age = queue.clock() - folder.path.stat().st_mtime
        if folder.id.startswith(".") and folder.id.endswith(".new") and age > HALF_MADE:
            shutil.rmtree(folder.path, ignore_errors=True)


def enter_again(queue: "Queue", folder: RunFolder, created: str) -> None:
    try:
        now = standing(folder)
    except Exception as error:  # whatever lies there, the other runs are entered
        queue.refused[folder.id] = (
            f"run {folder.id} cannot be entered: its directory holds something that is not as "
            f"Saccade writes it ({error!r:.200}); put back what belongs there, or move it away"
        )
        return
    queue.store.add(
        *(folder.id, created, now.state, now.attempt, queue.clock()),
        **{"handle": now.handle, "error": now.error, "resumes": now.resumes},
    )


def adopt_attempt(queue: "Queue", row: Row, folder: RunFolder) -> bool:
    """Follow an attempt that was begun by hand; False where there is none."""
    process = folder.process()
    if not process or process["attempt"] <= row.attempt:
        return False
    how = {"attempt": process["attempt"], "handle": process["handle"]}
    return queue.move(row, State.STARTING, **how)


def correct(queue: "Queue", rows: list[Row]) -> None:
    """Follow runs again that were taken for ended, and are at work or ended otherwise."""
    jobs = {row.id: queue.job(row) for row in rows}
    statuses = queue.launcher.poll(jobs.values()) if rows else {}
    for row in rows:
        job = jobs[row.id]
        told = RunFolder(job.folder).result(row.attempt) or {}
        ended = (told.get("state"), told.get("error"))
        otherwise = ended[0] in FINAL and ended != (row.state, row.error)
        if otherwise or (statuses[row.id] is Status.RUNNING and is_of_the_attempt(job)):
            queue.move(row, State.STARTING)  # the next look takes its result, if it has one


def is_of_the_attempt(job: Job) -> bool:
    """Whether the lock of a directory, if someone has it, is not that of `saccade analyse`: the
    process of the attempt is there, or its heart has beaten a moment ago."""
    folder = RunFolder(job.folder)
    beat = folder.read("heartbeat") or {}
    beats = beat.get("attempt") == job.attempt and folder.silence() < SILENCE
    return not folder.is_held() or is_alive(job.handle) is True or beats


def rebuild(queue: "Queue") -> None:
    """Make the store again from the run directories alone."""
    queue.store.clear()
    queue.store.belong(queue.runs)
    for path in sorted(queue.runs.glob("*/run.json")):
        folder = RunFolder(path.parent)
        with suppress(RunError):  # what cannot be read is left where it is
            if ID.fullmatch(folder.id):
                enter_again(queue, folder, folder.about()["created"])
    follow(queue)


def was_guessed(row: Row) -> bool:
    """Whether the run's end was concluded from its process being gone, not told by it."""
    return bool(row.error) and row.error["code"] in BY_ITSELF
