"""Losses that stop being numbers, and memory that runs out, in a run at work."""

import random
import resource
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

import torch

from backend.jobs import saves
from backend.jobs.memory import status_mb
from backend.jobs.worker import Worker
from backend.runs.folder import RunFolder
from models import train as loop
from models.checkpoint import restore, resume_points
from models.config import TrainConfig
from models.errors import DivergedError
from tests.soak.forked import forked, images
from tests.soak.rows import Row
from tests.soak.saves import made

LAYERS = 6
MB = 2**20


def diverging(cases: int) -> list[Row]:
    """A layer's weights become NaN at some step, or grow 1e30-fold; epochs of 130 steps."""
    draw, bad, latest = random.Random(6), 0, 0
    config = TrainConfig(
        encoder="vgg6-tiny", device="cpu", precision="float32", batch=2, epochs=1, crop=32, steps=1
    )
    for case in range(cases):
        layer, at = draw.randrange(LAYERS), draw.randrange(1, 60)
        bold = case % 5 == 4
        first, told = None, ""
        try:
            for progress in loop.train(config, images(260)):
                if first is None and progress.step and not progress.losses.isfinite().all():
                    first = progress.step
                if progress.step == at:
                    harm(progress.training, layer, bold)
        except DivergedError as error:
            told = str(error)
        first = first or at + 1
        late = progress.step + 1 - first  # it is raised instead of the step after
        named = bold or f"layer {layer + 1} became nan at step {first} " in told
        bad += not told or late > loop.LOOK_EVERY or not named
        latest = max(latest, late)
    return [
        ("NaN in a layer: not told, told too late or of another layer", cases, bad,
         f"at most {latest} steps late; every fifth by weights grown 1e30-fold")
    ]  # fmt: skip


def harm(training: loop.Training, layer: int, bold: bool) -> None:
    if bold:
        training.encoder.layers[layer].weight.data *= 1e30
    else:
        training.encoder.layers[layer].weight.data[0, 0, 0, 0] = float("nan")


def diverged_runs(cases: int, home: Path) -> list[Row]:
    """The same in runs that save after every step: what they save is finite."""
    draw, bad, step = random.Random(7), 0, loop.step
    for case in range(cases):
        layer, at = draw.randrange(LAYERS), draw.randrange(2, 8)

        def poisoned(training, *words, layer=layer, at=at):
            losses = step(training, *words)
            if training.step + 1 == at:
                harm(training, layer, bold=False)
            return losses

        folder = made(home, f"diverged-{case}", "clapp", case)
        with mock.patch.object(loop, "step", poisoned), mock.patch.object(saves, "SAVE_EVERY", 0):
            result = Worker(folder, home, 1, analyses=False).run()
        error = result["error"] or {"code": "", "message": ""}
        last = restore(resume_points(folder.path)[0])  # which refuses what is not finite
        named = f"layer {layer + 1} " in error["message"]
        again = Worker(folder, home, 2, analyses=False).run()["state"]
        good = error["code"] == "nan_loss" and named and last.step == at - 1
        bad += not (good and again == "finished")
    return [
        ("NaN in a run: another code, a bad checkpoint, or not resumed", cases, bad, "")
    ]  # fmt: skip


def out_of_memory(cases: int, home: Path) -> list[Row]:
    """Runs with so little memory above what they begin with that a step does not fit."""
    draw, bad = random.Random(8), 0
    for case in range(cases):
        folder = made(home, f"memory-{case}", "clapp", case, encoder="vgg6", batch=12)
        process, pipe = forked(work_with, folder.path, draw.randrange(20, 400))
        process.join(120)
        process.kill()
        pipe.close()
        error = (folder.result(1) or {}).get("error") or {"code": "", "message": ""}
        bad += not (error["code"] == "oom_host" and "smaller batch" in error["message"])
    return [("the computer's memory out (RLIMIT_AS): another code or no advice", cases, bad, "")]


def work_with(folder: Path, megabytes: int, pipe: Connection) -> None:
    """An attempt at a run in a process that may grow by so much."""
    most = (status_mb("VmSize") + megabytes) * MB
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    Worker(RunFolder(folder), folder.parent.parent, 1, analyses=False).run()


def out_of_gpu(cases: int, home: Path) -> list[Row]:
    """Runs in which torch says, at some step, that the GPU's memory is out."""
    draw, bad, step = random.Random(9), 0, loop.step
    for case in range(cases):
        at = draw.randrange(1, 9)

        def greedy(training, *words, at=at):
            if training.step == at:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
            return step(training, *words)

        folder = made(home, f"gpu-{case}", "clapp", case)
        with mock.patch.object(loop, "step", greedy):
            error = Worker(folder, home, 1, analyses=False).run()["error"]
        again = Worker(folder, home, 2, analyses=False).run()["state"]
        told = error["code"] == "oom_cuda" and "smaller batch" in error["message"]
        bad += not (told and again == "finished")
    return [("the GPU's memory out (made up): another code or not resumed", cases, bad, "")]
