"""How far does the explicit product of four factors lie from autograd of the same loss?"""

import copy

import numpy as np
import torch
from torch import Tensor, nn

from models.hebbian import local_update
from models.rules.rule import Rule

EXACT_IMAGES = 4  # of which the four factors are taken, in two precisions
PRECISIONS = {"float64": torch.float64, "float32": torch.float32}
GAP_ROWS = ("float64", "float32", "rounding")  # rounding: of autograd's float32 from its float64
WEIGHTS = ("weight", "bias", "W_pred", "W_retro")
BOUNDS = {"float64": 1e-10, "float32": 1e-5}
ROUNDINGS = 4.0  # or so many times the rounding, where terms that cancel leave float32 fewer digits


def gaps(encoder: nn.Module, rule: Rule, views: Tensor, draw) -> np.ndarray:
    """|a - b| / (|a| + |b|) of four factors and autograd: [layer, row of GAP_ROWS, weight].

    NaN where there is no such weight.
    """
    found = np.full((len(rule.layers), len(GAP_ROWS), len(WEIGHTS)), np.nan)
    exact: list[tuple[Tensor, ...]] = []
    for p, dtype in enumerate(PRECISIONS.values()):
        encoder_p, rule_p = (copy.deepcopy(part).cpu().to(dtype) for part in (encoder, rule))
        x = encoder_p.entrance(views.to(dtype))
        for n, layer in enumerate(encoder_p.layers):
            update = local_update(rule_p, n, layer, x, len(views), draw)
            out = layer(x)
            loss = rule_p.loss(n, encoder_p.activity(n, out, len(views)), draw)
            weights = [layer.weight, layer.bias, *rule_p.parameters_of(n)]
            gradients = torch.autograd.grad(loss, weights)
            exact.append(gradients)
            for w, gradient in enumerate(gradients):
                found[n, p, w] = gap(update[w], -gradient)
                found[n, 2, w] = gap(gradient.double(), exact[n][w])
            x = out.detach()
    return found


def gap(a: Tensor, b: Tensor) -> float:
    """|a - b| / (|a| + |b|); 0 where both are zero, infinite where either is not finite."""
    size = a.norm() + b.norm()
    if size == 0:
        return 0.0
    distance = float((a - b).norm() / size)
    return distance if np.isfinite(distance) else float("inf")


def bounds(found: np.ndarray) -> np.ndarray:
    """The most that the first two rows of `gaps` may be: [..., precision, weight].

    float32: 1e-5, or four times the rounding where that is more.
    """
    exact = np.full_like(found[..., 0, :], BOUNDS["float64"])
    rounded = np.fmax(BOUNDS["float32"], ROUNDINGS * found[..., 2, :])
    return np.stack([exact, rounded], -2)
