"""All that is learned about the units of one layer while the patches of the images stream by."""

import time

import numpy as np

from backend.analysis.maximizers import Maximizers
from backend.analysis.selectivity import PatchHistogram, selectivity


class Units:
    """Collects image responses, maximizers and selectivity of the units of a layer.

    responses: float32 [n, unit] to fill, may be a memory map; ids: int [n], in the same order;
    grid: patches along a side; signed: whether a response can be negative.
    """

    def __init__(
        self, responses: np.ndarray, ids: np.ndarray, grid: int, seed: int = 0, signed: bool = False
    ) -> None:
        self.responses, self.ids = responses, ids
        self.maximizers = Maximizers(responses.shape[1], ids, grid, seed)
        self.histogram = PatchHistogram(responses.shape[1], signed)
        self.seconds = {"maximizers": 0.0, "selectivity": 0.0}

    def add(self, rows: slice, z: np.ndarray) -> None:
        """Take in the patch responses z [b, unit, row, column] of the images at `rows` of ids."""
        start = time.perf_counter()
        self.maximizers.add(self.ids[rows], z)
        middle = time.perf_counter()
        self.histogram.add(z)
        self.responses[rows] = z.mean((2, 3))
        self.seconds["maximizers"] += middle - start
        self.seconds["selectivity"] += time.perf_counter() - middle

    def result(self, labels: np.ndarray, classes: int) -> dict[str, dict[str, np.ndarray]]:
        """What `Maximizers` and `PatchHistogram` found, and `selectivity` of the responses."""
        return {
            "maximizers": self.maximizers.result(),
            "selectivity": self.histogram.result() | selectivity(self.responses, labels, classes),
        }
