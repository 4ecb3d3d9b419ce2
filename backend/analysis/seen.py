"""What do all layers of one encoder, or the pixels, make of the labelled images?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from backend.analysis import cost
from backend.analysis.activity import activity
from backend.analysis.material import Material
from models.presets import Preset

Layers = Callable[[Tensor], list[tuple[Tensor, Tensor, Tensor]]]  # as `activity` takes them


@dataclass
class Seen:
    """Image features of the labelled training and test images, to be filled by `look`.

    layers: `encoder_layers` of an encoder of this preset, or `pixels` with None.
    """

    material: Material
    layers: Layers
    preset: Preset | None
    device: torch.device
    train: list[np.ndarray] = field(default_factory=list)  # of each layer [n, feature], float32
    test: list[np.ndarray] = field(default_factory=list)
    cells: tuple[np.ndarray, ...] = ()  # of training and test images: z of all layers, flattened

    @property
    def exact(self) -> torch.device | str:
        """Where double precision is to be had: Apple's GPU has none."""
        return self.device if self.device.type == "cuda" else "cpu"

    @property
    def test_labels(self) -> np.ndarray:
        return self.material.test_labels[self.material.labelled]

    @property
    def batch(self) -> int:
        return cost.batch(self.preset, self.material, self.device.type)

    def look(self, cells: bool = False) -> Iterator[float]:
        """Pass the images through; with `cells`, keep every place of the grids as well.

        Yields the share that is done.
        """
        m, done = self.material, 0
        splits = (m.train, m.test[m.labelled])
        total, kept = sum(map(len, splits)), []
        for ids in splits:
            arrays: list[np.ndarray] = []
            for batch in activity(
                self.layers, m.images, ids, m.crop, m.colour, self.device, self.batch
            ):
                parts = [answer.features for answer in batch.answers]
                if cells:
                    parts += [answer.z.reshape(len(answer.z), -1) for answer in batch.answers]
                if not arrays:
                    arrays = [np.empty((len(ids), p.shape[1]), np.float32) for p in parts]
                for array, part in zip(arrays, parts, strict=True):
                    array[batch.rows] = part
                done += batch.rows.stop - batch.rows.start
                yield done / total
            kept.append(arrays)
        if cells:
            half = len(kept[0]) // 2
            self.cells = tuple(np.concatenate(arrays[half:], 1) for arrays in kept)
            kept = [arrays[:half] for arrays in kept]
        self.train, self.test = kept
