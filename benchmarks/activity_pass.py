"""What does it cost to count while patches stream by? The pass of an analysis beside the bare
forward pass of the same encoder on the same images, turn by turn.

The pass gives image features of all layers, the patches that excite each unit most, middle,
random and least ones, selectivity, also under shuffled labels, and histograms; disk writes are left
out of both. On a processor the ratio is also told in processor seconds of one thread, which other
work hardly changes.
"""

import time
from collections.abc import Iterator

import numpy as np
import torch

from backend.analysis.activity import activity, encoder_layers, exact_convolutions
from backend.analysis.probes import one_thread
from backend.analysis.shuffles import shuffled
from backend.analysis.speed import wait
from backend.analysis.units import Units
from benchmarks.record import Row, alternately, figure, parsed, parser, told
from benchmarks.train_step import SIDE, VIEW
from models.config import TrainConfig
from models.data.views import centre_views
from models.device import keep_freed_memory, pick_device
from models.encoder import untrained
from models.presets import ENCODERS, patch_sites

BATCH, COLOUR = 64, "grey"


def rows(encoder: str, images: int, runs: int) -> Iterator[Row]:
    keep_freed_memory()
    config = TrainConfig(encoder=encoder)
    device = pick_device(config.device)
    network = untrained(config).to(device)
    shape = (images, 3, SIDE, SIDE)
    pictures = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    ids, labels = np.arange(images), np.arange(images) % 10

    def bare() -> None:
        for start in range(0, images, BATCH):
            with torch.inference_mode(), exact_convolutions():
                part = torch.from_numpy(pictures[start : start + BATCH]).to(device)
                network(centre_views(part, VIEW, COLOUR))
        wait(device)

    def whole() -> None:
        kept = [np.zeros((images, width), np.float32) for width in ENCODERS[encoder].widths]
        units = [Units(each, ids, patch_sites(VIEW).side, 0, False) for each in kept]
        layers = encoder_layers(network)
        for batch in activity(layers, pictures, ids, VIEW, COLOUR, device, BATCH):
            for unit, features, answer in zip(units, kept, batch.answers, strict=True):
                features[batch.rows] = answer.features
                unit.add(batch.rows, answer.z)
        for unit, features in zip(units, kept, strict=True):
            unit.result(labels, 10)
            shuffled(features, labels, 10, 0)

    calls = {"bare": bare, "whole": whole}
    seconds = alternately(calls, runs)
    speeds = {name: [images / each for each in taken] for name, taken in seconds.items()}
    yield figure(f"{encoder}, bare forward pass", speeds["bare"], "images/s")
    yield figure(f"{encoder}, pass of an analysis", speeds["whole"], "images/s")
    yield figure(f"{encoder}, pass over bare", ratios(seconds), "of its speed", ">= 0.8")
    if device.type == "cpu":
        with one_thread():
            seconds = alternately(calls, runs, time.process_time)
        name = f"{encoder}, pass over bare, one thread"
        yield figure(name, ratios(seconds), "of its speed, processor time", ">= 0.8")


def ratios(seconds: dict[str, list[float]]) -> list[float]:
    return [bare / whole for bare, whole in zip(seconds["bare"], seconds["whole"], strict=True)]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--encoder", default="vgg6-small", choices=ENCODERS)
    options.add_argument("--images", type=int, default=1024)
    given = parsed(options)
    told("activity_pass", rows(given.encoder, given.images, given.runs), given)


if __name__ == "__main__":
    main()
