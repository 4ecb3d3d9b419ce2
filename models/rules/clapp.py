"""CLAPP: Contrastive, Local And Predictive Plasticity (Illing et al., NeurIPS 2021)."""

from typing import final

import torch
from torch import Tensor, nn

from models.rules.rule import Rule
from models.rules.scores import Broadcast, broadcast, mean_of_signs, rows, score, seen_future


@final
class CLAPP(Rule):
    """Each layer predicts its own future, k + 1 patch rows below, from its present.

        u = z . W c            L = max(0, 1 - y u)         y = +1 true future, -1 another image's

    W_pred predicts the future from the context and teaches the future side; W_retro predicts
    the context from the future and teaches the context side. The two matrices are independent,
    so no weight is ever carried from one synapse to another.

    The paper describes y as one network-wide signal, and so it is here: y and the other image
    are drawn once a step for each image (the image anew for each k) and broadcast to all layers
    and to both predictions. The published code instead draws both anew in every layer and for
    each of the two terms. As in that code the true and the wrong half of a batch are averaged
    separately.

    `widths` are the channels of the layers, `steps` is K. The loss of a layer at chance is 4,
    1 for each sign of each of the two terms.
    """

    terms = 2

    def __init__(self, widths: tuple[int, ...], steps: int, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = tuple(range(len(widths)))
        self.steps = steps
        self.W_pred = nn.ParameterList(matrices(steps, width, generator) for width in widths)
        self.W_retro = nn.ParameterList(matrices(steps, width, generator) for width in widths)

    def draw(self, images: int, generator: torch.Generator) -> Broadcast:
        return broadcast(images, self.steps, generator)

    def loss(self, layer: int, z: Tensor, draw: Broadcast) -> Tensor:
        y = draw.y[:, None, None]
        total = z.new_zeros(())
        for k in range(1, self.steps + 1):
            c, z_k = rows(z, k)  # [b, channel, r, x] each
            z_k = seen_future(z_k, draw, k)
            W_pred, W_retro = self.W_pred[layer][k - 1], self.W_retro[layer][k - 1]
            u_pred = score(W_pred, z_k, c.detach())  # [b, r, x]
            u_retro = score(W_retro, c, z_k.detach())
            hinge = torch.relu(1 - y * u_pred) + torch.relu(1 - y * u_retro)
            total = total + mean_of_signs(hinge.mean((1, 2)), draw.y)
        return total / self.steps

    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        return [self.W_pred[layer], self.W_retro[layer]]


def matrices(steps: int, width: int, generator: torch.Generator) -> nn.Parameter:
    """K prediction matrices [k, width, width], uniform within 1 / sqrt(width)."""
    bound = width**-0.5
    weight = torch.empty(steps, width, width).uniform_(-bound, bound, generator=generator)
    return nn.Parameter(weight)
