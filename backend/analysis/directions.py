"""In which directions do features vary most?"""

import torch
from torch import Tensor

SPARE, ROUNDS = 10, 4


def leading(x: Tensor, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Variance [direction] and axes [feature, direction] of x [n, feature], of mean 0.

    The `count` greatest, or as many as there are, by randomised subspace iteration (Halko,
    Martinsson and Tropp 2011). The sign of an axis is free; here its greatest weight is positive.
    """
    with torch.random.fork_rng(devices=[x.device] if x.is_cuda else []):
        torch.manual_seed(seed)
        _, size, axes = torch.svd_lowrank(x, min(count + SPARE, *x.shape), niter=ROUNDS)
    size, axes = size[:count], axes[:, :count]
    greatest = axes.gather(0, axes.abs().argmax(0, keepdim=True))  # [1, direction]
    return size**2 / len(x), torch.where(greatest < 0, -axes, axes)
