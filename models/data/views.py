"""What an encoder sees of an image: a crop, perhaps mirrored, grey or colour, normalised.

Every function takes a whole batch and stays on the device of the images. Constants and order are
those of the published CLAPP code for STL-10 (train + unlabelled statistics).
"""

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
GREY = ((0.4120,), (0.2570,))  # mean and standard deviation of pixels in 0..1
RGB = ((0.4313, 0.4156, 0.3663), (0.2683, 0.2610, 0.2687))


def random_views(
    images: Tensor, generator: torch.Generator, crop: int = 64, colour: str = "grey"
) -> Tensor:
    """One random crop of each image, mirrored with probability one half.

    images: uint8 [b, 3, height, width], on any device. generator: may live on the CPU, which gives
    the same crops on every device. colour: "grey" or "rgb".
    Returns float32 [b, 1 or 3, crop, crop]; the crop is never larger than the image.
    """
    b, _, height, width = images.shape
    crop = min(crop, height, width)
    where = {"generator": generator, "device": generator.device}
    top = torch.randint(height - crop + 1, (b,), **where).to(images.device)  # [b]
    left = torch.randint(width - crop + 1, (b,), **where).to(images.device)  # [b]
    mirrored = (torch.rand(b, **where) < 0.5).to(images.device)  # [b]
    every = torch.arange(b, device=images.device)
    windows = images.unfold(2, crop, 1).unfold(3, crop, 1)  # [b, 3, top, left, y, x], a view
    views = normalised(windows[every, :, top, left], colour)  # [b, 1 or 3, y, x]
    return torch.where(mirrored[:, None, None, None], views.flip(3), views)


def two_views(
    images: Tensor, generator: torch.Generator, crop: int = 96, colour: str = "rgb"
) -> Tensor:
    """Two augmented views of each image, one half after the other, as CLAPP++ takes them.

    A random part of 8 to 100 % of the area resized to `crop`, mirrored with probability one half,
    colours jittered with probability 0.8, grey with 0.2, blurred with 0.5 (models.data.augment).
    Returns float32 [2 b, 1 or 3, crop, crop]; a view is never larger than the image.
    """
    from models.data.augment import augmented

    side = min(crop, *images.shape[2:])
    views = [augmented(images, generator, side) for _ in range(2)]
    return normalised(torch.cat(views).mul_(255), colour)


def centre_views(images: Tensor, crop: int = 64, colour: str = "grey") -> Tensor:
    """The central crop of each image: float32 [b, 1 or 3, crop, crop], for evaluation."""
    height, width = images.shape[2:]
    crop = min(crop, height, width)
    top, left = (height - crop) // 2, (width - crop) // 2
    return normalised(images[:, :, top : top + crop, left : left + crop], colour)


def normalised(views: Tensor, colour: str) -> Tensor:
    """uint8 [b, 3, y, x] -> float32 [b, 1 or 3, y, x] of about zero mean and unit variance."""
    views = views.float().div_(255)
    if colour == "grey":
        luma = torch.tensor(LUMA, device=views.device)
        views = (views * luma[:, None, None]).sum(1, keepdim=True)  # [b, 1, y, x]
    mean, deviation = (
        torch.tensor(row, device=views.device)[:, None, None]
        for row in (GREY if colour == "grey" else RGB)
    )
    return views.sub_(mean).div_(deviation)
