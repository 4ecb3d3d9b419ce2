"""Does training wait for its data? The share of a step that choosing images and making views takes.

A batch of stored pictures, another each time, is picked, moved to the device, cropped, mirrored,
made grey and normalised, turn by turn with the whole step of vgg6-small. The pictures are in
memory: what a disk takes to hand over those of a larger data set is not in it.
"""

from collections.abc import Iterator
from itertools import cycle
from statistics import median

import numpy as np
import torch

from backend.analysis.speed import wait
from benchmarks.record import Row, alternately, figure, parsed, parser, told
from benchmarks.train_step import SIDE, VIEW
from models.config import TrainConfig
from models.data.views import random_views
from models.device import keep_freed_memory, pick_device
from models.train import exactly, seeded, step
from models.training import begin

STORED = 2000  # pictures in memory


def rows(runs: int) -> Iterator[Row]:
    keep_freed_memory()
    config = TrainConfig(encoder="vgg6-small")
    device, training = pick_device(config.device), begin(config, VIEW)
    shape = (STORED, 3, SIDE, SIDE)
    images = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    order = seeded(0, 0).permutation(STORED)
    batches = cycle(range(0, STORED - config.batch, config.batch))

    def chosen() -> torch.Tensor:
        start = next(batches)
        return torch.from_numpy(images[np.sort(order[start : start + config.batch])])

    def views() -> None:
        random_views(chosen().to(device), torch.Generator().manual_seed(0), VIEW, config.colour)
        wait(device)

    def whole() -> None:
        with exactly(training):
            step(training, chosen(), 0)
        wait(device)

    seconds = alternately({"views": views, "step": whole}, runs)
    full = median(seconds["step"])
    shares = [100 * each / full for each in seconds["views"]]
    yield figure("views of a batch of 32", shares, "% of a step of vgg6-small", "< 5")
    yield figure("views of a batch of 32", [1000 * x for x in seconds["views"]], "ms")


def main() -> None:
    given = parsed(parser(__doc__))
    told("views", rows(given.runs), given)


if __name__ == "__main__":
    main()
