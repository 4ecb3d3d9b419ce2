"""What a layer computes, and the gradient of its own weights, as fast as the hardware multiplies.

A layer that learns from its own loss hands no gradient down, so its step is one convolution, and
one product of its input with what its loss says. Between the two only the input, the output and
the winners of the pool are kept.
"""

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.grad import conv2d_input, conv2d_weight

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
        x, weight = x.to(dtype), weight.to(dtype)
        a = convolved(x, weight, bias.to(dtype))
        ctx.side, ctx.winners = a.shape[2:], None
        if pool:
            a, ctx.winners = F.max_pool2d(a, 2, return_indices=True)
        out = torch.relu_(a)
        ctx.save_for_backward(x, weight, out)
        return out

    @staticmethod
    def backward(ctx, drive: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        x, weight, out = ctx.saved_tensors
        post = torch.ops.aten.threshold_backward(drive, out, 0)  # an expanded drive stays small
        bias = post.sum((0, 2, 3))
        if ctx.winners is not None:
            post = F.max_unpool2d(post, ctx.winners, 2, output_size=ctx.side)
        below = input_gradient(post, weight, x.shape) if ctx.needs_input_grad[0] else None
        return below, weight_gradient(post, x, weight.shape), bias, None


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
