"""What a learning rule is: which layers carry a loss, and that loss."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Form:
    """What a rule has to know of a network and of its task to make its own weights."""

    widths: tuple[int, ...]  # channels of each layer
    sides: tuple[int, ...]  # rows (and columns) of the grid on which each layer's z lies
    steps: int = 5  # prediction steps K
    classes: int = 0  # of the labels, where there are any


class Rule(nn.Module):
    """Abstract; variants are final classes, one row of RULES each.

    `layers` are the numbers (from 0) of the layers that carry a loss, `terms` how many terms a
    loss sums, so that a logged loss divided by it compares across rules. A rule that
    `hears_top` finds the top layer's activity in its draw.
    """

    layers: tuple[int, ...]
    terms: int
    hears_top = False

    @abstractmethod
    def draw(self, images: int, generator: torch.Generator):
        """What is random in one step for `images` images, drawn once and broadcast to all."""

    @abstractmethod
    def loss(self, layer: int, z: Tensor, draw) -> Tensor:
        """Loss of one layer (a scalar) from its activity z [b, channel, row, column].

        draw: what `draw` gave; for a rule with labels, the labels int64 [b].
        """

    @abstractmethod
    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        """The rule's own weights that learn from the loss of `layer`."""


def matrices(
    count: int, post: int, pre: int, generator: torch.Generator, init: str = "uniform"
) -> nn.Parameter:
    """Prediction matrices [count, post, pre], uniform within 1 / sqrt(pre).

    init "identity": 1 / pre on the diagonal and a hundredth of that uniform start, so that a score
    begins as the mean of z c over the channels: a layer predicts at first that nothing changes.
    post and pre are then equal.
    """
    bound = pre**-0.5
    weight = torch.empty(count, post, pre).uniform_(-bound, bound, generator=generator)
    return nn.Parameter(torch.eye(post) / pre + weight / 100 if init == "identity" else weight)
