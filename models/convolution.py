"""What a layer computes, and the gradient of its own weights, as fast as the hardware multiplies.

A layer that learns from its own loss hands no gradient down, so its step is one convolution, and
one product of its input with what its loss says. Between the two only the input, the output and
the winners of the pool are kept.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.grad import conv2d_input, conv2d_weight

# Bytes of a convolution's result at a time: little on a processor, where memory is dear and a call
# costs nothing; more on a GPU, where it is the other way round.
PART = {"cpu": 2**24}
PART_ELSEWHERE = 2**29
TAP = slice(1, 3), slice(0, 2)  # of a 3x3 kernel on a 2x2 map: those that meet it from y = 0, 1


class Activity(torch.autograd.Function):
    """ReLU of a 3x3 convolution with zero padding, 2x2 max-pooled before it if `pool`.

    x [patch, i, y, x], weight [j, i, 3, 3], bias [j] -> [patch, j, y, x], or half the side. Equal
    to autograd through the same three operations; where autocast is on, in its precision.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, pool: bool) -> Tensor:
        dtype, kind = weight.dtype, x.device.type
        if torch.is_autocast_enabled(kind):
            dtype = torch.get_autocast_dtype(kind)
        x, weight, bias = x.to(dtype), weight.to(dtype), bias.to(dtype)
        winners, places = [], x.shape[2] * x.shape[3]
        sides = [side // 2 if pool else side for side in x.shape[2:]]
        out = x.new_empty(len(x), *sides, len(weight)).movedim(-1, 1)  # channels last
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
    def backward(ctx, drive: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        with torch.autocast(drive.device.type, enabled=False):  # everything is in x's precision
            return Activity.gradients(ctx, drive)

    @staticmethod
    def gradients(ctx, drive: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        x, weight, out = ctx.saved_tensors
        exact = torch.promote_types(x.dtype, torch.float32)
        dW, db, below = 0, 0, []
        for number, part in enumerate(parts(x, weight)):
            # An expanded drive, one value a unit and patch, is not copied to every position.
            post = torch.ops.aten.threshold_backward(drive[part], out[part], 0)
            db = db + post.sum((0, 2, 3)).to(exact)
            if ctx.winners:
                won = ctx.winners[number].long()
                post = F.max_unpool2d(post, won, 2, output_size=x.shape[2:])
            dW = dW + weight_gradient(post, x[part], weight.shape).to(exact)
            if ctx.needs_input_grad[0]:
                below.append(input_gradient(post, weight, x[part].shape))
        return torch.cat(below) if below else None, dW, db, None


def parts(x: Tensor, weight: Tensor) -> Iterator[slice]:
    """Patches whose convolution takes few bytes, so that the whole is never in memory."""
    each = x[0, 0].numel() * len(weight) * x.element_size()
    count = max(PART.get(x.device.type, PART_ELSEWHERE) // each, 1)
    return (slice(start, start + count) for start in range(0, len(x), count))


def convolved(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """3x3 convolution with zero padding 1; a 2x2 map is one product, of 4i by 4j channels.

    There 20 of the 36 taps are padding, and convolutions reach a fraction of the matrix rate.
    """
    if x.shape[2:] != (2, 2):
        return F.conv2d(x, weight, bias, padding=1)
    out = flat(x) @ unrolled(weight) + bias.repeat(4)
    return map_of(out)


def weight_gradient(post: Tensor, x: Tensor, shape: torch.Size) -> Tensor:
    """dW [j, i, 3, 3] from the gradient of the convolution's output and its input."""
    if x.shape[2:] != (2, 2):
        return conv2d_weight(x, shape, post, padding=1)
    return rolled(flat(x).T @ flat(post), shape)


def input_gradient(post: Tensor, weight: Tensor, shape: torch.Size) -> Tensor:
    if shape[2:] != (2, 2):
        return conv2d_input(shape, weight, post, padding=1)
    return map_of(flat(post) @ unrolled(weight).T)


def flat(x: Tensor) -> Tensor:
    """[patch, i, 2, 2] -> [patch, (y, x, i)], without a copy where channels come last."""
    return x.movedim(1, -1).reshape(len(x), -1)


def map_of(rows: Tensor) -> Tensor:
    """[patch, (y, x, j)] -> [patch, j, 2, 2], channels last."""
    return rows.view(len(rows), 2, 2, -1).movedim(-1, 1)


def unrolled(weight: Tensor) -> Tensor:
    """[j, i, 3, 3] -> [(y, x, i), (v, u, j)]: the kernel's tap between two places of a 2x2 map."""
    j, i = weight.shape[:2]
    taps = weight.new_empty(2, 2, i, 2, 2, j)
    for v in (0, 1):
        for u in (0, 1):
            taps[:, :, :, v, u] = weight[:, :, TAP[v], TAP[u]].permute(2, 3, 1, 0)
    return taps.view(4 * i, 4 * j)


def rolled(taps: Tensor, shape: torch.Size) -> Tensor:
    """The adjoint of `unrolled`: what a gradient of its result says about the kernel."""
    j, i = shape[:2]
    taps = taps.view(2, 2, i, 2, 2, j)
    weight = taps.new_zeros(3, 3, i, j)
    for v in (0, 1):
        for u in (0, 1):
            weight[TAP[v], TAP[u]] += taps[:, :, :, v, u]
    return weight.permute(3, 2, 0, 1)
