"""What does an analysis cost as images and units grow, and how much memory does it need at most?

Made-up images of 32 x 32 pixels (gratings with noise, ten classes; a quarter as many more to train
the probes on), an untrained encoder, every analysis but `learning`, each in a process of its own.
Memory is the greatest resident memory of that process, pages of memory-mapped files included.
"""

import json
import subprocess
import sys
import tempfile
import time
from argparse import REMAINDER
from collections.abc import Iterator
from contextlib import suppress
from math import log
from pathlib import Path

import numpy as np

from backend.jobs.analyse import analyse
from backend.jobs.memory import peak_mb
from backend.runs.arrays import ANALYSES
from backend.runs.results import Results
from benchmarks.record import Row, figure, parsed, parser, told
from models.checkpoint import save_kept
from models.config import TrainConfig
from models.data import Dataset
from models.errors import RunError
from models.presets import ENCODERS
from models.training import begin

SIDE, CLASSES, BLOCK = 32, 10, 1000
WORDS = tuple(word for word in ANALYSES if word != "learning")


def made_up(folder: Path, test: int, train: int) -> Dataset:
    """Gratings in ten directions; ids of the training images come first."""
    n, draw = test + train, np.random.default_rng(0)
    labels = np.arange(n, dtype=np.int16) % CLASSES
    shape = (n, 3, SIDE, SIDE)
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, shape)
    x, y = np.mgrid[:SIDE, :SIDE]
    for start in range(0, n, BLOCK):
        turn = labels[start : start + BLOCK, None, None] * np.pi / CLASSES
        wave = draw.uniform(3, 9, turn.shape), draw.uniform(0, 2 * np.pi, turn.shape)
        grey = np.sin((x * np.cos(turn) + y * np.sin(turn)) * 6 / wave[0] + wave[1])
        noise = draw.normal(0, 30, (len(grey), 3, SIDE, SIDE))
        images[start : start + BLOCK] = (127 + 60 * grey[:, None] + noise).clip(0, 255)
    classes = tuple(f"direction {turn}" for turn in range(CLASSES))
    split = np.repeat(np.array([0, 1], np.uint8), [train, test])
    return Dataset("made-up", "made-up", "made-up", images, labels, classes, split, "none")


def one(encoder: str, images: int, words: list[str]) -> dict:
    """Seconds of each analysis, of the input and one epoch together, and peak memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        run, config = Path(folder) / "run", TrainConfig(encoder=encoder, epochs=1)
        run.mkdir()
        save_kept(run, begin(config))
        (run / "run.json").write_text(json.dumps({"config": config.to_dict()}))
        dataset = made_up(Path(folder), images, images // 4)
        spent = dict.fromkeys(words, 0.0)
        start = time.perf_counter()
        for step in analyse(run, dataset, only=words):
            spent[step.what] = spent.get(step.what, 0.0) + step.seconds
        spent["whole"] = time.perf_counter() - start
        within = []
        for epoch in (None, 0):
            with suppress(RunError):  # nothing that was asked for is of the input, or of the epoch
                within.append(Results(run).summary(epoch)["seconds"])
        for word in ("maximizers", "selectivity"):
            spent[word] = sum(seconds.get(word, 0) for seconds in within)
    return {"seconds": spent, "memory": peak_mb()}


def apart(encoder: str, images: int, words: list[str]) -> dict:
    """The same, measured in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.scale", "--one", encoder, str(images), *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def rows(sizes: list[int], encoders: list[str], words: list[str]) -> Iterator[Row]:
    base, found = encoders[0], {}
    for n in sizes:
        found[n] = apart(base, n, words)
        yield from of_one(base, n, found[n])
    if len(sizes) > 1:
        first, last = min(sizes), max(sizes)
        for word in ("whole", *words):
            pair = [found[n]["seconds"][word] for n in (last, first)]
            if not pair[1]:
                continue  # these images are too small for it, or it took no time
            power = log(pair[0] / pair[1]) / log(last / first)
            name = f"{base}, {word}: growth from {first:,} to {last:,} images"
            yield figure(name, [power], "power of the images", "1" if word == "whole" else None)
    n, fewest = min(sizes), units(base)
    for encoder in (word for word in encoders if units(word) != fewest):
        other = apart(encoder, n, words)
        yield from of_one(encoder, n, other)
        times = other["seconds"]["whole"] / found[n]["seconds"]["whole"]
        power = log(times) / log(units(encoder) / fewest)
        name = f"{n:,} images, whole: growth from {fewest:,} to {units(encoder):,} units"
        yield figure(name, [power], "power of the units", "1")


def units(encoder: str) -> int:
    return sum(ENCODERS[encoder].widths)


def of_one(encoder: str, images: int, found: dict) -> Iterator[Row]:
    name, seconds = f"{encoder}, {images:,} images", found["seconds"]
    split = {word: round(spent, 2) for word, spent in seconds.items()}
    yield figure(f"{name}, whole analysis", [seconds["whole"]], "s", seconds=split)
    yield figure(f"{name}, per 1,000 images", [1000 * seconds["whole"] / images], "s")
    yield figure(f"{name}, peak memory", [found["memory"]], "MB")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[500, 1000, 2000])
    options.add_argument("--encoders", nargs="+", default=["vgg6-tiny", "vgg6-small"])
    options.add_argument("--only", nargs="+", default=list(WORDS), choices=WORDS)
    options.add_argument("--one", nargs=REMAINDER, metavar="ENCODER IMAGES WORD")
    given = parsed(options)
    if given.one:
        encoder, images, *words = given.one
        print(json.dumps(one(encoder, int(images), words)))
        return
    told("scale", rows(given.sizes, given.encoders, given.only), given)


if __name__ == "__main__":
    main()
