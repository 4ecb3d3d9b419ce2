"""How alike do two layers arrange the same images? Unbiased linear CKA, with numpy alone.

x, y: features of the same n images, [n, feature] and [n, other feature]. The kernels are
K = x x^T and L = y y^T with zeros on their diagonals. For centred features their rows add up to
-k and -l, the squared lengths of the features, so that the estimator needs no kernel at all.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

LEAST = 4  # images; the estimator divides by n - 3
GROUP = 4_000_000  # numbers of features, or of a product, that are worked on at once
FLAT = 1e-12  # share of its largest possible HSIC at which a layer counts as constant
DEFINITION = (
    "Linear CKA (Kornblith et al. 2019) with the unbiased estimator of HSIC (Song et al. 2012; "
    "Nguyen, Raghu and Kornblith 2021): 1 where two layers arrange the images alike but for a "
    "rotation and one scale, about 0 where they have nothing in common, however many units they "
    "have. Of image features, a unit's mean response to each of {n:,} images of the {split} "
    "split, as they are kept: in 256 levels between the unit's least and greatest."
)

Features = Callable[[], np.ndarray]  # reads the features of a layer, [n, feature]


@dataclass(frozen=True)
class Similarity:
    """CKA of two layers, or why there is none; from -1 to 1, below 0 only by chance."""

    value: float | None
    reason: str | None = None


class Stack:
    """Centred features of some layers side by side, float64 [n, all their features]."""

    def __init__(self, layers: Sequence[np.ndarray]) -> None:
        self.n = len(layers[0])
        self.flat = np.array([not np.ptp(x, axis=0).any() for x in layers])
        self.x = np.hstack([x - x.mean(0, dtype=np.float64) for x in layers])
        self.starts = np.cumsum([0, *(x.shape[1] for x in layers)])[:-1]
        self.squares = np.add.reduceat(self.x**2, self.starts, axis=1)  # [n, layer]


def cka(x: np.ndarray, y: np.ndarray) -> Similarity:
    """CKA of the features x and y of the same images. Raises ValueError where they are not."""
    return table([lambda: x], [lambda: y])[0][0]


def table(rows: Sequence[Features], columns: Sequence[Features]) -> list[list[Similarity]]:
    """CKA of every layer of `rows` with every one of `columns`, with two groups of layers held.

    Raises ValueError where not all have features of as many images.
    """
    counts, down, across = set(), [], []
    for layers, found in ((rows, down), (columns, across)):
        for stack in stacks(layers):
            counts.add(stack.n)
            found += own(stack)
    if len(counts) > 1:
        raise ValueError(f"features of {' and '.join(map(str, sorted(counts)))} images")
    if min(counts) < LEAST:
        why = Similarity(None, f"there are {min(counts)} images, and CKA needs {LEAST}")
        return [[why for _ in columns] for _ in rows]
    values = np.vstack([np.hstack([hsic(x, y) for y in stacks(columns)]) for x in stacks(rows)])
    return [
        [similarity(value, xx, yy) for value, yy in zip(row, across, strict=True)]
        for row, xx in zip(values, down, strict=True)
    ]


def similarity(xy: float, xx: float, yy: float) -> Similarity:
    """CKA from the HSIC of two layers with each other and of each with itself."""
    if xx and yy:
        return Similarity(float(xy / np.sqrt(xx * yy)))
    which = "both layers answer" if xx == yy else f"the {'column' if xx else 'row'}'s layer answers"
    return Similarity(None, f"{which} alike to all images, or to all but one")


def own(stack: Stack) -> list[float]:
    """HSIC of each layer with itself, which is never below zero; 0 where it is constant."""
    if stack.n < LEAST:
        return [0.0 for _ in stack.flat]
    found, total = np.diag(hsic(stack, stack)), stack.squares.sum(0)
    flat = stack.flat | (found <= FLAT * total**2 / (stack.n * (stack.n - 3)))
    return np.where(flat, 0.0, found).tolist()


def hsic(x: Stack, y: Stack) -> np.ndarray:
    """Unbiased HSIC of each layer of x with each of y, [layer of x, layer of y].

    (tr KL + 1'K1 1'L1 / ((n-1)(n-2)) - 2 1'KL1 / (n-2)) / (n(n-3)), equation 5 of Song et al.
    """
    n, k, l = x.n, x.squares, y.squares  # noqa: E741
    both, sums = k.T @ l, np.outer(k.sum(0), l.sum(0))
    trace = overlap(x, y) - both
    return (trace + sums / ((n - 1) * (n - 2)) - 2 * both / (n - 2)) / (n * (n - 3))


def overlap(x: Stack, y: Stack) -> np.ndarray:
    """The sum of the squares of x^T y for each two layers, [layer of x, layer of y].

    One product for many layers: small ones wait for each other's threads on a busy machine.
    """
    total, width = np.zeros((len(x.starts), len(y.starts))), x.x.shape[1]
    size = max(1, GROUP // y.x.shape[1])
    for first in range(0, width, size):
        product = x.x[:, first : first + size].T @ y.x
        squares = np.add.reduceat(product**2, y.starts, axis=1)
        layer = np.searchsorted(x.starts, np.arange(first, first + len(squares)), "right") - 1
        np.add.at(total, layer, squares)
    return total


def stacks(layers: Sequence[Features]) -> Iterator[Stack]:
    """The layers in groups of at most GROUP numbers, or of one."""
    held: list[np.ndarray] = []
    for read in layers:
        features = read()
        if held and sum(x.size for x in held) + features.size > GROUP:
            yield Stack(held)
            held = []
        held.append(features)
    if held:
        yield Stack(held)
