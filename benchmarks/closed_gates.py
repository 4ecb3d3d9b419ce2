"""How much sooner is a late step done because patches whose gates are all closed are left out?

The encoder of the demo at its last epoch, on batches of its own images. The matrices of its rule do
not ship: new ones learn for it first, while it is held still. Then whole steps, at a step size of
nought so that all meet the same weights, turn by turn with the same steps in which every patch is
looked at. Beside them stands which share of a layer's patches has no open gate, in float32 or
bfloat16 as the processor computes. On a GPU, which would have to wait for the answer, none is left
out.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from backend.jobs.analyse import config_of
from benchmarks.record import Row, alternately, figure, parsed, parser, told
from benchmarks.tsne import DEMO
from models import convolution
from models.checkpoint import kept, load_encoder
from models.data import load
from models.device import keep_freed_memory
from models.train import exactly, step, train
from models.training import Training, begin

BATCHES = 8  # of images that are met again and again


def late(images: np.ndarray, learned: int) -> Training:
    """The demo as it was at its end, with matrices that learned for so many steps."""
    training = begin(replace(config_of(DEMO), device="cpu"))
    training.encoder.load_state_dict(load_encoder(DEMO, kept(DEMO)[-1]).state_dict())
    training.encoder.requires_grad_(False)
    for _ in islice(train(training.config, images, training), 1 + learned):
        pass
    training.encoder.requires_grad_(True)
    return training


@contextmanager
def every_patch() -> Iterator[list[float]]:
    """While it is open none is left out; gives each layer's share without an open gate."""
    closed, driven = [], convolution.driven

    def watched(drive: torch.Tensor) -> None:
        closed.append(1 - drive[:, :, 0, 0].any(1).float().mean().item())

    convolution.driven = watched
    try:
        yield closed
    finally:
        convolution.driven = driven


def rows(learned: int, runs: int) -> Iterator[Row]:
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as home:
        images = load("photos", Path(home)).training_images()
    training = late(images, learned)
    for optimiser in training.optimisers:
        optimiser.param_groups[0]["lr"] = 0.0
    size, encoder = training.config.batch, training.config.encoder
    batches = torch.from_numpy(images[: BATCHES * size].copy()).split(size)
    shares: list[list[float]] = []  # of each turn and layer

    def left_out() -> None:
        with exactly(training):
            step(training, batches[len(shares) % BATCHES], len(shares))

    def looked_at() -> None:
        with every_patch() as closed:
            left_out()
        shares.append(closed)

    seconds = alternately({"left out": left_out, "looked at": looked_at}, runs)
    for layer, found in enumerate(zip(*shares[1:], strict=True), start=1):
        percents = [100 * share for share in found]
        yield figure(
            f"{encoder}, layer {layer}, no open gate", percents, "per cent, of the patches"
        )
    for word, taken in seconds.items():
        yield figure(f"{encoder}, step, such patches {word}", [1000 * x for x in taken], "ms")
    ratios = [every / fewer for fewer, every in zip(*seconds.values(), strict=True)]
    yield figure(f"{encoder}, looked at over left out", ratios, "times")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--learned", type=int, default=1000, help="steps of the new matrices")
    given = parsed(options)
    told("closed_gates", rows(given.learned, given.runs), given, "cpu")


if __name__ == "__main__":
    main()
