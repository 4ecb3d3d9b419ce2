"""A run that trains in the process of the test, to its end or to a step. LONG outlasts a test."""

import pytest

from backend.jobs.pace import EpochLosses
from backend.jobs.worker import Worker
from backend.runs.folder import RunFolder

LONG = {"epochs": 5000, "keep": "0"}


def inline(folder: RunFolder, attempt: int = 1, analyses: bool = False) -> dict:
    return Worker(folder, folder.path.parent.parent, attempt, analyses).run()


def stop_after(folder: RunFolder, step: int, attempt: int = 1) -> None:
    """Train until a step has been done in all, then stop as Ctrl+C would."""
    worker = Worker(folder, folder.path.parent.parent, attempt, analyses=False)
    add = EpochLosses.add

    def counted(epoch, progress) -> None:
        worker.wishes.stop = worker.wishes.stop or progress.step >= step
        add(epoch, progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("backend.jobs.pace.EpochLosses.add", counted)
        assert worker.run()["state"] == "stopped"
