"""What a learning rule is: which layers carry a loss, and that loss."""

from abc import abstractmethod

import torch
from torch import Tensor, nn


class Rule(nn.Module):
    """Abstract; variants are final classes, one row of RULES each.

    `layers` are the numbers (from 0) of the layers that carry a loss, `terms` how many terms a
    loss sums, so that a logged loss divided by it compares across rules.
    """

    layers: tuple[int, ...]
    terms: int

    @abstractmethod
    def draw(self, images: int, generator: torch.Generator):
        """What is random in one step for `images` images, drawn once and broadcast to all."""

    @abstractmethod
    def loss(self, layer: int, z: Tensor, draw) -> Tensor:
        """Loss of one layer (a scalar) from its activity z [b, channel, row, column]."""

    @abstractmethod
    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        """The rule's own weights that learn from the loss of `layer`."""
