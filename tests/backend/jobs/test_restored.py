"""Does a deleted run come back as it ended, and only that?"""

import time
from dataclasses import replace

import pytest

from backend.errors import ConflictError
from backend.jobs.queue import Queue
from backend.jobs.states import State
from backend.runs.folder import RunFolder
from backend.runs.trash import NOTE
from tests.backend.conftest import Quiet
from tests.backend.jobs.stages import killed, row, started, submit


def test_a_run_that_is_just_being_restored_is_not_entered_as_its_directory_looks(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, back = submit(queue), queue.trash.back
    queue.delete(row(queue, run))

    def seen(*words: object) -> RunFolder:
        folder = back(*words)
        queue.adopt()
        return folder

    monkeypatch.setattr(queue.trash, "back", seen)
    queue.restore(run)
    assert row(queue, run).state == State.STOPPED, "it waited, and would begin by itself"


def test_a_run_that_is_restored_still_says_why_it_ended(queue: Queue, quiet: Quiet) -> None:
    """Its process left no word, so that the store alone knows."""
    run = started(queue)
    killed(queue, quiet, run)
    before = row(queue, run)
    assert before.error["code"] == "killed"
    for _ in range(2):
        queue.delete(row(queue, run))
        queue.restore(run)
        after = row(queue, run)
        assert (after.state, after.attempt, after.error) == ("interrupted", 1, before.error)


def test_a_run_that_is_restored_does_not_go_on_by_itself(queue: Queue, quiet: Quiet) -> None:
    queue.limits = replace(queue.limits, auto_resume=1)
    run = started(queue)
    killed(queue, quiet, run)
    queue.delete(row(queue, run))
    queue.restore(run)
    queue.tick()
    assert (row(queue, run).state, row(queue, run).attempt) == ("interrupted", 1)
    queue.resume(row(queue, run))
    assert row(queue, run).resumes == 0


@pytest.mark.parametrize("error", [None, "x", ["x"], {"code": 7}, {"message": "\udc80"}])
def test_an_odd_error_in_the_note_of_a_deleted_run_harms_nobody(
    queue: Queue, quiet: Quiet, error: object
) -> None:
    run = started(queue)
    killed(queue, quiet, run)
    queue.delete(row(queue, run))
    [deleted] = queue.trash.all()
    deleted.folder.write(NOTE, deleted.folder.read(NOTE) | {"error": error})
    queue.restore(run)
    assert row(queue, run).state == State.INTERRUPTED
    assert (row(queue, run).error is None) == (error is None)


@pytest.mark.parametrize(
    "odd", [{"at": "x"}, {"state": ["failed"]}, {"state": "x"}, {"attempt": 10**30}]
)
def test_a_deleted_run_whose_note_is_odd_is_kept_and_comes_back(queue: Queue, odd: dict) -> None:
    run = submit(queue)
    queue.delete(row(queue, run))
    [deleted] = queue.trash.all()
    deleted.folder.write(NOTE, deleted.folder.read(NOTE) | {"at": queue.clock()} | odd)
    queue.trash.purge(time.time())
    queue.restore(run)
    assert (row(queue, run).state, row(queue, run).attempt) == (State.INTERRUPTED, 1)


def test_a_run_that_cannot_be_restored_has_no_row(queue: Queue) -> None:
    run = submit(queue)
    queue.delete(row(queue, run))
    (queue.runs / run).mkdir()
    with pytest.raises(ConflictError, match="there is another run"):
        queue.restore(run)
    assert row(queue, run) is None
