"""What do the true and the wrong futures of a layer score, pair by pair and counted?"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from models.rules.clapp import CLAPP
from models.rules.clapp_pp import CLAPPpp
from models.rules.clapp_s import CLAPPs, scores
from models.rules.hinge_cpc import HingeCPC
from models.rules.infonce import CPC
from models.rules.rule import Rule
from models.rules.scores import by_place, rows, score

BINS = 48  # at most
OUTER = 0.1  # per cent of the scores at either end that may share the outermost bins
LEAST = 1.5  # scores up to this size always have bins, so that the margin is in view


@dataclass
class Scores:
    """Scores of one layer, step by step."""

    true: list[list[np.ndarray]] = field(default_factory=list)  # [k] float32 arrays
    wrong: list[list[np.ndarray]] = field(default_factory=list)
    crossed: list[list[np.ndarray]] = field(default_factory=list)  # cross-entropies, if any


def scores_of(rule: Rule, layer: int, z: Tensor, draw) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """For each k, each prediction's scores of the true and of the wrong futures.

    z [b, channel, row, column] -> true [b, 1, r, x] and wrong [b, n, r, x]; of CLAPP++ [b] each.
    Both signs of every image are taken, also where a training step draws one of them.
    """
    if isinstance(rule, CLAPPpp):
        z = rule.vector(z)
        told = [c.roll(len(c) // 2, 0) @ B[0].T for B, c in rule.contexts(layer, z, draw)]
        yield [((z * t).sum(1), (z[draw.other] * t).sum(1)) for t in told]
        return
    z = by_place(z)
    for k in range(1, rule.steps + 1):
        c, z_k = (part[:, None] for part in rows(z, k))  # [b, 1, r, x, channel] each
        if isinstance(rule, CLAPP | HingeCPC):
            at_top = isinstance(rule, HingeCPC)
            W_pred, W_retro = (W if at_top else W[layer] for W in (rule.W_pred, rule.W_retro))
            met = [z_k[draw.other[0 if at_top else layer, term, k - 1]] for term in (0, 1)]
            yield [
                (score(W_pred[k - 1], z_k, c), score(W_pred[k - 1], met[0], c)),
                (score(W_retro[k - 1], c, z_k), score(W_retro[k - 1], c, met[1])),
            ]
            continue
        wrong = draw.futures(z_k[:, 0], k)  # [b, n, r, x, channel]
        if isinstance(rule, CLAPPs):
            weights = [W[k - 1] for W in rule.parameters_of(layer)]
            yield list(zip(scores(weights, c, z_k), scores(weights, c, wrong), strict=True))
        else:
            W = (rule.W_pred if isinstance(rule, CPC) else rule.W_pred[layer])[k - 1]
            yield [(score(W, z_k, c), score(W, wrong, c))]


def hinged(u: np.ndarray) -> np.ndarray:
    return np.maximum(0, 1 - u.astype(np.float64))


def edges_of(true: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Bins common to both, a power of two wide: up to a width of 1 the margin lies on edges."""
    ends = np.percentile(np.concatenate([true, wrong]), [OUTER, 100 - OUTER])
    low, high = min(ends[0], -LEAST), max(ends[1], LEAST)
    width = 2.0**-4
    while np.ceil(high / width) - np.floor(low / width) > BINS:
        width *= 2
    return np.arange(np.floor(low / width), np.ceil(high / width) + 1) * width


def counted(u: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.histogram(u.clip(edges[0], edges[-1]), edges)[0]
