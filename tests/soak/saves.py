"""Processes killed -9 while they save, and runs killed and resumed."""

import hashlib
import io
import random
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np

from backend.jobs import saves
from backend.jobs.worker import Worker
from backend.runs.folder import RunFolder
from models.checkpoint import load_encoder, mend, restore, resume_points, save_kept, save_resume
from models.config import TrainConfig
from models.data.pack import write_whole
from models.data.picture import from_pixels
from models.errors import SaccadeError
from tests.soak.forked import TRAINING, forked, images, killed, moments
from tests.soak.rows import Row

KILLS = 3  # of every run
STEPS = 9  # of every run
RULES = ("clapp", "clapp++", "greedy-infomax")


def save_for_ever(run: Path, step: int, pipe: Connection) -> None:
    """Save one step after the other, each time also the same epoch anew; say which are done."""
    training = TRAINING
    training.epoch = 1
    while True:
        training.step = step
        training.encoder.layers[0].bias.data.fill_(step)
        save_resume(run, training)
        pipe.send(step)
        save_kept(run, training)
        step += 1


def killed_saves(cases: int, run: Path) -> list[Row]:
    """A process killed at a random moment of saving, again and again in one directory."""
    bad, within, newest, kept, moment = 0, 0, 0, 0, moments(1, 0.08)
    for _ in range(cases):
        first = newest + 1
        process, pipe = forked(save_for_ever, run, first)
        pipe.poll(60)  # it is at work when it has saved once
        done = killed(process, pipe, moment()) or newest
        within += any((run / "checkpoints").glob(".*"))
        try:
            steps = [whole(point) for point in resume_points(run)]
            mend(run)
            begun = kept or done > first or (run / "checkpoints" / "epoch-0001").exists()
            epoch = int(load_encoder(run, 1).layers[0].bias[0]) if begun else 0
        except (SaccadeError, OSError, AssertionError):
            steps, epoch = [0], 0
        bad += steps[0] < max(done, newest) or epoch < (done - 1 if done > first else kept)
        newest, kept = max(steps[0], newest), max(epoch, kept)
    return [
        ("kill -9 during save: a bad checkpoint, or one older than before", cases, bad,
         f"{within} within the writing of a folder, {newest} saved in all")
    ]  # fmt: skip


def whole(point: Path) -> int:
    """The step of a checkpoint whose weights are those of that step."""
    training = restore(point)
    assert (training.encoder.layers[0].bias == training.step).all()
    return training.step


def work_off(folder: Path, attempt: int, pipe: Connection) -> None:
    """An attempt at a run that saves after every step."""
    saves.SAVE_EVERY = 0.0
    pipe.send(attempt)
    Worker(RunFolder(folder), folder.parent.parent, attempt, analyses=False).run()


def killed_runs(cases: int, home: Path) -> list[Row]:
    """Runs killed three times and resumed, against the same runs undisturbed."""
    bad = kills = 0
    moment, draw, wanted = moments(2, 0.03), random.Random(3), {}
    for case in range(cases):
        rule, seed = RULES[case % len(RULES)], case // len(RULES) % 2
        if (rule, seed) not in wanted:
            folder = made(home, f"straight-{RULES.index(rule)}-{seed}", rule, seed)
            ended(folder, 1)
            wanted[rule, seed] = digest(folder)
        folder, attempt = made(home, f"killed-{case}", rule, seed), 1
        for step in sorted(draw.sample(range(STEPS - 1), KILLS)):
            process, pipe = forked(work_off, folder.path, attempt)
            reached(folder, step, process)
            killed(process, pipe, moment())
            if folder.result(attempt):
                break
            kills, attempt = kills + 1, attempt + 1
        ended(folder, attempt)
        bad += digest(folder) != wanted[rule, seed]
    return [
        ("runs killed -9 three times and resumed: other final weights", cases, bad,
         f"{kills} kills, rules {', '.join(RULES)}; SHA-256 of encoder, rule and moments")
    ]  # fmt: skip


def reached(folder: RunFolder, step: int, process: BaseProcess) -> None:
    """Wait until a run has saved a step, or ended."""
    while process.is_alive():
        name = next((point.name for point in resume_points(folder.path)), "resume-0")
        if int(name[7:]) >= step:
            return
        process.join(0.002)


def made(home: Path, name: str, rule: str, seed: int, **settings: object) -> RunFolder:
    common = {"encoder": "vgg6-tiny", "epochs": 3, "batch": 4, "crop": 64, "keep": "0,1,2"}
    common |= {"data": str(pack(home)), "device": "cpu", "precision": "float32"}
    config = TrainConfig(**common | {"rule": rule, "seed": seed} | settings)
    folder = RunFolder(home / "runs" / name)
    folder.create({"id": name, "created": "2026", "config": config.to_dict(), "dataset": "noise"})
    return folder


def pack(home: Path) -> Path:
    """A pack of 14 noisy images, 12 of them to train on."""
    path = home / "noise.npz"
    home.mkdir(exist_ok=True)
    if not path.exists():
        files = []
        for pixels in images(14):
            stream = io.BytesIO()
            from_pixels(pixels).save(stream, "PNG")
            files.append(stream.getvalue())
        arrays = {
            "data": np.frombuffer(b"".join(files), np.uint8),
            "offsets": np.cumsum([0, *map(len, files)], dtype=np.int64),
            "labels": np.full(14, -1, np.int16),
            "split": np.array([0] * 12 + [1] * 2, np.uint8),
            "class_names": np.array([], np.str_),
        }
        write_whole(path, arrays)
    return path


def ended(folder: RunFolder, attempt: int) -> None:
    """Let the last attempt go on to its end."""
    process, pipe = forked(work_off, folder.path, attempt)
    process.join(120)
    killed(process, pipe, 0)


def digest(folder: RunFolder) -> str:
    """The SHA-256 of the final weights and moments and of all kept epochs; "" without an end."""
    points = resume_points(folder.path)
    if not points or points[0].name != f"resume-{STEPS:08d}":
        return ""
    epochs = [folder.path / "checkpoints" / f"epoch-{epoch:04d}" for epoch in range(4)]
    files = [file for each in (points[0], *epochs) for file in sorted(each.glob("*.safetensors"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
