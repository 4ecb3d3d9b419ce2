"""SimCLR's distortions of a batch, as tensor operations on its device (method F.3).

Chances and strengths are those of the published CLAPP++ code for STL-10; each image draws its own.
The order of brightness, contrast, saturation and hue is drawn once a batch.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

AREA = (0.08, 1.0)  # of the image, of a random part
ASPECT = (3 / 4, 4 / 3)
JITTER, HUE = 0.8, 0.2  # greatest relative change; greatest turn of the hue, in turns
P_JITTER, P_GREY, P_BLUR = 0.8, 0.2, 0.5
SIGMA = (0.1, 2.0)  # of the blur, pixels
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


class Draws:
    """Random numbers of a batch, one an image, from a generator that may live on the CPU."""

    def __init__(self, images: int, generator: torch.Generator, device: torch.device) -> None:
        self.images, self.generator, self.device = images, generator, device

    def between(self, low: float, high: float) -> Tensor:
        """[b], uniform."""
        where = {"generator": self.generator, "device": self.generator.device}
        drawn = torch.rand(self.images, **where).to(self.device)
        return low + (high - low) * drawn

    def happens(self, chance: float) -> Tensor:
        """[b, 1, 1, 1], bool."""
        return (self.between(0, 1) < chance)[:, None, None, None]


def augmented(images: Tensor, generator: torch.Generator, side: int) -> Tensor:
    """uint8 [b, 3, height, width] -> float32 [b, 3, side, side] in 0..1."""
    draws = Draws(len(images), generator, images.device)
    views = random_parts(images.float().div_(255), draws, side)
    views = torch.where(draws.happens(P_JITTER), jittered(views, draws), views)
    views = torch.where(draws.happens(P_GREY), luma(views).expand_as(views), views)
    return torch.where(draws.happens(P_BLUR), blurred(views, draws), views)


def random_parts(images: Tensor, draws: Draws, side: int) -> Tensor:
    """A random part of each image, mirrored with probability one half, resized to `side`."""
    height, width = images.shape[2:]
    area = draws.between(*AREA)
    aspect = torch.exp(draws.between(math.log(ASPECT[0]), math.log(ASPECT[1])))
    wide = (area * aspect * height / width).sqrt().clamp(max=1)  # shares of the image
    high = (area / aspect * width / height).sqrt().clamp(max=1)
    left, top = draws.between(0, 1) * (1 - wide), draws.between(0, 1) * (1 - high)
    mirror = torch.where(draws.between(0, 1) < 0.5, -1.0, 1.0)
    zero = torch.zeros_like(wide)
    # affine_grid maps the corners -1..1 of a view to those of the image.
    rows = [
        torch.stack([wide * mirror, zero, 2 * left + wide - 1], 1),
        torch.stack([zero, high, 2 * top + high - 1], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), (len(images), 3, side, side), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def jittered(views: Tensor, draws: Draws) -> Tensor:
    """Brightness, contrast and saturation times 1 - JITTER .. 1 + JITTER, hue turned by HUE."""
    steps = (brightness, contrast, saturation, hue)
    order = torch.randperm(len(steps), generator=draws.generator, device=draws.generator.device)
    for number in order.tolist():
        views = steps[number](views, draws)
    return views


def factor(draws: Draws) -> Tensor:
    return draws.between(1 - JITTER, 1 + JITTER)[:, None, None, None]


def brightness(views: Tensor, draws: Draws) -> Tensor:
    return (views * factor(draws)).clamp(0, 1)


def contrast(views: Tensor, draws: Draws) -> Tensor:
    mean = luma(views).mean((1, 2, 3), keepdim=True)
    return torch.lerp(mean.expand_as(views), views, factor(draws)).clamp(0, 1)


def saturation(views: Tensor, draws: Draws) -> Tensor:
    return torch.lerp(luma(views).expand_as(views), views, factor(draws)).clamp(0, 1)


def hue(views: Tensor, draws: Draws) -> Tensor:
    """Turn the hue of the hexcone by up to HUE of a turn; lightness and saturation stay."""
    turn = draws.between(-HUE, HUE)[:, None, None]
    most, least = views.amax(1), views.amin(1)  # [b, y, x]
    span = most - least
    r, g, b = views.unbind(1)
    safe = torch.where(span > 0, span, 1)
    sector = torch.where(
        most == r, (g - b) / safe, torch.where(most == g, 2 + (b - r) / safe, 4 + (r - g) / safe)
    )
    angle = sector / 6 + turn
    distance = [((angle + shift) % 1 * 6 - 3).abs() - 1 for shift in (0, -1 / 3, -2 / 3)]
    return torch.stack([least + span * d.clamp(0, 1) for d in distance], 1)


def luma(views: Tensor) -> Tensor:
    """[b, 3, y, x] -> [b, 1, y, x]."""
    weights = torch.tensor(LUMA, device=views.device)[:, None, None]
    return (views * weights).sum(1, keepdim=True)


def blurred(views: Tensor, draws: Draws) -> Tensor:
    """Gaussian blur with a sigma of its own for each image, kernel about a tenth of the side."""
    b, channels, side, _ = views.shape
    reach = max(side // 20, 1)
    offsets = torch.arange(-reach, reach + 1, device=views.device)
    kernel = torch.exp(-0.5 * (offsets / draws.between(*SIGMA)[:, None]) ** 2)  # [b, tap]
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    one_each = views.reshape(1, b * channels, side, side)
    for shape, padding in (
        ((-1, 1, 1, len(offsets)), (reach, reach, 0, 0)),
        ((-1, 1, len(offsets), 1), (0, 0, reach, reach)),
    ):
        padded = F.pad(one_each, padding, mode="reflect")
        one_each = F.conv2d(padded, kernel.view(shape), groups=b * channels)
    return one_each.view_as(views)
