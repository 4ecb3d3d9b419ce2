"""t-SNE that looks at every pair of images, for all layers at once: what a GPU does best.

p, how much each pair of a layer's images minds each other, is kept whole, [layer, n, n]. Whatever
else is as large is made of a block of rows at a time.

Letters: p as above, of sum 1 a layer; w = 1 / (1 + d^2) of two images at distance d on the map;
q = w / sum w (van der Maaten and Hinton 2008).
"""

import torch
from torch import Tensor

from backend.analysis.affinity import affinities

EXAGGERATION, MOMENTUM = 12.0, 0.8  # openTSNE's, as the learning rate, n / exaggeration
LONGEST = 5.0  # step of an image
PAIRS = 2**26  # whose w is held at a time


def exact_tsne(
    points: Tensor, start: Tensor, perplexity: float, exaggerated: int, steps: int
) -> Tensor:
    """Maps [layer, n, 2] of points [layer, n, component] from start [layer, n, 2].

    Gradient descent with momentum and gains: `exaggerated` steps with p twelve times too large,
    then `steps` more. The same for the same input on one device.
    """
    p, n = joint(points, perplexity), points.shape[1]
    y, speed, gains = start.clone(), torch.zeros_like(start), torch.ones_like(start)
    for number in range(exaggerated + steps):
        factor = EXAGGERATION if number < exaggerated else 1.0
        slope, _ = descent(p, y, factor)
        gains = torch.where(speed * slope < 0, gains + 0.2, gains * 0.8).clamp_(min=0.01)
        speed = MOMENTUM * speed - n / factor * gains * slope
        speed *= LONGEST / speed.norm(dim=2, keepdim=True).clamp(min=LONGEST)
        y += speed
        y -= y.mean(1, keepdim=True)
    return y


def joint(points: Tensor, perplexity: float) -> Tensor:
    """p [layer, n, n]: the mean of p(j | i) and p(i | j), over n."""
    layers, n, _ = points.shape
    squares = points.square().sum(2)  # [layer, n]
    p = points.new_empty(layers, n, n)
    for rows in parts(layers, n):
        squared = inner(points, squares, rows).clamp_(min=0)  # [layer, block, n]
        own = torch.arange(len(squared[0]), device=p.device)
        squared[:, own, own + rows.start] = torch.inf
        p[:, rows] = affinities(squared, perplexity)
    for one in p:
        one.copy_((one + one.T).div_(2 * n))
    return p


def descent(p: Tensor, y: Tensor, factor: float = 1.0) -> tuple[Tensor, Tensor]:
    """A quarter of the gradient of KL(p | q) by y [layer, n, 2], with p `factor` times too large,
    and sum w [layer]."""
    layers, n, _ = y.shape
    squares = y.square().sum(2)  # [layer, n]
    pull, push = torch.empty_like(y), torch.empty_like(y)
    total = y.new_zeros(layers)
    for rows in parts(layers, n):
        w = inner(y, squares, rows).add_(1).clamp_(min=1).reciprocal_()  # [layer, block, n]
        total += w.sum((1, 2))
        pull[:, rows] = away(p[:, rows] * w, y, rows)
        push[:, rows] = away(w.square_(), y, rows)
    total -= n  # an image and itself are no pair
    return factor * pull - push / total[:, None, None], total


def divergence(p: Tensor, y: Tensor) -> Tensor:
    """KL(p | q) of each layer: [layer]."""
    squares = y.square().sum(2)
    _, total = descent(p, y)
    found = torch.zeros_like(total)
    for rows in parts(*p.shape[:2]):
        far = inner(y, squares, rows).add_(1).clamp_(min=1)  # [layer, block, n]
        q = 1 / (far * total[:, None, None])
        found += torch.special.xlogy(p[:, rows], p[:, rows] / q).sum((1, 2))
    return found


def inner(x: Tensor, squares: Tensor, rows: slice) -> Tensor:
    """Squared distances of a block of x [layer, n, dimension] to all of it: [layer, block, n]."""
    far = torch.baddbmm(squares[:, None], x[:, rows], x.mT, alpha=-2)
    return far.add_(squares[:, rows, None])


def away(weight: Tensor, y: Tensor, rows: slice) -> Tensor:
    """sum_j weight_ij (y_i - y_j), [layer, block, 2], from weight [layer, block, n]."""
    return weight.sum(2, keepdim=True) * y[:, rows] - weight @ y


def parts(layers: int, n: int) -> list[slice]:
    """Rows in blocks of at most PAIRS pairs in all layers together."""
    size = max(1, PAIRS // (layers * n))
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def at_once(n: int, device: torch.device | str) -> int:
    """How many layers of n images fit in the free memory of a GPU: p, one n x n more, blocks."""
    free, _ = torch.cuda.mem_get_info(device)
    return max(0, (free - 32 * PAIRS) // (4 * n * n) - 1)
