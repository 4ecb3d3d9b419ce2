"""How a prediction is scored, and against which futures.

Letters, as in the paper: b images, k prediction step, c context (earlier), z future (later), y +1
for the true future and -1 for a wrong one, u score, W prediction matrix; n wrong futures at once.

"Time" runs along the rows of the grid, each column by itself: for an image down its patches; a
signal has its time there and one column, a video its frames and the places of a frame as columns.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

Term = int  # 0: the future is predicted from the context, 1: the context from the future


def by_place(z: Tensor) -> Tensor:
    """z [b, channel, row, column] -> [b, row, column, channel], and so in memory: what is gathered
    and multiplied at a place then lies together."""
    return z.movedim(1, -1).contiguous()


def rows(z: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Context and future rows, k + 1 rows apart: z [b, row, ...] -> two [b, r, ...]."""
    distance = k + 1
    return z[:, :-distance], z[:, distance:]


def taken(table: Tensor, which: Tensor) -> Tensor:
    """table[which], whose gradient is added up in one order: indexing adds it up in as many threads
    as there are, and then the last digits of a sum depend on which comes first.

    table [n, ...], which int [...] -> [*which, *rest of table].
    """
    return F.embedding(which, table.flatten(1)).unflatten(-1, table.shape[1:])


def score(W: Tensor, post: Tensor, pre: Tensor) -> Tensor:
    """u = post . W pre at every place: post [..., j], W [j, i], pre [..., i] -> [...].

    The matrix is applied to the smaller side: u = (W^T post) . pre as well.
    """
    if pre.numel() <= post.numel():
        return (post * F.linear(pre, W)).sum(-1)
    return (F.linear(post, W.T) * pre).sum(-1)


class Broadcast(NamedTuple):
    """One step's fate of every image: for each layer (or all) and each term (or both)."""

    y: Tensor  # [layer, term, b] +1 fixation, -1 saccade
    other: Tensor  # [layer, term, k, b] the image that a saccade lands on

    def to(self, device: torch.device) -> "Broadcast":
        return Broadcast(self.y.to(device), self.other.to(device))

    def fate(self, layer: int, term: Term) -> tuple[Tensor, Tensor]:
        """y [b], and whose future each image meets [k, b]: its own if y = +1, else the other's."""
        y = self.y[layer, term]
        return y, torch.where(y > 0, torch.arange(len(y), device=y.device), self.other[layer, term])


def broadcast(
    images: int, steps: int, generator: torch.Generator, layers: int, terms: int, own: bool
) -> Broadcast:
    """Draw y with probability one half, and one other image of the batch, with replacement.

    own: a draw for each layer and term, else one for all of them. The other image may be the
    image itself (probability 1/b), as in the published code.
    """
    drawn = (layers, terms) if own else (1, 1)
    where = {"generator": generator, "device": generator.device}
    y = 1 - 2 * torch.randint(2, (*drawn, images), **where)
    other = torch.randint(images, (*drawn, steps, images), **where)
    return Broadcast(y.expand(layers, terms, images), other.expand(layers, terms, steps, images))


def share_of_sign(y: Tensor, like: Tensor) -> Tensor:
    """Weight of each image where +1 and -1 images are averaged apart: 1 / the images of its sign.

    y [b] -> [b]; a sign that no image has counts nothing.
    """
    wrong = (y < 0).to(like.dtype)
    true = 1 - wrong
    return true / true.sum().clamp(min=1) + wrong / wrong.sum().clamp(min=1)


class OtherImages(NamedTuple):
    """A wrong future at the same place of another image: one image for each k."""

    other: Tensor  # [k, b]

    def to(self, device: torch.device) -> "OtherImages":
        return OtherImages(self.other.to(device))

    def futures(self, z: Tensor, k: int) -> Tensor:
        """Future rows z [b, r, x, channel] -> wrong ones [b, 1, r, x, channel]."""
        return taken(z, self.other[k - 1])[:, None]

    def places(self, z: Tensor, k: int) -> Tensor:
        """Which row of z as [b * r * x, channel] each wrong future is: [b, 1, r, x]."""
        b, r, x, _ = z.shape
        every = torch.arange(b * r * x, device=z.device).view(b, r, x)
        return every[self.other[k - 1]][:, None]


class Anywhere(NamedTuple):
    """Wrong futures from any image and any place of the future rows: n at each place, each k."""

    drawn: Tensor  # [k, b, n, row, column] large whole numbers; modulo the places there are

    def to(self, device: torch.device) -> "Anywhere":
        return Anywhere(self.drawn.to(device))

    def futures(self, z: Tensor, k: int) -> Tensor:
        """Future rows z [b, r, x, channel] -> wrong ones [b, n, r, x, channel]."""
        return taken(z.flatten(0, 2), self.places(z, k))

    def places(self, z: Tensor, k: int) -> Tensor:
        """Which row of z as [b * r * x, channel] each wrong future is: [b, n, r, x]."""
        b, r, x, _ = z.shape
        return self.drawn[k - 1, :, :, :r, :x] % (b * r * x)


def other_images(images: int, steps: int, generator: torch.Generator) -> OtherImages:
    where = {"generator": generator, "device": generator.device}
    return OtherImages(torch.randint(images, (steps, images), **where))


def anywhere(
    images: int, count: int, side: int, steps: int, generator: torch.Generator
) -> Anywhere:
    """`count` wrong futures at each place, drawn with replacement."""
    where = {"generator": generator, "device": generator.device}
    return Anywhere(torch.randint(2**40, (steps, images, count, side, side), **where))
