"""How much sooner does the protocol `fast` read off six layers what the paper's protocol does?

The shipped demo's encoder on `photos` or `--data`. The paper encodes the training images anew in
each of its 300 epochs: some are run and timed, and the rest is reckoned at the same speed. What its
classifier reaches is told from 300 epochs of the same Adam on the features that `fast` has, brought
to unit variance, since features as they are keep it from getting there (docs/comparing.md). Where
a processor does the work, times are its seconds; threads that wait for a core count as work, so
leave the machine to it.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from backend.analysis.activity import encoder_layers
from backend.analysis.material import Material
from backend.analysis.probes import one_thread
from backend.analysis.protocols import BATCH, EPOCHS, LEARNING_RATE, fast, head, paper
from backend.analysis.scale import Scale
from backend.analysis.seen import Seen
from backend.jobs.analyse import config_of
from benchmarks.record import Row, figure, parsed, parser, told
from benchmarks.tsne import DEMO
from models.checkpoint import kept, load_encoder
from models.data import load
from models.device import keep_freed_memory, pick_device
from models.presets import ENCODERS


def seen_of(data: str, home: Path, train: int) -> Seen:
    """The demo's encoder and the images, no more than `train` of them to fit to."""
    config, device = config_of(DEMO), pick_device("auto")
    m = Material.of(load(data, home), config)
    some = np.sort(np.random.default_rng(0).permutation(len(m.train))[:train])
    m = replace(m, train=m.train[some], train_labels=m.train_labels[some])
    layers = encoder_layers(load_encoder(DEMO, kept(DEMO)[-1]).to(device))
    return Seen(m, layers, ENCODERS[config.encoder], device)


def adam(seen: Seen) -> list[float]:
    """The paper's classifier on features of the central crop, of unit variance."""
    return [adam_of(seen, *both) for both in zip(seen.train, seen.test, strict=True)]


def adam_of(seen: Seen, train: np.ndarray, test: np.ndarray) -> float:
    scale, generator = Scale.of(train), torch.Generator().manual_seed(0)
    x, asked = (torch.from_numpy(scale.apply(part)) for part in (train, test))
    labels = torch.from_numpy(seen.material.train_labels.astype(np.int64))
    layer = head(x.shape[1], len(seen.material.classes), generator)
    optimiser = torch.optim.Adam(layer.parameters(), lr=LEARNING_RATE, fused=True)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x), generator=generator).split(BATCH):
            optimiser.zero_grad()
            F.cross_entropy(layer(x[rows]), labels[rows]).backward()
            optimiser.step()
    with torch.inference_mode():
        return float((layer(asked).argmax(1).numpy() == seen.test_labels).mean())


def timed(call: Callable[[], Any], clock: Callable[[], float]) -> tuple[float, Any]:
    start = clock()
    found = call()
    return clock() - start, found


def rows(data: str, train: int, epochs: int, runs: int) -> Iterator[Row]:
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as home:
        seen = seen_of(data, Path(home), train)
        cpu = seen.device.type == "cpu"
        clock = time.process_time if cpu else time.perf_counter
        looking, _ = timed(lambda: list(seen.look()), clock)
        n = len(seen.material.train)
        times = [timed(partial(fast, seen), clock) for _ in range(runs)]
        epoch = timed(partial(paper, seen, epochs=epochs), clock)[0] / epochs
    soon, long = [seconds for seconds, _ in times], EPOCHS * epoch
    unit = "s, of the processor" if cpu else "s"
    here = f"{n:,} training and {len(seen.test_labels):,} test images"
    yield figure(f"fast, six layers, {here}", soon, unit)
    yield figure("pass over these images, which gives fast its features", [looking], unit)
    yield figure(f"paper, {EPOCHS} epochs reckoned from {epochs}", [long], unit)
    yield figure("paper over fast", [long / each for each in soon], "times", ">= 100")
    whole = [long / (each + looking) for each in soon]
    yield figure("paper over fast with its pass", whole, "times", ">= 100")
    with one_thread():
        others = adam(seen)
    for layer, (probe, other) in enumerate(zip(times[0][1], others, strict=True), start=1):
        gain = 100 * (probe.accuracy - other)
        unit = f"points, {probe.accuracy:.1%} less {other:.1%}"
        yield figure(f"layer {layer}, fast less Adam", [gain], unit, ">= -0.5")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", default="photos", metavar="SPEC")
    options.add_argument("--train", type=int, default=2000, help="images to fit to, at most")
    options.add_argument("--epochs", type=int, default=1, help="of the paper's 300 to run")
    given = parsed(options)
    told("probes", rows(given.data, given.train, given.epochs, given.runs), given)


if __name__ == "__main__":
    main()
