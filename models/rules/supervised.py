"""Learning from labels: what the same encoder reaches when it is told the classes (method B.5)."""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.rules.rule import Form, Rule


class Reader(nn.Module):
    """A linear classifier on the mean over the grid: z [b, channel, row, column] -> [b, class].

    Weights and bias start uniform within 1 / sqrt(channels). It reads in their precision, since
    it is too small a product to be worth another.
    """

    def __init__(self, width: int, classes: int, generator: torch.Generator) -> None:
        super().__init__()
        bound = width**-0.5
        weight = torch.empty(classes, width).uniform_(-bound, bound, generator=generator)
        bias = torch.empty(classes).uniform_(-bound, bound, generator=generator)
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, z: Tensor) -> Tensor:
        with torch.autocast(z.device.type, enabled=False):
            return F.linear(z.mean((2, 3)), self.weight, self.bias)


@final
class GreedySupervised(Rule):
    """Cross-entropy of a linear classifier at every layer, each on detached input.

    The loss at chance is the logarithm of the number of classes.
    """

    terms = 1

    def __init__(self, form: Form, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = tuple(range(len(form.widths)))
        self.readers = nn.ModuleList(Reader(w, form.classes, generator) for w in form.widths)

    def draw(self, images: int, generator: torch.Generator) -> None:
        return None

    def loss(self, layer: int, z: Tensor, draw: Tensor) -> Tensor:
        return F.cross_entropy(self.readers[layer](z), draw)

    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        return list(self.readers[layer].parameters())


@final
class Supervised(Rule):
    """Cross-entropy of a linear classifier at the top layer, sent back through all layers."""

    terms = 1

    def __init__(self, form: Form, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = (len(form.widths) - 1,)
        self.reader = Reader(form.widths[-1], form.classes, generator)

    def draw(self, images: int, generator: torch.Generator) -> None:
        return None

    def loss(self, layer: int, z: Tensor, draw: Tensor) -> Tensor:
        return F.cross_entropy(self.reader(z), draw)

    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        return list(self.reader.parameters())
