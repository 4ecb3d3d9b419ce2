"""Which units tell a set of images from all the others? From stored responses, without torch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BLOCK = 128  # units at a time, so that what is looked at stays near the processor
RESOLUTION = 1e-12  # of mean squares: a variance below that is a rounding error of the sums
DEFINITION = (
    "d' of a unit: its mean response to the {inside} selected images less that to the {outside} "
    "others, over the root of the mean of the two variances; 0 where neither varies. By size, with "
    "its sign: above 0 the unit prefers the selected ones. From responses stored in 256 levels."
)


@dataclass(frozen=True)
class Levels:
    """Responses of the units of a layer to all images, and what is the same for every set."""

    level: np.ndarray  # uint8 [unit, image], each unit's response on a scale of its own
    centre: np.ndarray  # float64 [unit], mean level
    power: np.ndarray  # float64 [unit], sum of squares about it

    @classmethod
    def of(cls, level: np.ndarray) -> "Levels":
        centre = level.mean(1, dtype=np.float64)
        return cls(level, centre, np.concatenate(list(sums(level, centre)))[:, 1])

    def dprime(self, chosen: np.ndarray) -> np.ndarray:
        """d' of the images that chosen [image] marks against the others, float32 [unit].

        Raises ValueError unless there are two images on either side.
        """
        n, inside = len(chosen), int(chosen.sum())
        outside = n - inside
        if min(inside, outside) < 2:
            raise ValueError(f"{inside} of {n} images are chosen; two must be, and two not")
        fewer = np.flatnonzero(chosen if inside <= outside else ~chosen)
        found = np.concatenate(list(sums(self.level, self.centre, fewer)))
        rest_of = np.stack([np.zeros(len(self.power)), self.power], 1) - found  # of all: 0, power
        taken, others = (found, rest_of) if inside <= outside else (rest_of, found)
        (mean, spread), (rest, spread_rest) = moments(taken, inside), moments(others, outside)
        squares = taken[:, 1] / inside + others[:, 1] / outside
        known = spread + spread_rest > RESOLUTION * squares
        noise = np.sqrt((spread + spread_rest) / 2)
        return np.divide(mean - rest, noise, out=np.zeros_like(noise), where=known).astype("f4")


def sums(
    level: np.ndarray, centre: np.ndarray, images: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """Sums of levels less their centre, and of their squares, over some images: [unit, 2]."""
    for start in range(0, len(level), BLOCK):
        rows = slice(start, start + BLOCK)
        part = level[rows] if images is None else level[rows].take(images, 1)
        x = part.astype(np.float64)
        x -= centre[rows, None]
        yield np.stack([x.sum(1), np.einsum("ui,ui->u", x, x)], 1)


def moments(found: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance [unit] from sums [unit, 2]."""
    mean = found[:, 0] / count
    return mean, np.maximum(found[:, 1] / count - mean**2, 0)
