"""Is nothing of an epoch lost or told wrongly, wherever in it a run is interrupted?"""

import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from backend.jobs.pace import EpochLosses
from backend.jobs.saves import Saves
from backend.jobs.worker import Worker
from backend.runs.folder import RunFolder
from models.checkpoint import restore, resume_points
from tests.backend.jobs.directory import events, made, weights
from tests.backend.jobs.training import inline, stop_after
from tests.torchrun import ended, started

EPOCH = 6  # steps of an epoch
SETTINGS = {"epochs": 2, "batch": 24 // EPOCH, "keep": "0,1,2"}


def epochs(folder: RunFolder) -> list[tuple[int, list[float]]]:
    """What was told of each epoch: (epoch, losses)."""
    return [(event["epoch"], event["losses"]) for event in events(folder, "epoch")]


@pytest.fixture
def straight(home: Path, config: dict) -> RunFolder:
    """A run that nothing interrupts."""
    folder = made(home, config, "clapp-stripes-0001", **SETTINGS)
    assert inline(folder)["state"] == "finished"
    return folder


def test_an_epoch_that_was_interrupted_is_told_as_one_that_was_not(
    home: Path, config: dict, straight: RunFolder
) -> None:
    folder = made(home, config, **SETTINGS)
    for attempt, step in enumerate((2, 3, 6, 11), 1):
        stop_after(folder, step, attempt)
    assert inline(folder, attempt=5)["state"] == "finished"
    assert epochs(folder) == epochs(straight) and len(epochs(folder)) == 2


def test_processes_that_share_layers_leave_nothing_of_an_epoch_out_where_they_stop(
    home: Path, config: dict, straight: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first process is two steps ahead of what it tells: at a step of the first epoch's midst,
    and at the end of the second."""
    folder = made(home, config, parallel="layers", **SETTINGS)
    for attempt, step in enumerate((2, 11), 1):
        monkeypatch.setenv("STOP_AT", f"{step}")
        code, said = ended(started(2, "tests.backend.jobs.halting", "--run-dir", folder.path))
        assert (code, folder.result(attempt)["state"]) == (0, "stopped"), said
    assert inline(folder, attempt=3)["state"] == "finished"
    assert folder.checkpoints() == [0, 1, 2] and epochs(folder) == epochs(straight)
    assert weights(folder, 2) == weights(straight, 2)


def test_an_epoch_whose_first_losses_were_not_saved_is_not_told_by_its_last(
    home: Path, config: dict, straight: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(home, config, **SETTINGS)
    with monkeypatch.context() as patch:
        patch.setattr(EpochLosses, "sums", lambda *_: {})
        stop_after(folder, 2)
    stop_after(folder, 4, attempt=2)
    assert inline(folder, attempt=3)["state"] == "finished"
    assert epochs(folder) == epochs(straight)[1:]
    assert any("epoch 1 of 2: losses not told" in line for line in folder.log_tail())


def test_the_seconds_of_an_epoch_are_those_of_all_processes_that_trained_it() -> None:
    now, resume = [100.0], SimpleNamespace(batch=1, rule=SimpleNamespace(layers=range(2)))
    first, second = EpochLosses(lambda: now[0]), EpochLosses(lambda: now[0])
    one, other = (step_of([n + 0.1, n + 0.3], images=4 - n) for n in range(2))
    first.add(one)
    now[0] = 107.0
    resume.sums = first.sums(untold=[other])
    assert resume.sums["seconds"] == 7.0 and resume.sums["images"] == 7
    now[0] = 500.0
    second.begin(resume)
    second.add(one)
    first.add(other)
    first.add(one)
    now[0] = 501.0
    losses, seconds = second.ended()
    assert (losses, seconds) == (first.ended()[0], 8.0)
    now[0] = 503.0
    assert second.sums() == {} and second.ended() == ([], 2.0), "the next one began"


def step_of(losses: list[float], images: int) -> SimpleNamespace:
    return SimpleNamespace(losses=torch.tensor(losses), images=images)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"total": [1.0]},
        {"total": [1.0, "x"]},
        {"images": -1},
        {"images": None},
        {"seconds": []},
    ],
)
def test_sums_that_are_not_of_this_run_are_not_gone_on_with(odd: dict) -> None:
    sums = ({"total": [1.0, 2.0], "images": 4, "seconds": 1.0} | odd) if odd else {}
    epoch = EpochLosses()
    rule = SimpleNamespace(layers=range(2))
    epoch.begin(SimpleNamespace(batch=1, rule=rule, sums=sums))
    epoch.add(step_of([0.5, 0.5], 4))
    assert epoch.sums() == {} and epoch.ended() is None
    epoch.add(step_of([0.5, 0.5], 4))
    assert epoch.ended()[0] == [0.5, 0.5]


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
