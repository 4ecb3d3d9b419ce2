"""How fast is a training step beside plain PyTorch, and how near to what the hardware multiplies?

One step of CLAPP on random pictures, turn by turn with the same step written plainly: `float32`
layer by layer, `summed` with all losses in one backward pass, `end-to-end` with the loss of the top
layer (hinge-cpc) through all of them, each as torch has it (on a GPU with convolutions in TF32).
The floor is what the convolutions and their weight gradients would take at the rate of a large
matrix product, which has its turn as they have: the share of the floor is the median over turns,
since the rate of a shared machine changes from one to the next. Memory is the most that a process
of its own needed over what it held before its first step.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, product, starmap
from operator import truediv
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional as F

from backend.analysis.speed import wait
from backend.jobs.memory import peak_mb, start_peak, status_mb
from benchmarks.record import RUNS, Row, alternately, figure, parsed, parser, told
from models.config import TrainConfig
from models.data.views import random_views
from models.device import keep_freed_memory, pick_device, pick_precision
from models.encoder import Layer
from models.patches import patches, to_grid
from models.presets import ENCODERS, PATCH, grid_of
from models.train import exactly, step
from models.training import at_zero, begin

SIDE, VIEW = 96, 64  # of the pictures and what the encoder sees, pixels
GOALS = {  # by encoder and batch, of two cores with AMX
    ("vgg6", 32): ">= 21 with AMX, 6x float32, 0.65 of the floor, <= 1,000 MB",
    **{("vgg6-small", batch): ">= 300 with AMX at the best batch" for batch in (32, 64, 128, 256)},
}
LONGEST = 12  # operations that a profile names
MATRIX, MATRIX_CUDA = 4096, 8192  # rows and columns of the product that tells the matrix rate


def saccade(config: TrainConfig, images: Tensor) -> Callable[[], None]:
    training = begin(config, VIEW)

    def call() -> None:
        with exactly(training):
            step(training, images, training.batch)
        training.batch += 1

    return call


def float32(config: TrainConfig, images: Tensor) -> Callable[[], None]:
    """Layer by layer, an update as soon as a layer's loss is known."""
    training, draw = plain(config)
    adams = [
        adam([*layer.parameters(), *training.rule.parameters_of(number)])
        for number, layer in enumerate(training.encoder.layers)
    ]

    def call() -> None:
        x = patches(random_views(images, draw))
        fate = training.rule.draw(len(images), draw).to(images.device)
        for number, layer in enumerate(training.encoder.layers):
            x = activity(layer, x.detach())
            adams[number].zero_grad()
            training.rule.loss(number, to_grid(x.mean((2, 3)), len(images)), fate).backward()
            adams[number].step()

    return call


def summed(config: TrainConfig, images: Tensor) -> Callable[[], None]:
    """All losses in one backward pass, layers detached from each other."""
    return at_once(config, images, crosses=False)


def end_to_end(config: TrainConfig, images: Tensor) -> Callable[[], None]:
    """The top layer's loss through all layers, as hinge-cpc learns."""
    through = TrainConfig(rule="hinge-cpc", encoder=config.encoder, batch=config.batch)
    return at_once(through, images, crosses=True)


def at_once(config: TrainConfig, images: Tensor, crosses: bool) -> Callable[[], None]:
    training, draw = plain(config)
    weights = [*training.encoder.parameters(), *training.rule.parameters()]
    optimiser = adam(weights)

    def call() -> None:
        x = patches(random_views(images, draw))
        fate = training.rule.draw(len(images), draw).to(images.device)
        total = x.new_zeros(())
        for number, layer in enumerate(training.encoder.layers):
            x = activity(layer, x if crosses else x.detach())
            if number in training.rule.layers:
                total = total + training.rule.loss(
                    number, to_grid(x.mean((2, 3)), len(images)), fate
                )
        optimiser.zero_grad()
        total.backward()
        optimiser.step()

    return call


def adam(weights: list[torch.nn.Parameter]) -> torch.optim.Adam:
    """Torch's own, with its moments made before the first step: no variant's memory counts them."""
    return at_zero(torch.optim.Adam(weights, lr=2e-4))


def plain(config: TrainConfig):
    """A training with the same rule and weights, in torch's own memory layout."""
    training = begin(replace(config, precision="float32"), VIEW)
    for layer in training.encoder.layers:
        layer.weight.data = layer.weight.data.contiguous()
    return training, torch.Generator().manual_seed(0)


def activity(layer: Layer, x: Tensor) -> Tensor:
    a = torch.relu(F.conv2d(x, layer.weight, layer.bias, padding=1))
    return F.max_pool2d(a, 2) if layer.pool else a


VARIANTS = {"saccade": saccade, "float32": float32, "summed": summed, "end-to-end": end_to_end}


def macs(encoder: str) -> float:
    """Multiplications an image: the convolutions and their weight gradients, padding included."""
    preset, side, below, total = ENCODERS[encoder], PATCH, 1, 0
    for width, pool in zip(preset.widths, preset.pools, strict=True):
        total += grid_of(VIEW) ** 2 * side**2 * 9 * below * width
        side, below = side // 2 if pool else side, width
    return 2 * total


def matrix_product(dtype: torch.dtype, device: torch.device) -> tuple[Callable[[], None], int]:
    """A call that makes large matrix products, and how many multiplications they are."""
    side = MATRIX_CUDA if device.type == "cuda" else MATRIX
    a = torch.randn(side, side, device=device).to(dtype)
    together = 1 if device.type == "cpu" else 20  # between two waits for a GPU, so that none counts

    def call() -> None:
        for _ in range(together):
            a @ a

    return call, together * side**3


def pictures(batch: int, device: torch.device) -> Tensor:
    made = torch.Generator().manual_seed(0)
    return torch.randint(256, (batch, 3, SIDE, SIDE), generator=made, dtype=torch.uint8).to(device)


def rows(encoder: str, batch: int, variants: list[str], runs: int) -> Iterator[Row]:
    config = TrainConfig(encoder=encoder, batch=batch)
    device = pick_device(config.device)
    images = pictures(batch, device)
    dtype = pick_precision(config.precision, device)
    multiply, multiplications = matrix_product(dtype, device)

    def timed(call: Callable[[], None]) -> Callable[[], None]:
        return lambda: (call(), wait(device))

    calls = {word: timed(VARIANTS[word](config, images)) for word in variants}
    taken = alternately({"matrix": timed(multiply), **calls}, runs)
    rates = [multiplications / each for each in taken.pop("matrix")]
    floors = [rate / macs(encoder) for rate in rates]
    for word, seconds in taken.items():
        speeds = [batch / each for each in seconds]
        middle = median(speeds)
        yield {
            "name": f"{encoder}, batch {batch}, {word}",
            "value": middle,
            "unit": "images/s",
            "goal": GOALS.get((encoder, batch)) if word == "saccade" else None,
            "low": min(speeds),
            "high": max(speeds),
            "runs": len(speeds),
            "encoder": encoder,
            "batch": batch,
            "variant": word,
            "images_per_s": middle,
            "peak_mb": peak(encoder, batch, word),
            "share_of_floor": median(map(truediv, speeds, floors)),
            "floor_images_per_s": median(floors),
            "matrix_gflops": 2e-9 * median(rates),
            "matrix_dtype": f"{dtype}".removeprefix("torch."),
        }


def profiled(encoder: str, batch: int) -> Iterator[Row]:
    """Which share of a step's own time each operation of torch takes, the longest first."""
    config = TrainConfig(encoder=encoder, batch=batch)
    device = pick_device(config.device)
    call = saccade(config, pictures(batch, device))
    for _ in range(RUNS):
        call()
    with torch.profiler.profile() as seen:
        for _ in range(RUNS):
            call()
        wait(device)
    cuda = device.type == "cuda"
    on = torch.autograd.DeviceType.CUDA if cuda else torch.autograd.DeviceType.CPU
    spent = [
        (event.self_device_time_total if cuda else event.self_cpu_time_total, event)
        for event in seen.key_averages()
        if event.device_type == on and not event.is_user_annotation
    ]
    whole = sum(own for own, _ in spent)
    for own, event in sorted(spent, key=lambda each: -each[0])[:LONGEST]:
        unit = f"% of a step, {event.count / RUNS:.0f} times"
        yield figure(f"{encoder}, batch {batch}, {event.key}", [100 * own / whole], unit)


def peak(encoder: str, batch: int, variant: str) -> float:
    """MiB over what a process of its own held before its first step."""
    torch.cuda.empty_cache()  # of this process, where it has a GPU
    command = [sys.executable, "-m", "benchmarks.train_step", "--peak"]
    command += ["--encoder", encoder, "--batch", str(batch), "--variants", variant]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def own_peak(encoder: str, batch: int, variant: str) -> float:
    config = TrainConfig(encoder=encoder, batch=batch)
    device = pick_device(config.device)
    return growth(VARIANTS[variant](config, pictures(batch, device)), device)


def growth(call: Callable[[], None], device: torch.device, times: int = 3) -> float:
    """MiB that a few calls need at most over what the process, or the GPU, held before (Linux)."""
    cuda = device.type == "cuda"
    if cuda:
        before = torch.cuda.memory_allocated() / 2**20
        torch.cuda.reset_peak_memory_stats()
    else:
        before = status_mb("VmRSS") or 0
        start_peak()
    for _ in range(times):
        call()
    wait(device)
    most = torch.cuda.max_memory_allocated() / 2**20 if cuda else peak_mb() or 0
    return most - before


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--encoder", nargs="+", default=["vgg6-small", "vgg6"], choices=ENCODERS)
    options.add_argument("--batch", type=int, nargs="+", default=[32])
    options.add_argument("--variants", nargs="+", default=[*VARIANTS], choices=VARIANTS)
    options.add_argument("--peak", action="store_true", help="only the memory of one variant")
    options.add_argument("--profile", action="store_true", help="only what takes a step's time")
    given = parsed(options)
    keep_freed_memory()
    if given.peak:
        print(own_peak(given.encoder[0], given.batch[0], given.variants[0]))
        return
    pairs = product(given.encoder, given.batch)
    if given.profile:
        told("profile", chain.from_iterable(starmap(profiled, pairs)), given)
        return
    found = (row for pair in pairs for row in rows(*pair, given.variants, given.runs))
    told("train_step", found, given)


if __name__ == "__main__":
    main()
