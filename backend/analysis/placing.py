"""Where on a map that is drawn already do other images belong?

Each image is placed by itself: the images of the map stay where they are, and no other new image
has a say. So it lies at the same place whatever else is placed with it.
"""

import numpy as np
import torch
from torch import Tensor

from backend.analysis.affinity import affinities
from backend.analysis.directions import Components
from backend.analysis.embedding import COMPONENTS, FEWEST, first_two, possible
from backend.analysis.neighbours import blocks
from backend.analysis.probes import one_thread
from backend.analysis.scale import vary

PERPLEXITY, BEGIN = 5.0, 25  # neighbours that count, and those whose median place is the start
STEPS, RATE, MOMENTUM = 250, 0.1, 0.8
PULL = 1.5  # exaggeration of the attraction
STEEPEST = 0.25  # length to which a gradient is cut
DEFINITION = (
    "Placed by the features of its layer among the images of the map, which stay where they are: "
    "by their principal components, with perplexity 5, in 250 steps from the median place of its "
    "25 nearest (Policar, Strazar and Zupan 2019)."
)


def placed(
    features: np.ndarray,
    flat: np.ndarray,
    new: np.ndarray,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """Places of new images on a map: float32 [m, 2].

    features: [n, feature] of the images of the map; flat: [n, 2] their places, as `embedding` drew
    them; new: [m, feature]; seed: that of the map. The same for the same input.
    """
    components = Components.of(features, COMPONENTS, seed)
    known, asking = components.apply(features), components.apply(new)
    if len(features) < FEWEST or not vary(features):
        return first_two(asking).astype(np.float32)
    parts = (torch.from_numpy(np.array(x)).to(device).double() for x in (known, asking, flat))
    known, asking, flat = parts
    with one_thread():
        found = [descended(known, flat, asking[rows]) for rows in blocks(len(new), 8 * len(flat))]
    return torch.cat(found).float().cpu().numpy()


def descended(known: Tensor, flat: Tensor, asking: Tensor) -> Tensor:
    """Places [m, 2] at which the affinities of asking [m, component] are best matched.

    Gradient descent with momentum and gains on the Kullback-Leibler divergence between p, over
    the nearest of known [n, component], and q, of the place among all of flat [n, 2].
    """
    squared = torch.cdist(asking, known).square()  # [m, n]
    perplexity = possible(PERPLEXITY, len(known))
    near = squared.topk(min(BEGIN, len(known)), largest=False).indices
    y = flat[near].median(1).values  # [m, 2]
    listed = near[:, : int(3 * perplexity)]
    p = PULL * affinities(squared.gather(1, listed), perplexity)  # [m, neighbour]
    friends = flat[listed]  # [m, neighbour, 2]
    speed, gains = torch.zeros_like(y), torch.ones_like(y)
    for _ in range(STEPS):
        slope = repulsion(y, flat) + attraction(y, friends, p)
        length = slope.norm(dim=1, keepdim=True)
        slope = slope * (STEEPEST / length.clamp(min=STEEPEST))
        gains = torch.where(speed * slope < 0, gains + 0.2, gains * 0.8).clamp(min=0.01)
        speed = MOMENTUM * speed - RATE * gains * slope
        y = y + speed
    return y


def attraction(y: Tensor, friends: Tensor, p: Tensor) -> Tensor:
    """Gradient of sum p log(1 + d^2) / 2 by y [m, 2]."""
    away = y[:, None] - friends  # [m, neighbour, 2]
    return (p / (1 + away.square().sum(2)))[:, None].matmul(away).squeeze(1)


def repulsion(y: Tensor, flat: Tensor) -> Tensor:
    """Gradient of log(sum 1 / (1 + d^2)) / 2 over all of flat [n, 2] by y [m, 2]."""
    squares = (flat**2).sum(1), (y**2).sum(1, keepdim=True)
    w = torch.addmm(squares[0] + 1, y, flat.T, alpha=-2).add_(squares[1]).reciprocal_()  # [m, n]
    total, w2 = w.sum(1, keepdim=True), w.square_()
    return (w2 @ flat - w2.sum(1, keepdim=True) * y) / total
