"""The same update without autograd: CLAPP as a product of four factors (method A.3).

    dW_ji = sum  gamma . (W c)_j . rho'(a_j) . x_i         over pairs, patches and positions

gamma = y H is the modulator (H = 1 where the hinge is active), (W c)_j the dendritic prediction
(of the future from the context through W_pred; of the context from the future through W_retro),
rho'(a_j) the postsynaptic and x_i the presynaptic factor. Updates are minus the gradient of the
layer's loss, before any optimiser.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from models.encoder import Layer, pooled
from models.rules.clapp import CLAPP
from models.rules.scores import Broadcast, rows, score, seen_future


class Update(NamedTuple):
    """Change of every weight of one layer for a learning rate of 1."""

    weight: Tensor  # [j, i, 3, 3]
    bias: Tensor  # [j]
    W_pred: Tensor  # [k, j, j]
    W_retro: Tensor  # [k, j, j]


@torch.no_grad()
def clapp_update(rule: CLAPP, number: int, layer: Layer, x: Tensor, draw: Broadcast) -> Update:
    """The local update of layer `number` from its input x [b * patches, channel, y, x]."""
    images = len(draw.y)
    a = F.conv2d(x, layer.weight, layer.bias, padding=1)  # [patch, j, y, x]
    z = pooled(layer(x), images)  # [b, j, row, column]
    drive = torch.zeros_like(z)  # sum of gamma . (W c)_j that reaches each patch
    W_pred, W_retro = rule.W_pred[number], rule.W_retro[number]
    dW_pred, dW_retro = torch.zeros_like(W_pred), torch.zeros_like(W_retro)
    for k in range(1, rule.steps + 1):
        c, z_k = rows(z, k)
        met = seen_future(torch.arange(images, device=z.device), draw, k)  # whose future it is
        future = z_k[met]
        share = pair_share(draw.y, c) / rule.steps  # [b, 1, 1]

        gamma = share * modulator(draw.y, score(W_pred[k - 1], future, c))  # [b, r, x]
        to_future = gamma[:, None] * dendrite(W_pred[k - 1], c)
        drive[:, :, k + 1 :].index_add_(0, met, to_future)
        dW_pred[k - 1] = torch.einsum("brx,bjrx,birx->ji", gamma, future, c)

        gamma = share * modulator(draw.y, score(W_retro[k - 1], c, future))
        drive[:, :, : -(k + 1)] += gamma[:, None] * dendrite(W_retro[k - 1], future)
        dW_retro[k - 1] = torch.einsum("brx,bjrx,birx->ji", gamma, c, future)

    drive = drive.movedim(1, -1).flatten(0, 2)  # [patch, j]
    post = postsynaptic(a, layer.pool)  # [patch, j, position]
    pre = F.unfold(x, 3, padding=1)  # [patch, i * 9, position]
    weight = torch.einsum("nj,njl,nil->ji", drive, post, pre).view_as(layer.weight)
    return Update(weight, torch.einsum("nj,njl->j", drive, post), dW_pred, dW_retro)


def modulator(y: Tensor, u: Tensor) -> Tensor:
    """gamma = y H: +1, -1, or 0 where the hinge is at rest; y [b], u [b, r, x] -> [b, r, x]."""
    y = y[:, None, None]
    return y * (y * u < 1).to(u.dtype)


def dendrite(W: Tensor, pre: Tensor) -> Tensor:
    """The prediction W pre that arrives at every unit: [b, i, r, x] -> [b, j, r, x]."""
    return torch.einsum("ji,birx->bjrx", W, pre)


def pair_share(y: Tensor, c: Tensor) -> Tensor:
    """Weight of one pair in the loss: 1 / (images of its sign x places); -> [b, 1, 1]."""
    places = c.shape[2] * c.shape[3]
    same_sign = (y == y[:, None]).sum(1).to(c.dtype)
    return (1 / (same_sign * places))[:, None, None]


def postsynaptic(a: Tensor, pool: bool) -> Tensor:
    """rho'(a) over the number of outputs: 1 / N where a unit is active and, under a max-pool,
    only at the winner of its 2x2 cell; a [n, j, y, x] -> [n, j, position]."""
    active = (a > 0).to(a.dtype)
    if not pool:
        return active.flatten(2) / a[0, 0].numel()
    _, winner = F.max_pool2d(a, 2, return_indices=True)
    wins = torch.zeros_like(a).flatten(2).scatter_(2, winner.flatten(2), 1.0)
    return wins * active.flatten(2) / winner[0, 0].numel()
