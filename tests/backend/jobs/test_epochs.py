"""Is nothing of an epoch lost or told wrongly, wherever in it a run is interrupted?"""

import os
import signal
from pathlib import Path

import pytest

from backend.jobs.saves import Saves
from backend.jobs.worker import Worker
from backend.runs.folder import RunFolder
from models.checkpoint import restore, resume_points
from tests.backend.jobs.directory import events, made, weights
from tests.backend.jobs.training import inline
from tests.torchrun import ended, started

EPOCH = 6  # steps of an epoch
SETTINGS = {"epochs": 2, "batch": 24 // EPOCH, "keep": "0,1,2"}


def epochs(folder: RunFolder) -> list[tuple[int, list[float]]]:
    """What was told of each epoch: (epoch, losses)."""
    return [(event["epoch"], event["losses"]) for event in events(folder, "epoch")]


def test_processes_that_share_layers_leave_no_epoch_out_where_they_stop(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = made(home, config, "clapp-stripes-0001", **SETTINGS)
    inline(straight)
    folder = made(home, config, parallel="layers", **SETTINGS)
    monkeypatch.setenv("STOP_AT", "11")  # of 12, which the first process has done by then
    code, said = ended(started(2, "tests.backend.jobs.halting", "--run-dir", folder.path))
    assert (code, folder.result(1)["state"]) == (0, "stopped"), said
    assert inline(folder, attempt=2)["state"] == "finished"
    assert folder.checkpoints() == [0, 1, 2] and epochs(folder) == epochs(straight)
    assert weights(folder, 2) == weights(straight, 2)


@pytest.mark.parametrize(("step", "saved", "state"), [(3, 4, "stopped"), (12, 12, "finished")])
def test_a_stop_that_comes_while_a_step_is_heeded_ends_the_run_saved(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch, step: int, saved: int, state: str
) -> None:
    def due(saves: Saves, progress) -> bool:
        if progress.step == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return False

    monkeypatch.setattr(Saves, "due", due)
    folder = made(home, config, **SETTINGS)
    result = Worker(folder, home, 1, analyses=False).run()
    assert (result["state"], result["error"]) == (state, None)
    assert [restore(point).step for point in resume_points(folder.path)] == [saved]


def test_a_stop_that_comes_as_the_last_step_is_heeded_leaves_the_analysis_for_later(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Saves,
        "due",
        lambda saves, progress: (
            progress.step == progress.steps and os.kill(os.getpid(), signal.SIGTERM)
        ),
    )
    folder = made(home, config, **SETTINGS)
    assert inline(folder, analyses=True)["state"] == "stopped"
    assert [restore(point).step for point in resume_points(folder.path)] == [12]
    assert folder.checkpoints() == [0, 1, 2] and not events(folder, "analysed")
