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

# Bytes of a convolution's result at a time: what a processor's cache holds, since there memory is
# dear and a call costs nothing; more on a GPU, where it is the other way round.
PART = {"cpu": 2**22}
PART_ELSEWHERE = 2**29
# Side of the largest map whose weight gradient is a product a tap: on a small map many taps of a
# convolution meet only padding. A GPU's own convolutions are left what they do well.
BY_TAPS = {"cpu": 8}
BY_TAPS_ELSEWHERE = 2
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
        kernel = unrolled(weight) if is_product(x) else weight
        for part in parts(x, weight):
            a = convolved(x[part], kernel, bias)
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


def is_product(x: Tensor) -> bool:
    """Whether a map is 2x2, so that its convolution is one product, of 4i by 4j channels.

    There 20 of the 36 taps are padding, and convolutions reach a fraction of the matrix rate.
    """
    return x.shape[2:] == (2, 2)


def convolved(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """3x3 convolution with zero padding 1; kernel: the weight, or `unrolled` for a 2x2 map."""
    if is_product(x):
        return map_of(flat(x) @ kernel + bias.repeat(4))
    return F.conv2d(x, kernel, bias, padding=1)


def weight_gradient(post: Tensor, x: Tensor, shape: torch.Size) -> Tensor:
    """dW [j, i, 3, 3] from the gradient of the convolution's output and its input."""
    if max(x.shape[2:]) > BY_TAPS.get(x.device.type, BY_TAPS_ELSEWHERE):
        return conv2d_weight(x, shape, post, padding=1)
    post, x = (a.movedim(1, -1).transpose(0, 1) for a in (post, x))  # [y, patch, x, channel]
    dW = x.new_empty(3, 3, *shape[:2])
    for u in range(3):
        out_x, in_x = meeting(u, x.shape[2])
        told, seen = post[:, :, out_x].contiguous(), x[:, :, in_x].contiguous()
        for v in range(3):
            out_y, in_y = meeting(v, x.shape[0])
            torch.mm(told[out_y].flatten(0, 2).T, seen[in_y].flatten(0, 2), out=dW[v, u])
    return dW.permute(2, 3, 0, 1)


def meeting(tap: int, side: int) -> tuple[slice, slice]:
    """Places of an axis where tap 0, 1 or 2 meets the map: of the output, and of the input."""
    shift = tap - 1
    out = slice(max(-shift, 0), side - max(shift, 0))
    return out, slice(out.start + shift, out.stop + shift)


def input_gradient(post: Tensor, weight: Tensor, shape: torch.Size) -> Tensor:
    if is_product(post):
        return map_of(flat(post) @ unrolled(weight).T)
    return conv2d_input(shape, weight, post, padding=1)


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
