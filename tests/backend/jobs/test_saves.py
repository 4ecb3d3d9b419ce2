"""Is a run saved when it should be, and is it told when it cannot be, or goes on from elsewhere?"""

import errno
import os
import shutil
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

import models.checkpoint
from backend.jobs import saves
from backend.jobs.pace import EpochLosses
from backend.jobs.saves import Saves
from backend.jobs.worker import Worker
from backend.runs.catalogue import Catalogue
from backend.runs.folder import RunFolder
from backend.runs.store import Store
from models.checkpoint import resume_points, save_resume
from models.config import TrainConfig
from models.training import begin
from tests.backend.jobs.directory import events, made
from tests.backend.jobs.training import inline, stop_after


def at_step(step: int, then, worker: Worker, patch: pytest.MonkeyPatch) -> None:
    """Call `then` once, after a step of the worker and before it looks at what it was asked."""
    add, done = EpochLosses.add, []

    def counted(epoch, progress) -> None:
        if progress.step == step and not done:
            done.append(step)
            then()
        add(epoch, progress)

    patch.setattr("backend.jobs.pace.EpochLosses.add", counted)


def saved(folder: RunFolder) -> list[int]:
    """The steps that a run has saved, in order."""
    lines = (folder.path / "log.txt").read_text().splitlines()
    return [int(line.split()[-1]) for line in lines if "saved at step" in line]


def test_a_run_saves_every_minute_and_at_the_ends_of_epochs() -> None:
    now, told = [0.0], []
    each = Saves(SimpleNamespace(), lambda *words, **fields: told.append(fields), lambda: now[0])
    inside, end = (SimpleNamespace(step=3, epoch_ends=ends) for ends in (False, True))
    assert not each.due(inside) and each.due(end)
    assert not each.due(SimpleNamespace(step=0, epoch_ends=True)), "nothing is done yet"
    now[0] = 59.0
    assert not each.due(inside)
    now[0] = 60.0
    assert each.due(inside)
    each.last, each.took = 60.0, 2.0  # a twentieth of forty seconds
    now[0] = 99.0
    assert not each.due(end)
    now[0] = 100.0
    assert each.due(end)


@pytest.mark.parametrize(
    ("negatives_from", "told"),
    [("all", "in their last digits"), ("rank", "so with another number of them it learns from")],
)
def test_a_run_that_goes_on_elsewhere_says_what_that_changes(
    monkeypatch: pytest.MonkeyPatch, negatives_from: str, told: str
) -> None:
    config = TrainConfig(encoder="vgg6-tiny", negatives_from=negatives_from, device="cpu")
    training, warnings = begin(config), []
    training.origin = "two processes of some other machine"
    each = Saves(SimpleNamespace(), lambda *words, **fields: None)
    monkeypatch.setattr(each, "warn", lambda code, message: warnings.append((code, message)))
    monkeypatch.setattr(each, "check_room", lambda training: None)
    each.begin(training, None)
    ((code, message),) = warnings
    assert code == saves.ELSEWHERE and told in message and training.origin in message


def test_a_run_saves_at_the_end_of_every_epoch_and_keeps_the_last_two(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saves, "SHARE", 1e9)  # however slow the disk of this machine is
    folder = made(home, config, epochs=3)
    inline(folder)
    assert saved(folder) == [2, 4, 6]
    names = sorted(path.name for path in (folder.path / "checkpoints").iterdir())
    assert names == ["epoch-0000", "epoch-0001", "epoch-0003", "resume-00000004", "resume-00000006"]


@pytest.mark.parametrize(
    ("number", "state"),
    [("SIGUSR1", "finished"), ("SIGTERM", "stopped"), ("SIGHUP", "stopped")],
)
def test_a_signal_in_the_midst_of_an_epoch_saves_that_very_step(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch, number: str, state: str
) -> None:
    folder = made(home, config)
    worker = Worker(folder, home, 1, analyses=False)
    signalled = getattr(signal, number)
    at_step(3, lambda: os.kill(os.getpid(), signalled), worker, monkeypatch)
    before = signal.signal(signalled, signal.SIG_DFL)  # what `nohup` starts is deaf to SIGHUP
    try:
        assert worker.run()["state"] == state
    finally:
        signal.signal(signalled, before)
    assert 3 in saved(folder)


def test_a_run_that_could_never_be_saved_does_not_begin(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_room(monkeypatch, lambda: 10**6)
    result = inline(made(home, config))
    assert (result["state"], result["error"]["code"]) == ("failed", "disk_full")
    assert "wants room for 3 checkpoints, 1.9 MB; make room" in result["error"]["message"]


def test_a_save_without_room_is_a_warning_that_goes_when_there_is_room(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {"bytes": 10**10}
    with_room(monkeypatch, lambda: free["bytes"])
    monkeypatch.setattr(saves, "SAVE_EVERY", 0.0)  # after every step, and before the first
    folder = made(home, config, epochs=3, keep="0")
    worker = Worker(folder, home, 1, analyses=False)
    seen = {}

    def note(step: int) -> None:
        seen[step] = warnings_of(home, folder)
        free["bytes"] = {2: 10**5, 5: 10**10}.get(step, free["bytes"])

    add = EpochLosses.add
    monkeypatch.setattr(
        "backend.jobs.pace.EpochLosses.add",
        lambda epoch, progress: (note(progress.step), add(epoch, progress)),
    )
    assert worker.run()["state"] == "finished"
    assert [len(seen[step]) for step in range(7)] == [0, 0, 0, 1, 1, 1, 0]
    (told,) = seen[4]
    assert told["code"] == "not_saved"
    assert (
        "step 3 was not saved (the last checkpoint is of step 1): the disk has" in told["message"]
    )
    assert saved(folder) == [0, 1, 5, 6] and events(folder, "settled")


def with_room(monkeypatch: pytest.MonkeyPatch, free) -> None:
    usage = shutil.disk_usage
    monkeypatch.setattr(
        saves, "shutil", SimpleNamespace(disk_usage=lambda path: usage(path)._replace(free=free()))
    )


def warnings_of(home: Path, folder: RunFolder) -> list[dict[str, str]]:
    """What the page and `saccade runs` are told."""
    store = Store(home / "saccade.db")
    store.add(folder.id, "2026", "running", 1, 1.0)
    found = Catalogue(store, home / "runs", home / "none").one(folder.id)["warnings"]
    store.close()
    return found


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_a_save_does_not_end_the_training(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(models.checkpoint, "save_resume", fail)
    folder = made(home, config)
    assert inline(folder)["state"] == "finished"
    assert events(folder, "warning")[-1]["code"] == "not_saved"


def test_a_run_that_is_stopped_and_cannot_save_fails_and_goes_on_from_what_there_was(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(home, config)
    stop_after(folder, 1)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    worker = Worker(folder, home, 2, analyses=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.checkpoint, "save_resume", fail)
        at_step(3, lambda: setattr(worker.wishes, "stop", True), worker, patch)
        result = worker.run()
    assert (result["state"], result["error"]["code"]) == ("failed", "disk_full")
    assert [path.name for path in resume_points(folder.path)] == ["resume-00000001"]
    assert inline(folder, attempt=3)["state"] == "finished"


def test_a_run_that_goes_on_on_another_kind_of_device_says_what_that_means(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(home, config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.checkpoint, "origin_of", lambda training: "cuda, torch 2, one process")
        stop_after(folder, 1)
    inline(folder, attempt=2)
    (told,) = events(folder, "warning")
    assert told["code"] == "elsewhere" and "same images in the same order" in told["message"]
    inline(made(home, config, "clapp-stripes-0002"))
    assert not events(RunFolder(home / "runs" / "clapp-stripes-0002"), "warning")


def test_checkpoints_after_the_one_a_run_fell_back_to_go_with_its_next_save(tmp_path: Path) -> None:
    training = SimpleNamespace(step=0)
    written = []

    def write(folder: Path, training, optimisers: bool) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        written.append(folder.name)
        return folder

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.checkpoint, "write", write)
        for training.step in (4, 9, 6):
            save_resume(tmp_path, training)
    assert [path.name for path in resume_points(tmp_path)] == ["resume-00000006", "resume-00000004"]
