"""What does a unit prefer, how choosy is it, and how are its responses spread?"""

import numpy as np

BINS = 32
SILENT = -100  # exponent of a unit whose every response so far is zero
BLOCK = 128  # units at a time, so that double precision needs little memory
DEFINITION = (
    "Over {n_test} {split} images. Class mean: mean image response. d' of a class: its mean less "
    "that of all other labelled images, over the root of the mean of the two variances; 0 where "
    "neither varies and for a class without {split} images. Best class: the greatest d', if it is "
    "above 0.{shuffled} "
    "Lifetime sparseness (Vinje and Gallant 2000): (1 - (mean r)^2 / mean r^2) / "
    "(1 - 1/n) of the image responses, negative ones counted as 0; 0 for an equal answer to all or "
    "no answer at all, 1 for an answer to one image. Active: share of the {places} "
    "patches of the {n_test} images with a response above 0. Histogram: all patches in 32 bins "
    "from 0 ({signed}: symmetric about 0) to the next power of two above the greatest response."
)


def selectivity(responses: np.ndarray, labels: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Class preference and sparseness of each unit, from image responses [n, unit].

    labels: int [n], -1 = none (such images count for sparseness and mean alone). Returns mean and
    sparseness [unit], and, if at least two classes occur, class_mean and dprime [unit, class] and
    best_class [unit].
    """
    blocks = [responses[:, unit : unit + BLOCK] for unit in range(0, responses.shape[1], BLOCK)]
    found = {
        "mean": np.concatenate([block.mean(0, dtype=np.float64) for block in blocks]),
        "sparseness": np.concatenate([sparseness(block) for block in blocks]),
    }
    if len(np.unique(labels[labels >= 0])) > 1:
        labelled = labels >= 0
        pairs = [preference(block[labelled], labels[labelled], classes) for block in blocks]
        found["class_mean"], found["dprime"] = map(np.concatenate, zip(*pairs, strict=True))
        best = np.where(found["dprime"].max(1) > 0, found["dprime"].argmax(1), -1)
        found["best_class"] = best.astype(np.int16)
    return found


def sparseness(responses: np.ndarray) -> np.ndarray:
    """Lifetime sparseness of each unit, 0..1, from image responses [n, unit]; 0 if silent."""
    r = np.maximum(responses, 0, dtype=np.float64)
    power = (r**2).mean(0)
    evenness = np.divide(r.mean(0) ** 2, power, out=np.ones_like(power), where=power > 0)
    return (1 - evenness) / (1 - 1 / len(r)) if len(r) > 1 else np.zeros_like(power)


def preference(
    responses: np.ndarray, labels: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Class means and d' of each class against the rest, both [unit, class]."""
    member = np.eye(classes)[labels]  # [n, class]
    inside = member.sum(0)  # [class]
    centre = responses.mean(0, dtype=np.float64)
    r = responses - centre  # [n, unit], near zero, so that squares lose no digits
    first, second = r.T @ member, (r**2).T @ member  # [unit, class]
    mean, dprime = separation(first, second, inside)
    return np.where(inside > 0, mean + centre[:, None], 0), dprime


def separation(
    first: np.ndarray, second: np.ndarray, inside: np.ndarray, resolution: float = 1e-12
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each class and its d' against the rest, from sums of values and of squares.

    first, second: [..., class]; inside: [class], values in each; resolution: a variance of no more
    than that share of the mean squares is a rounding error of the sums, and d' then 0.
    """
    outside = inside.sum() - inside
    first_rest = first.sum(-1, keepdims=True) - first
    second_rest = second.sum(-1, keepdims=True) - second
    mean, spread = moments(first, second, inside)
    mean_rest, spread_rest = moments(first_rest, second_rest, outside)
    squares = second / np.maximum(inside, 1) + second_rest / np.maximum(outside, 1)
    known = (spread + spread_rest > resolution * squares) & (inside > 0) & (outside > 0)
    noise = np.sqrt((spread + spread_rest) / 2)
    return mean, np.divide(mean - mean_rest, noise, out=np.zeros_like(mean), where=known)


def moments(first: np.ndarray, second: np.ndarray, count: np.ndarray):
    """Mean and population variance from sums of values and of squares."""
    mean = first / np.maximum(count, 1)
    return mean, np.maximum(second / np.maximum(count, 1) - mean**2, 0)


class PatchHistogram:
    """Spread of the patch responses of one layer while batches stream by.

    Every unit has its own range, which doubles, folding pairs of bins, when a response leaves it:
    the result depends on neither the order nor the size of the batches. `signed` is for responses
    that may be negative; zero is then the middle edge, else the first.
    """

    def __init__(self, units: int, signed: bool = False) -> None:
        self.zero = BINS // 2 if signed else 0
        self.reach = BINS - self.zero  # bins from zero to the upper end
        self.exponent = np.full(units, SILENT)  # the range ends at 2 ** exponent
        self.counts = np.zeros((units, BINS), np.int64)
        self.active = np.zeros(units, np.int64)
        self.maximum = np.full(units, -np.inf, np.float32)

    def add(self, z: np.ndarray) -> None:
        """Count the patch responses z [b, unit, row, column]."""
        z = z.reshape(*z.shape[:2], -1)  # [b, unit, place]
        greatest = z.max((0, 2))
        self.maximum = np.maximum(self.maximum, greatest)
        self.active += np.count_nonzero(z > 0, axis=(0, 2))
        size = np.maximum(greatest, -z.min((0, 2))) if self.zero else greatest
        self.widen(np.where(size > 0, np.frexp(size)[1], SILENT))
        scale = np.ldexp(np.float32(self.reach), -self.exponent)[:, None]
        place = np.floor(z * scale) if self.zero else z * scale
        place = place.astype(np.int32) + (np.arange(len(scale)) * BINS + self.zero)[:, None]
        self.counts += np.bincount(place.ravel(), minlength=self.counts.size).reshape(-1, BINS)

    def widen(self, exponent: np.ndarray) -> None:
        """Fold the bins of each unit until its range reaches 2 ** exponent [unit]."""
        folds = np.clip(exponent - self.exponent, 0, BINS.bit_length())  # more change nothing
        for fold in range(folds.max()):
            rows = folds > fold
            pairs = self.counts[rows].reshape(-1, BINS // 2, 2).sum(2)
            self.counts[rows] = 0
            start = self.zero // 2
            self.counts[rows, start : start + BINS // 2] = pairs
        self.exponent = np.maximum(self.exponent, exponent)

    def result(self) -> dict[str, np.ndarray]:
        """histogram [unit, 32], edges [unit, 33], active (share) and maximum [unit]."""
        top = np.ldexp(1.0, np.where(self.exponent == SILENT, 0, self.exponent))  # [unit]
        steps = (np.arange(BINS + 1) - self.zero) / self.reach
        return {
            "histogram": self.counts.copy(),
            "edges": (top[:, None] * steps).astype(np.float32),
            "active": self.active / np.maximum(self.counts.sum(1), 1),
            "maximum": self.maximum,
        }
