"""CLAPP: Contrastive, Local And Predictive Plasticity (Illing et al., NeurIPS 2021)."""

from typing import final

import torch
from torch import Tensor, nn

from models.rules.rule import Form, Rule, matrices
from models.rules.scores import Broadcast, broadcast, by_place, rows, score, share_of_sign, taken


@final
class CLAPP(Rule):
    """Each layer predicts its own future, k + 1 patch rows below, from its present.

        u = z . W c            L = max(0, 1 - y u)         y = +1 true future, -1 another image's

    W_pred predicts the future from the context and teaches the future side; W_retro predicts
    the context from the future and teaches the context side. The two matrices are independent,
    so no weight is ever carried from one synapse to another.

    draw: the paper describes y as one network-wide signal, and so it is by default ("network"):
    y and the other image are drawn once a step for each image (the image anew for each k) and
    broadcast to all layers and to both predictions. "per-layer" is the published code's way: both
    are drawn anew in every layer and for each of the two terms. As in that code the true and the
    wrong half of a batch are averaged separately. w_init: `matrices`. update is
    read by the training step.

    The loss of a layer at chance is 4, 1 for each sign of each of the two terms.
    """

    terms = 2

    def __init__(
        self,
        form: Form,
        generator: torch.Generator,
        draw: str = "network",
        w_init: str = "uniform",
        update: str = "autograd",
    ) -> None:
        super().__init__()
        self.layers = tuple(range(len(form.widths)))
        self.steps, self.own_draws = form.steps, draw == "per-layer"
        pairs = [(form.steps, width, width) for width in form.widths]
        self.W_pred = nn.ParameterList(matrices(*pair, generator, w_init) for pair in pairs)
        self.W_retro = nn.ParameterList(matrices(*pair, generator, w_init) for pair in pairs)

    def draw(self, images: int, generator: torch.Generator) -> Broadcast:
        return broadcast(
            images, self.steps, generator, len(self.layers), self.terms, self.own_draws
        )

    def loss(self, layer: int, z: Tensor, draw: Broadcast) -> Tensor:
        return two_way_hinge(z, self.W_pred[layer], self.W_retro[layer], layer, draw)

    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        return [self.W_pred[layer], self.W_retro[layer]]


def two_way_hinge(
    z: Tensor, W_pred: Tensor, W_retro: Tensor, layer: int, draw: Broadcast
) -> Tensor:
    """CLAPP's loss of one layer: z [b, channel, row, column], W_pred and W_retro [k, j, j]."""
    z, total = by_place(z), z.new_zeros(())
    (y_p, met_p), (y_r, met_r) = (draw.fate(layer, term) for term in (0, 1))
    share_p, share_r = (share_of_sign(y, total) for y in (y_p, y_r))
    for k, (W_p, W_r) in enumerate(zip(W_pred, W_retro, strict=True), start=1):
        c, z_k = rows(z, k)  # [b, r, x, channel] each

        u = score(W_p, taken(z_k, met_p[k - 1]), c.detach())  # [b, r, x]
        total = total + (share_p * hinge(y_p, u)).sum()

        u = score(W_r, c, z_k[met_r[k - 1]].detach())
        total = total + (share_r * hinge(y_r, u)).sum()
    return total / len(W_pred)


def hinge(y: Tensor, u: Tensor) -> Tensor:
    """max(0, 1 - y u), mean over the places of each image: y [b], u [b, r, x] -> [b]."""
    return torch.relu(1 - y[:, None, None] * u).mean((1, 2))
