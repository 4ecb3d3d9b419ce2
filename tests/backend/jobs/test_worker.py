"""Does the worker's own process train, stop, save, go on and fail as it should?"""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from backend.jobs.launcher import Job, Signal, Status
from backend.jobs.local import Local
from backend.jobs.process import is_alive
from backend.runs.events import Timeline
from backend.runs.folder import RunFolder
from models.checkpoint import resume_points
from tests.backend.jobs.directory import events, made, weights
from tests.backend.jobs.training import LONG, inline, stop_after

Until = Callable[[Callable[[], object]], object]


@pytest.fixture
def local(home: Path) -> Iterator[Local]:
    """The real launcher; what it started is ended with the test."""
    local = Local()
    yield local
    for child in local.children.values():
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def job_of(folder: RunFolder, local: Local, attempt: int = 1) -> Job:
    job = Job(folder.id, attempt, folder.path, folder.path.parent.parent)
    return Job(**vars(job) | {"handle": local.start(job)})


def test_the_trained_run_left_what_it_should(trained: tuple[Path, str]) -> None:
    folder = RunFolder(trained[0] / "runs" / trained[1])
    assert folder.result(1) == {"state": "finished", "error": None, "attempt": 1}
    assert folder.checkpoints() == [0, 1, 2]
    assert [event["epoch"] for event in events(folder, "checkpoint")] == [0, 1, 2]
    assert [event["epoch"] for event in events(folder, "analysed")] == [2, 0, 1]
    assert [event["epoch"] for event in events(folder, "epoch")] == [1, 2]
    assert len(events(folder, "epoch")[0]["losses"]) == 6
    assert events(folder, "end")[0]["state"] == "finished"
    begun = next(e["time"] for e in events(folder, "state") if e["state"] == "running")
    times = [event["time"] - begun for event in events(folder, "progress")]
    assert all(time > 0.24 * count for count, time in enumerate(times, 1)), times
    assert not (folder.path / ".reserve").exists() and not folder.is_held()


def test_a_process_stops_when_asked_and_goes_on_to_the_same_weights(
    home: Path, config: dict, local: Local, until: Until
) -> None:
    straight = made(home, config, "clapp-stripes-0001", epochs=12, keep="0")
    assert inline(straight)["state"] == "finished"
    folder = made(home, config, epochs=12, keep="0")
    job = job_of(folder, local)
    until(lambda: events(folder, "epoch"))
    local.signal(job, Signal.STOP)
    until(lambda: folder.result(1))
    assert folder.result(1)["state"] in ("stopped", "finished")
    until(lambda: local.poll([job])[folder.id] is Status.GONE)
    assert not folder.is_held()
    if folder.result(1)["state"] == "stopped":
        assert events(folder, "end")[-1]["state"] == "stopped"
        assert inline(folder, attempt=2)["state"] == "finished"
    assert weights(folder, 12) == weights(straight, 12)
    assert [e["epoch"] for e in events(folder, "epoch")][-1] == 12


def test_a_process_saves_when_asked_and_a_killed_one_goes_on_from_there(
    home: Path, config: dict, local: Local, until: Until
) -> None:
    folder = made(home, config, **LONG)
    job = job_of(folder, local)
    until(lambda: len(events(folder, "epoch")) > 2)
    local.signal(job, Signal.SAVE)
    until(lambda: resume_points(folder.path))
    local.signal(job, Signal.KILL)
    until(lambda: local.poll([job])[folder.id] is Status.GONE)
    assert folder.result(1) is None and not folder.is_held()
    saved = int(resume_points(folder.path)[0].name[7:])
    job_of(folder, local, attempt=2)
    until(lambda: f"goes on at step {saved}" in (folder.path / "log.txt").read_text())


def test_a_run_at_work_under_another_numbering_of_processes_is_not_gone(
    home: Path, config: dict
) -> None:
    folder, local = made(home, config), Local()
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    handle = f"another-boot/{bystander.pid}/7"  # a container's, where this number is its worker
    job = Job(folder.id, 1, folder.path, home, handle)
    assert folder.lock.take()
    assert local.poll([job]) == {folder.id: Status.RUNNING}
    local.signal(job, Signal.KILL)
    folder.lock.release()
    assert local.poll([job]) == {folder.id: Status.GONE}
    bystander.communicate(b"\n")
    assert bystander.returncode == 0


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(home: Path, config: dict) -> None:
    straight = made(home, config, "clapp-stripes-0001")
    inline(straight)
    folder = made(home, config)
    stop_after(folder, 1)
    stop_after(folder, 3, attempt=2)
    points = sorted((folder.path / "checkpoints").glob("resume-*"))
    assert [point.name for point in points] == ["resume-00000002", "resume-00000003"]
    damage(points[1] / "encoder.safetensors")
    assert inline(folder, attempt=3)["state"] == "finished"
    (told,) = events(folder, "warning")
    assert told["code"] == "fell_back" and "goes on from step 2" in told["message"]
    assert "encoder.safetensors does not match its SHA-256" in told["message"]
    timeline = Timeline(folder.path / "events.jsonl")
    timeline.update()
    assert timeline.warnings == [{"code": "fell_back", "message": told["message"]}]
    assert [path.name for path in resume_points(folder.path)][0] == "resume-00000004"
    assert weights(folder, 2) == weights(straight, 2)


def test_without_a_checkpoint_that_can_be_read_the_run_fails_with_a_sentence(
    home: Path, config: dict
) -> None:
    folder = made(home, config)
    stop_after(folder, 1)
    damage(next((folder.path / "checkpoints").glob("resume-*")) / "optimiser.safetensors")
    result = inline(folder, attempt=2)
    assert (result["state"], result["error"]["code"]) == ("failed", "bad_checkpoint")
    assert "does not match its SHA-256" in result["error"]["message"]


def damage(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def test_a_loss_that_is_not_a_number_names_its_layer(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.rules.clapp import CLAPP

    loss = CLAPP.loss
    monkeypatch.setattr(
        CLAPP,
        "loss",
        lambda rule, layer, *rest: loss(rule, layer, *rest) * (np.nan if layer == 2 else 1),
    )
    result = inline(made(home, config))
    assert (result["state"], result["error"]["code"]) == ("failed", "nan_loss")
    assert "layer 3" in result["error"]["message"]


def test_a_full_disk_is_told_and_what_was_saved_is_kept(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    import models.checkpoint

    folder, save = made(home, config), models.checkpoint.save_kept

    def full(run: Path, training) -> Path:
        if training.epoch:
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(run, training)

    monkeypatch.setattr(models.checkpoint, "save_kept", full)
    result = inline(folder)
    assert (result["state"], result["error"]["code"]) == ("failed", "disk_full")
    assert folder.checkpoints() == [0]
    monkeypatch.undo()
    assert inline(folder, attempt=2)["state"] == "finished"


@pytest.mark.parametrize(
    ("settings", "code", "told"),
    [
        ({"data": "/nowhere/images.npz"}, "bad_data", "there is no pack"),
        ({"rule": "clap"}, "bad_config", "did you mean 'clapp'?"),
        ({"crop": 32}, "bad_data", "prediction steps need"),
    ],
)
def test_what_cannot_be_trained_fails_with_a_sentence(
    home: Path, config: dict, settings: dict, code: str, told: str
) -> None:
    result = inline(made(home, config, **settings))
    assert (result["state"], result["error"]["code"]) == ("failed", code)
    assert told in result["error"]["message"]


def test_a_run_without_learning_keeps_its_begin(home: Path, config: dict) -> None:
    folder = made(home, config, rule="random", draw="auto", w_init="auto", update="auto")
    assert inline(folder)["state"] == "finished"
    assert folder.checkpoints() == [0] and events(folder, "progress") == []


def test_a_process_belongs_to_a_session_of_its_own(
    home: Path, config: dict, local: Local, until: Until
) -> None:
    folder = made(home, config, **LONG)
    job = job_of(folder, local)
    process = until(lambda: folder.process(1))
    assert process["handle"] == job.handle and is_alive(job.handle)
    pid = int(job.handle.split("/")[1])
    assert os.getsid(pid) == pid != os.getsid(0)
    os.killpg(pid, signal.SIGTERM)
    until(lambda: folder.result(1))
    assert folder.result(1)["state"] == "stopped"
