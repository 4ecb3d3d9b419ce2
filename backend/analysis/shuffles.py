"""Which d' would a unit have if its responses had nothing to do with the classes?"""

import numpy as np

from backend.analysis.selectivity import BLOCK, separation

SHUFFLES = 200
SHARE = 95  # percent of the shuffles that the band holds, and that stay below the best
SINGLE = 1e-5  # of mean squares: what single precision leaves open of a variance
COLUMNS = 512  # classes of that many shuffles at a time, so that products of matrices need little
DEFINITION = (
    " Shuffled labels: the labels of the labelled images are dealt out anew {shuffles} times (seed "
    "{seed}, the same deals for all units). The band of a class holds the middle {share} % of its "
    "d' then; the null of the best class is what {share} % of the deals stay below in their own "
    "best class."
)


def definition(seed: int) -> str:
    return DEFINITION.format(shuffles=SHUFFLES, seed=seed, share=SHARE)


def shuffled(
    responses: np.ndarray, labels: np.ndarray, classes: int, seed: int, shuffles: int = SHUFFLES
) -> dict[str, np.ndarray]:
    """The spread of d' under shuffled labels, from image responses [n, unit].

    labels: int [n], -1 = none. Returns null_low and null_high [unit, class] and null_best [unit],
    or nothing if fewer than two classes occur.
    """
    labelled = labels >= 0
    if len(np.unique(labels[labelled])) < 2:
        return {}
    deals = dealt(labels[labelled], seed, shuffles)
    found = []
    for start in range(0, responses.shape[1], BLOCK):
        block = responses[labelled, start : start + BLOCK]
        found.append(band(dprimes(block, deals, classes)))
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def dealt(labels: np.ndarray, seed: int, shuffles: int) -> np.ndarray:
    """The labels in random orders: [shuffle, n]."""
    return np.random.default_rng(seed).permuted(np.tile(labels, (shuffles, 1)), axis=1)


def dprimes(responses: np.ndarray, deals: np.ndarray, classes: int) -> np.ndarray:
    """d' of every unit for every deal and class: float32 [unit, shuffle, class].

    d' is the same for responses of another mean and scale; with mean 0 and variance 1, single
    precision is enough for the sums, which are products of matrices.
    """
    centre = responses.mean(0, dtype=np.float64)
    r = responses - centre
    spread = np.sqrt((r**2).mean(0))
    varies = spread > 1e-9 * np.abs(centre)
    r = np.where(varies, r / np.where(varies, spread, 1), 0).astype(np.float32).T  # [unit, n]
    inside = np.bincount(deals[0], minlength=classes).astype(np.float32)
    step, found = max(COLUMNS // classes, 1), []
    for start in range(0, len(deals), step):
        some = deals[start : start + step]  # [shuffle, n]
        member = (some.T[:, :, None] == np.arange(classes)).reshape(some.shape[1], -1)
        member = member.astype(np.float32)  # [n, shuffle * class]
        first, second = (
            (values @ member).reshape(len(r), len(some), classes) for values in (r, r**2)
        )
        found.append(separation(first, second, inside, SINGLE)[1])
    return np.concatenate(found, 1)


def band(dprime: np.ndarray) -> dict[str, np.ndarray]:
    """The middle of d' [unit, shuffle, class] for each class, and the end of the greatest."""
    low, high = np.percentile(dprime, [(100 - SHARE) / 2, (100 + SHARE) / 2], axis=1)
    best = np.percentile(dprime.max(2), SHARE, axis=1)
    return {"null_low": low, "null_high": high, "null_best": best}
