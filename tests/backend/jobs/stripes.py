"""Images of stripes, and a run that keeps untrained encoders and is analysed on them."""

import json
from pathlib import Path

import numpy as np

from backend.jobs.analyse import AnalysisProgress
from models.checkpoint import save_kept
from models.config import TrainConfig
from models.data import Dataset
from models.training import begin

LAYERS = range(7)
WIDTHS = (1, 8, 16, 16, 16, 32, 32)


def stripes(train: int = 24, test: int = 14, side: int = 64, labelled: bool = True) -> Dataset:
    """Stripes across (class 0) or down (class 1), of random width, with noise."""
    draw = np.random.default_rng(0)
    labels = np.arange(train + test, dtype=np.int16) % 2
    wave = 127 + 100 * np.sin(np.arange(side) / draw.uniform(2, 5, (train + test, 1)))
    images = np.repeat(wave[:, None, :, None], side, 3)
    images[labels == 1] = images[labels == 1].swapaxes(2, 3)
    images = np.repeat(images, 3, 1) + draw.normal(0, 20, (train + test, 3, side, side))
    return Dataset(
        key="stripes",
        spec="stripes",
        title="stripes",
        images=images.clip(0, 255).astype(np.uint8),
        labels=labels if labelled else np.full(train + test, -1, np.int16),
        classes=("across", "down") if labelled else (),
        split=np.repeat(np.array([0, 1], np.uint8), [train, test]),
        licence="none",
    )


def new_run(folder: Path, epochs=(0, 3), **settings) -> Path:
    """A run that keeps untrained encoders of some epochs, each from its own seed."""
    run = folder / "stripes-0a1b"
    run.mkdir(parents=True)
    for epoch in epochs:
        config = TrainConfig(encoder="vgg6-tiny", seed=epoch, device="cpu", **settings)
        training = begin(config)
        training.epoch = epoch
        save_kept(run, training)
    (run / "run.json").write_text(json.dumps({"config": config.to_dict()}))
    return run


def ended(steps: list[AnalysisProgress]) -> list[tuple]:
    """What was really done: word and layer of every step that took time."""
    return [(step.epoch, step.what, step.layer) for step in steps if step.seconds]


def bytes_of(run: Path) -> dict[str, bytes]:
    files = sorted((run / "analysis").rglob("*.np[yz]"))
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in files}
