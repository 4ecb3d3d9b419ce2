"""The same update without autograd: CLAPP and CLAPP-s as a product of four factors (method A.3).

    dW_ji = sum  gamma . (W c)_j . rho'(a_j) . x_i         over pairs, patches and positions

gamma = y H is the modulator (H = 1 where the hinge is active), (W c)_j the dendritic prediction
(of the future from the context through W_pred; of the context from the future through W_retro),
rho'(a_j) the postsynaptic and x_i the presynaptic factor. Updates are minus the gradient of the
layer's loss, before any optimiser.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from models.encoder import Layer
from models.patches import to_grid
from models.rules.clapp import CLAPP
from models.rules.clapp_s import CLAPPs
from models.rules.rule import Rule
from models.rules.scores import by_place, rows, share_of_sign

PATCHES = 512  # at a time: their unfolded inputs are nine times as large as the inputs


class Update(NamedTuple):
    """Change of every weight of one layer for a learning rate of 1, and the loss it lowers."""

    weight: Tensor  # [j, i, 3, 3]
    bias: Tensor  # [j]
    W_pred: Tensor  # [k, j, j]
    W_retro: Tensor | None  # [k, j, j]; None where one matrix serves both directions
    loss: Tensor


@dataclass(frozen=True)
class Pairs:
    """Contexts and the futures they meet in one step k, as places of z [b * row * column, j]."""

    k: int
    y: Tensor  # +1 or -1, broadcasts to the places
    share: Tensor  # weight of each pair in the loss, broadcasts to the places
    context: Tensor  # [b, n, r, x] places of z
    future: Tensor  # [b, n, r, x]
    sides: str  # which side learns, through which matrix: "pred", "retro" or "tied"


def four_factors(
    rule: Rule, number: int, layer: Layer, x: Tensor, images: int, draw
) -> tuple[Tensor, Tensor]:
    """Set the gradients of a layer to minus its local update; what it hands on, and its loss."""
    update = local_update(rule, number, layer, x, images, draw)
    weights = [layer.weight, layer.bias, *rule.parameters_of(number)]
    for weight, change in zip(weights, update[:-1], strict=False):
        # A fused Adam walks gradients in the memory order of the weights.
        weight.grad = torch.empty_like(weight).copy_(change).neg_()
    with torch.no_grad():
        return layer(x), update.loss


@torch.no_grad()
def local_update(
    rule: CLAPP | CLAPPs, number: int, layer: Layer, x: Tensor, images: int, draw
) -> Update:
    """The update of layer `number` from its input x [b * patches, channel, y, x] and the draw."""
    a = F.conv2d(x, layer.weight, layer.bias, padding=1)  # [patch, j, y, x]
    z = torch.relu(F.max_pool2d(a, 2) if layer.pool else a).mean((2, 3))  # [patch, j]
    drive = torch.zeros_like(z)  # sum of gamma . (W c)_j that reaches each patch
    W_pred = rule.W_pred[number]
    W_retro = None if rule.terms == 1 else rule.W_retro[number]
    dW_pred = torch.zeros_like(W_pred)
    dW_retro = None if W_retro is None else torch.zeros_like(W_retro)
    loss = z.new_zeros(())
    for pairs in pairs_of(rule, number, to_grid(z, images), draw):
        c, future = z[pairs.context], z[pairs.future]  # [b, n, r, x, j]
        post, pre = (c, future) if pairs.sides == "retro" else (future, c)
        W, dW = (W_retro, dW_retro) if pairs.sides == "retro" else (W_pred, dW_pred)
        dendrite = pre @ W[pairs.k - 1].T  # (W c)_j
        u = (post * dendrite).sum(-1)  # [b, n, r, x]
        loss += (pairs.share * torch.relu(1 - pairs.y * u)).sum()
        gamma = (pairs.share * pairs.y * (pairs.y * u < 1))[..., None]
        learning = pairs.context if pairs.sides == "retro" else pairs.future
        drive.index_add_(0, learning.flatten(), (gamma * dendrite).flatten(0, -2))
        if pairs.sides == "tied":  # the context side hears the same matrix, carried over
            told = gamma * (future @ W[pairs.k - 1])
            drive.index_add_(0, pairs.context.flatten(), told.flatten(0, -2))
        dW[pairs.k - 1] += (gamma * post).flatten(0, -2).T @ pre.flatten(0, -2)
    weight, bias = synapses(layer, a, x, drive)
    return Update(weight, bias, dW_pred, dW_retro, loss)


def pairs_of(rule: CLAPP | CLAPPs, number: int, z: Tensor, draw) -> Iterator[Pairs]:
    """All pairs of one layer, for each k and each term of its loss; z [b, j, row, column]."""
    b, _, side, columns = z.shape
    every = torch.arange(b * side * columns, device=z.device).view(b, side, columns)
    there = by_place(z)
    for k in range(1, rule.steps + 1):
        context, future = (part[:, None] for part in rows(every, k))  # [b, 1, r, x]
        places = b * future[0].numel()
        if isinstance(rule, CLAPP):
            for term, sides in enumerate(("pred", "retro")):
                y, met = draw.fate(number, term)
                share = share_of_sign(y, z) * b / places / rule.steps
                signs, shares = y[:, None, None, None], share[:, None, None, None]
                yield Pairs(k, signs, shares, context, future[met[k - 1]], sides)
            continue
        wrong = future.flatten()[draw.places(rows(there, k)[1], k)]  # [b, n, r, x]
        one = z.new_ones(())
        for sides in ("tied",) if rule.symmetric else ("pred", "retro"):
            yield Pairs(k, one, one / places / rule.steps, context, future, sides)
            share = one / (places * wrong.shape[1]) / rule.steps
            yield Pairs(k, -one, share, context.expand_as(wrong), wrong, sides)


def synapses(layer: Layer, a: Tensor, x: Tensor, drive: Tensor) -> tuple[Tensor, Tensor]:
    """Changes of the kernel and the bias: drive [patch, j] . rho'(a) . x, summed."""
    weight = torch.zeros_like(layer.weight).flatten(1)
    bias = torch.zeros_like(layer.bias)
    for start in range(0, len(x), PATCHES):
        part = slice(start, start + PATCHES)
        post = drive[part, :, None] * postsynaptic(a[part], layer.pool)  # [patch, j, position]
        pre = F.unfold(x[part], 3, padding=1)  # [patch, i * 9, position]
        weight += torch.einsum("njl,nil->ji", post, pre)
        bias += post.sum((0, 2))
    return weight.view_as(layer.weight), bias


def postsynaptic(a: Tensor, pool: bool) -> Tensor:
    """rho'(a) over the number of outputs: 1 / N where a unit is active and, under a max-pool,
    only at the winner of its 2x2 cell; a [n, j, y, x] -> [n, j, position]."""
    active = (a > 0).to(a.dtype)
    if not pool:
        return active.flatten(2) / a[0, 0].numel()
    _, winner = F.max_pool2d(a, 2, return_indices=True)
    wins = torch.zeros_like(a).flatten(2).scatter_(2, winner.flatten(2), 1.0)
    return wins * active.flatten(2) / winner[0, 0].numel()
