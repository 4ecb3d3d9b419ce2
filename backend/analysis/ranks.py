"""To which units does an image matter: where does its response stand among those of the others?"""

import numpy as np

MOST = 8  # units told of a layer


def shares(known: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """Share of the images, known [n, unit], that each response of answer [unit] is above.

    float64 [unit], ties count half; NaN for a unit that answers to them and to it all the same.
    """
    below, equal = (known < answer).mean(0), (known == answer).mean(0)
    return np.where(equal == 1, np.nan, below + equal / 2)


def foremost(known: np.ndarray, answer: np.ndarray) -> list[tuple[int, float]]:
    """The units with the largest `shares`, at most MOST, each with its share."""
    share = shares(known, answer)
    spread = known.std(0, dtype=np.float64)
    above = (answer - known.mean(0, dtype=np.float64)) / np.where(spread > 0, spread, np.inf)
    order = np.lexsort((np.arange(len(share)), -above, -np.nan_to_num(share, nan=-1)))
    return [(int(unit), float(share[unit])) for unit in order[:MOST] if np.isfinite(share[unit])]
