"""Which units answer to the same images, and how far has a unit's answer moved? NumPy alone.

r is the correlation of two units' image responses over the test images. A unit's scale and offset
do not change it, so it is taken from the stored levels as they are.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from backend.runs.results import Results

MEMORY = 2**28  # bytes that are kept: standardised, eight layers of 1,024 units x 8,000 images
ALIKE = (
    "r: correlation of two units' mean responses to the {n_test} images of the {split} split, as "
    "stored, in 256 levels. The largest come first, the unit itself left out. A unit that answers "
    "to all images the same, as a silent one does, has none."
)
CHANGE = (
    "Change: 1 - r of a unit's responses to the {n_test} images at this epoch and those at epoch "
    "{first}, the first that was analysed: 0 where it answers to the same images as then, 1 where "
    "nothing links the two, 2 where it is reversed. A unit that is silent at one of them has none."
)


class Alike:
    """Compares units by their stored responses; keeps what it made of the layers last asked for."""

    def __init__(self, memory: int = MEMORY) -> None:
        self.memory, self.lock = memory, threading.Lock()
        self.kept: OrderedDict[tuple[Path, int, int], np.ndarray] = OrderedDict()

    def to(self, unit: np.ndarray, results: Results, epoch: int, layer: int) -> np.ndarray:
        """r of each unit of a layer with one that is standardised: float32 [unit], NaN = none."""
        with np.errstate(invalid="ignore"):
            return np.clip(self.rows(results, epoch, layer) @ unit, -1, 1)

    def change(self, results: Results, epoch: int, first: int, layer: int) -> np.ndarray:
        """1 - r of each unit between two epochs: float32 [unit], NaN = none."""
        now, then = (self.rows(results, e, layer) for e in (epoch, first))
        with np.errstate(invalid="ignore"):
            return 1 - np.clip(np.einsum("ui,ui->u", now, then), -1, 1)

    def rows(self, results: Results, epoch: int, layer: int) -> np.ndarray:
        """`standardised` responses of a layer. Raises RunError where there are none to read."""
        return self.remembered("responses", results, epoch, layer)

    def patches(self, results: Results, epoch: int, layer: int) -> np.ndarray:
        """The most exciting patch of each unit: int32 [unit, (image, row, column)]."""
        return self.remembered("maximizers", results, epoch, layer)

    def remembered(self, what: str, results: Results, epoch: int, layer: int) -> np.ndarray:
        path = results.path(what, epoch, layer)
        try:
            told = path.stat()
        except OSError:
            return MADE[what](results.read(what, epoch, layer))  # which says what is wrong
        key = (path, told.st_mtime_ns, told.st_size)
        with self.lock:
            if key in self.kept:
                self.kept.move_to_end(key)
                return self.kept[key]
        found = MADE[what](results.read(what, epoch, layer))
        with self.lock:
            self.kept[key] = found
            while len(self.kept) > 1 and sum(x.nbytes for x in self.kept.values()) > self.memory:
                self.kept.popitem(last=False)
        return found


def standardised(level: np.ndarray) -> np.ndarray:
    """Each row of [unit, image] with mean 0 and length 1, float32; NaN where all are the same.

    The product of two rows is their correlation.
    """
    rows = level.astype(np.float32)
    rows -= rows.mean(1, keepdims=True, dtype=np.float64).astype(np.float32)
    length = np.sqrt(np.einsum("ui,ui->u", rows, rows))
    constant = level.min(1) == level.max(1)
    rows /= np.where(constant, np.float32(1), length)[:, None]
    rows[constant] = np.nan
    return rows


def first_patches(best: dict[str, np.ndarray]) -> np.ndarray:
    """Of what was found of a layer, the most exciting patch of each unit: int32 [unit, 3]."""
    names = ("image", "row", "column")
    return np.stack([best[f"top_{name}"][:, 0].astype(np.int32) for name in names], 1)


MADE: dict[str, Callable[[dict[str, np.ndarray]], np.ndarray]] = {
    "responses": lambda stored: standardised(stored["level"]),
    "maximizers": first_patches,
}


def largest(r: np.ndarray, count: int, but: int | None = None) -> np.ndarray:
    """Units with the largest finite r, the largest first, equal ones by number; `but` left out."""
    order = np.argsort(-np.nan_to_num(r, nan=-np.inf), kind="stable")
    return order[np.isfinite(r[order]) & (order != (-1 if but is None else but))][:count]
