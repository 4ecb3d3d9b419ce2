"""Mean and spread of every feature, so that each can count alike."""

from dataclasses import dataclass

import numpy as np

BLOCK = 256  # features at a time, so that double precision needs little memory
STILL = 1e-6  # a spread of less than this share of a feature's size is rounding


def vary(features: np.ndarray) -> bool:
    """Whether the rows of features [n, feature] differ in any by more than rounding."""
    low, high = features.min(0), features.max(0)
    return bool(np.any(high - low > STILL * np.maximum(abs(low), abs(high))))


@dataclass(frozen=True)
class Scale:
    """What brings features to mean 0 and variance 1; one that does not vary is left in size."""

    mean: np.ndarray  # float32 [feature]
    spread: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray) -> "Scale":
        """features: [n, feature], may be a memory map."""
        mean, spread = np.empty((2, features.shape[1]), np.float32)
        for start in range(0, features.shape[1], BLOCK):
            columns = slice(start, start + BLOCK)
            block = features[:, columns].astype(np.float64)
            mean[columns], spread[columns] = block.mean(0), block.std(0)
        return cls(mean, np.where(spread > STILL * abs(mean), spread, np.float32(1)))

    def apply(self, features: np.ndarray) -> np.ndarray:
        """A standardised copy, float32 [n, feature]."""
        scaled = features - self.mean
        scaled /= self.spread
        return scaled
