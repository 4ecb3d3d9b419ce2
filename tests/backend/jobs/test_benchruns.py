"""Are the runs that a bench wants found, begun and waited for beside other processes?"""

from types import SimpleNamespace

import pytest

from backend.jobs import benchruns
from backend.jobs.benchruns import BenchRuns
from backend.jobs.queue import Queue
from backend.jobs.starting import start
from backend.jobs.states import State
from backend.runs.store import Row
from models.config import TrainConfig
from models.data import key_of
from tests.backend.jobs.stages import row


def test_a_run_that_another_process_begins_first_is_waited_for(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainConfig()
    run = queue.submit(config.to_dict(), key_of(config.data), "0")

    def late(queue: Queue, found: Row) -> bool | None:
        queue.move(found, State.STARTING)
        return start(queue, found)

    def ends(_: float) -> None:
        queue.move(row(queue, run), State.FINISHED)

    monkeypatch.setattr(benchruns, "start", late)
    monkeypatch.setattr(benchruns, "time", SimpleNamespace(sleep=ends))
    runs, ended = BenchRuns(queue, None, "bench", "0"), []
    monkeypatch.setattr(runs, "saw_these", lambda *_: True)

    def work():
        ended.append((yield from runs.finished(config)))

    said = [progress.words for progress in work()]
    assert ended == [run] and any(f"waits for run {run}" in words for words in said)
