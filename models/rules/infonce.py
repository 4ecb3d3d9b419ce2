"""InfoNCE: the true future is to be picked from among wrong ones.

Contrastive predictive coding (van den Oord et al. 2018), and Greedy InfoMax (Löwe et al. 2019),
which puts the same loss at every layer; here on the patches and layers of CLAPP.
"""

from typing import final

import torch
from torch import Tensor, nn

from models.rules.rule import Form, Rule, matrices
from models.rules.scores import Anywhere, anywhere, by_place, rows, score

NEGATIVES = 16


@final
class GreedyInfoMax(Rule):
    """L = -log( exp u_true / sum over the true and 16 wrong futures of exp u ), at every layer.

    u = z . W c with one matrix a step, which teaches both sides. The loss at chance is log 17.
    """

    terms = 1

    def __init__(self, form: Form, generator: torch.Generator, w_init: str = "uniform") -> None:
        super().__init__()
        self.layers = tuple(range(len(form.widths)))
        self.steps, self.side = form.steps, form.sides[0]
        self.W_pred = nn.ParameterList(
            matrices(form.steps, width, width, generator, w_init) for width in form.widths
        )

    def draw(self, images: int, generator: torch.Generator) -> Anywhere:
        return anywhere(images, NEGATIVES, self.side, self.steps, generator)

    def loss(self, layer: int, z: Tensor, draw: Anywhere) -> Tensor:
        return info_nce(z, self.W_pred[layer], draw)

    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        return [self.W_pred[layer]]


@final
class CPC(Rule):
    """The loss of GreedyInfoMax at the top layer alone, sent back through all layers."""

    terms = 1

    def __init__(self, form: Form, generator: torch.Generator, w_init: str = "uniform") -> None:
        super().__init__()
        self.layers = (len(form.widths) - 1,)
        self.steps, self.side = form.steps, form.sides[-1]
        width = form.widths[-1]
        self.W_pred = matrices(form.steps, width, width, generator, w_init)

    def draw(self, images: int, generator: torch.Generator) -> Anywhere:
        return anywhere(images, NEGATIVES, self.side, self.steps, generator)

    def loss(self, layer: int, z: Tensor, draw: Anywhere) -> Tensor:
        return info_nce(z, self.W_pred, draw)

    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        return [self.W_pred]


def info_nce(z: Tensor, W_pred: Tensor, draw: Anywhere) -> Tensor:
    """Mean over steps and places of the cross-entropy; z [b, channel, row, column], W [k, j, j]."""
    z, total = by_place(z), z.new_zeros(())
    for k, W in enumerate(W_pred, start=1):
        c, z_k = rows(z, k)  # [b, r, x, channel] each
        future = torch.cat([z_k[:, None], draw.futures(z_k, k)], 1)  # [b, 1 + n, r, x, channel]
        u = score(W, future, c[:, None])  # [b, 1 + n, r, x]
        total = total - u.log_softmax(1)[:, 0].mean()
    return total / len(W_pred)
