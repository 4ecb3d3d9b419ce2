"""How an image becomes overlapping patches, and how patch activity goes back to its grid."""

from torch import Tensor

from models.presets import PATCH, STRIDE


def patches(images: Tensor) -> Tensor:
    """Cut 16x16 windows every 8 pixels: [b, channel, h, w] -> [b * row * column, channel, 16, 16].

    Row-major; the rows are "time" (method A.4). A 64x64 view gives 7 x 7 patches.
    """
    windows = images.unfold(2, PATCH, STRIDE).unfold(3, PATCH, STRIDE)  # [b, c, row, col, y, x]
    return windows.movedim(1, 3).reshape(-1, images.shape[1], PATCH, PATCH)


def to_grid(z: Tensor, images: int) -> Tensor:
    """Patch vectors back on their square grid: [b * row * column, j] -> [b, j, row, column]."""
    side = round((len(z) / images) ** 0.5)
    return z.unflatten(0, (images, side, side)).movedim(-1, 1)
