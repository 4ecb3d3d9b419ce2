"""How are the layers cut into blocks, so that the slowest block is as fast as can be?"""

import copy
import statistics
import time
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.parallel.share import Whole

if TYPE_CHECKING:
    from models.training import Training

TRIES = 3


def seconds_of_layers(
    training: "Training", images: Tensor, labels: Tensor | None = None
) -> list[float]:
    """Seconds that each layer takes of a step, the median of three; of a copy, which then goes.

    The first layer's are with the views and the draw.
    """
    from models.train import step

    twin = copy.deepcopy(replace(training, share=Whole()))
    marks: list[float] = []
    cuda = training.weight.is_cuda

    def mark(*_: object) -> None:
        if cuda:
            torch.cuda.synchronize()
        marks.append(time.perf_counter())

    for optimiser in twin.optimisers:
        optimiser.register_step_post_hook(mark)
    taken = []
    for number in range(1 + TRIES):  # the first warms up
        marks.clear()
        mark()
        step(twin, images, number, labels)
        taken.append([after - before for before, after in zip(marks, marks[1:], strict=False)])
    return [statistics.median(layer) for layer in zip(*taken[1:], strict=True)]


def balanced(seconds: list[float], count: int) -> list[range]:
    """`count` blocks of consecutive layers, at least one each, whose slowest is the fastest."""

    def blocks(cuts: tuple[int, ...]) -> list[range]:
        return [range(*ends) for ends in zip((0, *cuts), (*cuts, len(seconds)), strict=True)]

    every = map(blocks, combinations(range(1, len(seconds)), count - 1))
    return min(every, key=lambda cut: max(sum(seconds[n] for n in block) for block in cut))
