"""How much does a point mind each of its neighbours?"""

import torch
from torch import Tensor

HALVINGS, CLOSE = 64, 1e-5  # of the search for a width, which ends when entropies are this close


def affinities(squared: Tensor, perplexity: float) -> Tensor:
    """p(neighbour | point) under a Gaussian around each point, each row of sum 1.

    squared: squared distances [..., neighbour], infinite for what is no neighbour. Each Gaussian
    is as wide as gives the entropy log(perplexity) (van der Maaten and Hinton 2008), or as wide as
    can be where there are fewer neighbours.
    """
    wanted = torch.log(torch.tensor(perplexity, dtype=squared.dtype))
    own = squared - squared.amin(-1, keepdim=True)  # changes no p, and keeps one weight at 1
    far = own.masked_fill(own.isinf(), 0).amax(-1, keepdim=True)
    own = own / torch.where(far > 0, far, 1)  # [..., neighbour], in 0..1 or infinite
    shown = own.masked_fill(own.isinf(), 0)
    sharp = torch.ones_like(far)  # one over twice the squared width
    low, high = torch.zeros_like(far), torch.full_like(far, torch.inf)
    for _ in range(HALVINGS):
        weight = torch.exp(-own * sharp)
        total = weight.sum(-1, keepdim=True)
        entropy = total.log() + sharp * (weight * shown).sum(-1, keepdim=True) / total
        if ((entropy - wanted).abs() < CLOSE).all():
            break
        low = torch.where(entropy > wanted, sharp, low)
        high = torch.where(entropy > wanted, high, sharp)
        sharp = torch.where(high.isinf(), sharp * 2, (low + high) / 2)
    weight = torch.exp(-own * sharp)
    return weight / weight.sum(-1, keepdim=True)
