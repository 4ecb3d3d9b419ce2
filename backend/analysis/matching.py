"""Which units of two layers answer to the same images? With numpy and scipy alone.

x, y: features of the same n images, [n, unit] and [n, other unit]. A unit that answers alike to
all images has no correlation and no partner.
"""

from dataclasses import dataclass

import numpy as np

DEFINITION = (
    "Pairs of units by Pearson's r of their image features over {n:,} images of the {split} split "
    "(Li et al. 2015). One to one: the assignment without repeats whose sum of r is the greatest. "
    "Best match: each unit's most correlated one, which may be taken several times. Shuffled: the "
    "same with the images of the other layer in another order (seed {seed}). "
    "Random encoder: the same with epoch 0 of the other run."
)


@dataclass(frozen=True)
class Matches:
    """Pairs of units, most alike first; the first is a unit of x, the second one of y."""

    first: np.ndarray  # int32 [pair]
    second: np.ndarray  # int32 [pair]
    r: np.ndarray  # float32 [pair]

    @property
    def mean(self) -> float | None:
        return float(self.r.mean()) if len(self.r) else None


def correlation(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pearson's r of the units that vary, float64 [u, v], and which those are of x and of y."""
    (x, first), (y, second) = standardised(x), standardised(y)
    return x.T @ y, first, second


def standardised(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units that vary, centred and of length one, float64 [n, u], and their numbers."""
    if not len(x):
        return np.empty((0, 0)), np.empty(0, int)
    units = np.flatnonzero(np.ptp(x, axis=0))
    kept = x[:, units].astype(np.float64)
    kept -= kept.mean(0)
    return kept / np.linalg.norm(kept, axis=0), units


def one_to_one(r: np.ndarray, first: np.ndarray, second: np.ndarray) -> Matches:
    """The pairs without repeats whose sum of r [u, v] is the greatest."""
    from scipy.optimize import linear_sum_assignment  # half a second that no start needs

    return ranked(r, *linear_sum_assignment(r, maximize=True), first, second)


def best(r: np.ndarray, first: np.ndarray, second: np.ndarray) -> Matches:
    """For each unit of x the unit of y whose r [u, v] is the greatest."""
    if not r.size:
        return ranked(r, np.empty(0, int), np.empty(0, int), first, second)
    return ranked(r, np.arange(len(r)), r.argmax(1), first, second)


def ranked(
    r: np.ndarray, rows: np.ndarray, columns: np.ndarray, first: np.ndarray, second: np.ndarray
) -> Matches:
    values = r[rows, columns]
    order = np.argsort(-values, kind="stable")
    pairs = first[rows[order]].astype(np.int32), second[columns[order]].astype(np.int32)
    return Matches(*pairs, values[order].astype(np.float32))


def shuffled(n: int, seed: int) -> np.ndarray:
    """The rows of n images in another order, int [n]."""
    return np.random.default_rng(seed).permutation(n)
