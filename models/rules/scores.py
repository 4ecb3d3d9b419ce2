"""How a prediction is scored.

Letters, as in the paper: b images, k prediction step, c context (earlier patch), z future
(later patch), y +1 for the true future and -1 for a wrong one, u score, W prediction matrix.
"Time" runs down the rows of the patch grid, each column by itself.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


def rows(z: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Context and future rows, k + 1 rows apart: z [b, channel, y, x] -> two [b, channel, r, x]."""
    distance = k + 1
    return z[:, :, :-distance], z[:, :, distance:]


def score(W: Tensor, post: Tensor, pre: Tensor) -> Tensor:
    """u = post . W pre at every place: [j, i], post [b, j, r, x], pre [b, i, r, x] -> [b, r, x]."""
    dendrite = F.linear(pre.movedim(1, -1), W)  # [b, r, x, channel]
    return (post.movedim(1, -1) * dendrite).sum(-1)


class Broadcast(NamedTuple):
    """One step's fate of every image, the same for all layers and both predictions."""

    y: Tensor  # [b] +1 fixation, -1 saccade
    other: Tensor  # [k, b] the image that a saccade lands on, for each prediction step

    def to(self, device: torch.device) -> "Broadcast":
        return Broadcast(self.y.to(device), self.other.to(device))


def broadcast(images: int, steps: int, generator: torch.Generator) -> Broadcast:
    """Draw y with probability one half, and one other image of the batch, with replacement.

    The other image may be the image itself (probability 1/b), as in the published code.
    """
    y = 1 - 2 * torch.randint(2, (images,), generator=generator, device=generator.device)
    other = torch.randint(images, (steps, images), generator=generator, device=generator.device)
    return Broadcast(y, other)


def seen_future(z: Tensor, draw: Broadcast, k: int) -> Tensor:
    """The future each image meets: its own when y = +1, the drawn other image's when y = -1."""
    own = torch.arange(len(z), device=z.device)
    return z[torch.where(draw.y > 0, own, draw.other[k - 1])]


def mean_of_signs(loss: Tensor, y: Tensor) -> Tensor:
    """Mean over the +1 images plus mean over the -1 images of loss [b]; an empty half is 0."""
    wrong = (y < 0).to(loss.dtype)
    true = 1 - wrong
    weight = true / true.sum().clamp(min=1) + wrong / wrong.sum().clamp(min=1)
    return (weight * loss).sum()
