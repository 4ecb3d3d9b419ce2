"""Is nothing of an epoch lost or told wrongly, wherever in it a run is interrupted?"""

from pathlib import Path

import pytest

from backend.runs.folder import RunFolder
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
