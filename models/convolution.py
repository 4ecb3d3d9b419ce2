"""What a layer computes, and the gradient of its own weights, as fast as the hardware multiplies.

A layer that learns from its own loss hands no gradient down, so its step is one convolution, and
one product of its input with what its loss says. Between the two only the input, the output and
the winners of the pool are kept.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.grad import conv2d_weight

# Bytes of a convolution's result at a time: what a processor's cache holds, since there memory is
# dear and a call costs nothing; more on a GPU, where it is the other way round.
PART = {"cpu": 2**22}
PART_ELSEWHERE = 2**29
# Side of the largest map whose convolution is made of matrix products, and the fewest patches that
# fill them: there much of a convolution is padding, and it reaches a fraction of the matrix rate.
PRODUCTS = {"cpu": 4}
PRODUCTS_ELSEWHERE = 2
FEWEST = 2048
# The same of a weight gradient with at least so many units below: up to twice as fast with AMX.
WIDE, PRODUCTS_OF_WIDE = 256, {"cpu": 8}
MOST_DRIVEN = 0.8  # of the patches: with more of them it is cheaper to look at all


class Room:
    """Memory in which one activity after another lies: each is lost when the next is made.

    Blocks that are freed and asked for again leave holes into which small tensors move, so that a
    process would hold four where two are needed. A gradient that still needs what was lost is
    refused by autograd.
    """

    block: Tensor | None = None

    def empty(self, shape: list[int], like: Tensor) -> Tensor:
        """What like.new_empty(shape) is. A block of another size is given back first."""
        size, kept = math.prod(shape), self.block
        wanted = size, like.dtype, like.device
        if kept is None or (len(kept), kept.dtype, kept.device) != wanted:
            kept = self.block = None
            kept = self.block = like.new_empty(size)
        return kept.view(shape)


class Activity(torch.autograd.Function):
    """ReLU of a 3x3 convolution with zero padding, 2x2 max-pooled before it if `pool`.

    x [patch, i, y, x], weight [j, i, 3, 3], bias [j] -> [patch, j, y, x], or half the side; in
    `room`, where there is one. Equal to autograd through the same three operations; where autocast
    is on, in its precision.
    """

    @staticmethod
    def forward(
        ctx, x: Tensor, weight: Tensor, bias: Tensor, pool: bool, room: Room | None = None
    ) -> Tensor:
        dtype, kind = weight.dtype, x.device.type
        if torch.is_autocast_enabled(kind):
            dtype = torch.get_autocast_dtype(kind)
        x, weight, bias = x.to(dtype), weight.to(dtype), bias.to(dtype)
        winners, places = [], x.shape[2] * x.shape[3]
        sides = [side // 2 if pool else side for side in x.shape[2:]]
        shape = [len(x), *sides, len(weight)]
        out = room.empty(shape, x) if room else x.new_empty(shape)
        out = out.movedim(-1, 1)  # channels last
        for part in parts(x, weight):
            a = convolved(x[part], weight, bias)
            if pool:
                a, places_won = F.max_pool2d(a, 2, return_indices=True)
                winners.append(places_won.to(torch.uint8 if places <= 256 else torch.int32))
            torch.clamp_min(a, 0, out=out[part])
        ctx.winners = winners
        ctx.save_for_backward(x, weight, out)
        return out

    @staticmethod
    def backward(ctx, drive: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None, None]:
        with torch.autocast(drive.device.type, enabled=False):  # everything is in x's precision
            return Activity.gradients(ctx, drive)

    @staticmethod
    def gradients(ctx, drive: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None, None]:
        x, weight, out = ctx.saved_tensors
        exact = torch.promote_types(x.dtype, torch.float32)
        dW, below = torch.zeros_like(weight, dtype=exact), []
        db = torch.zeros_like(weight[:, 0, 0, 0], dtype=exact)
        told = None if ctx.needs_input_grad[0] else driven(drive)
        for number, part in enumerate(parts(x, weight)):
            rows, says = part, drive[part]
            if told is not None:
                rows = part.start + told[part].nonzero()[:, 0]
                if not len(rows):
                    continue
                says = drive[rows, :, :1, :1].expand(-1, -1, *drive.shape[2:])
            # An expanded drive, one value a unit and patch, is not copied to every position.
            post = torch.ops.aten.threshold_backward(says, out[rows], 0)
            db = db + post.sum((0, 2, 3)).to(exact)
            if ctx.winners:
                won = ctx.winners[number]
                won = (won if told is None else won[told[part]]).long()
                post = F.max_unpool2d(post, won, 2, output_size=x.shape[2:])
            dW = dW + weight_gradient(post, x[rows], weight.shape).to(exact)
            if ctx.needs_input_grad[0]:
                below.append(convolved(post, weight.flip(2, 3).transpose(0, 1)))
        return torch.cat(below) if below else None, dW, db, None, None


def driven(drive: Tensor) -> Tensor | None:
    """The patches to which a loss says anything, bool [patch]; None where all are to be looked at.

    Where all gates of a patch are closed its drive is 0, and so is its share of the gradient. That
    is asked of a drive with one value a unit and patch, on a processor: a GPU would have to wait.
    """
    spread = zip(drive.shape[2:], drive.stride()[2:], strict=True)
    if drive.device.type != "cpu" or any(side > 1 and stride for side, stride in spread):
        return None
    told = drive[:, :, 0, 0].any(1)
    return told if told.float().mean() < MOST_DRIVEN else None


def parts(x: Tensor, weight: Tensor) -> Iterator[slice]:
    """Patches at a time, few enough for the cache or enough to fill a product: of a large batch
    the whole is never in memory."""
    each = x[0, 0].numel() * len(weight) * x.element_size()
    count = PART.get(x.device.type, PART_ELSEWHERE) // each
    count = max(count, FEWEST if of_products(x) else 1)
    return (slice(start, start + count) for start in range(0, len(x), count))


def of_products(x: Tensor, gradient: bool = False) -> bool:
    """Whether the convolution of these maps [patch, i, y, x] is made of matrix products, or its
    weight gradient."""
    sides, most = x.shape[2:], PRODUCTS.get(x.device.type, PRODUCTS_ELSEWHERE)
    if gradient and x.shape[1] >= WIDE:
        most = PRODUCTS_OF_WIDE.get(x.device.type, most)
    return min(sides) >= 2 and max(sides) <= most


def convolved(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """3x3 convolution with zero padding 1."""
    if not of_products(x):
        return F.conv2d(x, weight, bias, padding=1)
    if bias is None:
        bias = weight.new_zeros(len(weight))
    taps = weight.movedim(1, -1)  # [j, v, u, i]
    out = x.new_empty(len(x), *x.shape[2:], len(weight))  # channels last
    for places, met, seen in meetings(x):
        there = out[:, *places]
        there.copy_(torch.addmm(bias, seen, taps[:, *met].flatten(1).T).view(there.shape))
    return out.movedim(-1, 1)


def weight_gradient(post: Tensor, x: Tensor, shape: torch.Size) -> Tensor:
    """dW [j, i, 3, 3] from the gradient of the convolution's output and its input."""
    if not of_products(x, gradient=True):
        return conv2d_weight(x, shape, post, padding=1)
    post = post.movedim(1, -1)  # [patch, y, x, j]
    exact = torch.promote_types(x.dtype, torch.float32)
    dW = torch.zeros(shape[0], 3, 3, shape[1], dtype=exact, device=x.device)
    for places, met, seen in meetings(x):
        there = dW[:, *met]
        there += (post[:, *places].flatten(0, 2).T @ seen).view(there.shape)
    return dW.movedim(-1, 1)


def meetings(
    x: Tensor,
) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice], Tensor]]:
    """The places of a 3x3 convolution's output that meet the same taps, so that none is padding.

    Yields the places (y, x), the taps (v, u) and what they see of the input [patch, i, y, x]: rows
    of a product [(patch, y, x), (v, u, i)].
    """
    x = x.movedim(1, -1)
    for rows, in_y, v in runs(x.shape[1]):
        for columns, in_x, u in runs(x.shape[2]):
            seen = x[:, in_y, in_x].unfold(1, v.stop - v.start, 1).unfold(2, u.stop - u.start, 1)
            yield (rows, columns), (v, u), seen.movedim(3, -1).flatten(3).flatten(0, 2)


def runs(side: int) -> list[tuple[slice, slice, slice]]:
    """The first, the inner and the last places of an axis, the inputs they see, and their taps."""
    found = [
        (slice(0, 1), slice(0, 2), slice(1, 3)),
        (slice(1, side - 1), slice(0, side), slice(0, 3)),
        (slice(side - 1, side), slice(side - 2, side), slice(0, 2)),
    ]
    return [run for run in found if run[0].start < run[0].stop]
