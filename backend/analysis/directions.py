"""In which directions do features vary most?"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

SPARE, ROUNDS = 10, 4


def leading(x: Tensor, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Variance [direction] and axes [feature, direction] of x [n, feature], of mean 0.

    The `count` greatest, or as many as there are, by randomised subspace iteration (Halko,
    Martinsson and Tropp 2011). The sign of an axis is free; here its greatest weight is positive.
    """
    # A generator of its own: maps of several layers are made at once, and threads share torch's.
    generator = torch.Generator(x.device).manual_seed(seed)
    size = min(count + SPARE, *x.shape)
    drawn = torch.randn(
        x.shape[1], size, generator=generator, device=x.device, dtype=x.dtype
    )  # [feature, direction]
    basis = torch.linalg.qr(x @ drawn).Q  # [n, direction]
    for _ in range(ROUNDS):
        basis = torch.linalg.qr(x @ torch.linalg.qr(x.T @ basis).Q).Q
    _, size, axes = torch.linalg.svd(basis.T @ x, full_matrices=False)
    size, axes = size[:count], axes[:count].T
    greatest = axes.gather(0, axes.abs().argmax(0, keepdim=True))  # [1, direction]
    return size**2 / len(x), torch.where(greatest < 0, -axes, axes)


@dataclass(frozen=True)
class Components:
    """The first principal components of some features, to bring others into the same axes."""

    mean: np.ndarray  # float32 [feature]
    axes: Tensor  # float32 [feature, component]

    @classmethod
    def of(cls, features: np.ndarray, count: int, seed: int = 0) -> "Components":
        """Those of features [n, feature], the same for the same features."""
        mean = features.mean(0)
        _, axes = leading(torch.from_numpy(features - mean), count, seed)
        return cls(mean, axes)

    def apply(self, features: np.ndarray) -> np.ndarray:
        """float32 [n, component]"""
        return (torch.from_numpy(features - self.mean) @ self.axes).numpy()
