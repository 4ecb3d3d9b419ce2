"""Which images are analysed, how are they seen, and how is each number defined on them?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import torch

from backend.analysis import (
    activity,
    embedding,
    maximizers,
    neighbours,
    probes,
    selectivity,
    shuffles,
    votes,
)
from models.config import TrainConfig
from models.data import Dataset
from models.data.dataset import fingerprint
from models.data.views import centre_views
from models.errors import DataError
from models.imported import Imported
from models.presets import PATCH, Sites, patch_sites, sites_of


@dataclass(frozen=True)
class Material:
    """The images of a data set as the analyses take them."""

    images: np.ndarray  # uint8 [n, 3, height, width], all of the data set
    classes: tuple[str, ...]
    split: str  # which images the maps and units are about: "test" where there are any
    test: np.ndarray  # int32 ids of that split
    test_labels: np.ndarray  # int16, -1 = none
    train: np.ndarray  # int32 ids of the labelled training images, for the probes
    train_labels: np.ndarray
    crop: int
    colour: str
    sees: str  # "patches", "image" or "network"
    fields: tuple[Sites, ...]  # of an imported network's layers; empty for an encoder of our own
    signed: tuple[bool, ...]  # whether the responses of each layer can be negative; first: pixels
    layers: tuple[str, ...]  # the names that an imported network's layers have there
    taught: np.ndarray  # int32 ids of the images that training may see

    @classmethod
    def of(cls, dataset: Dataset, config: TrainConfig | Imported) -> "Material":
        """Raises DataError if the images are too few or too small to be analysed."""
        found = {split: dataset.indices(split) for split in ("test", "unlabelled", "train")}
        split = next((split for split, ids in found.items() if len(ids) > 1), None)
        if split is None:
            raise DataError(f"{dataset.title} has too few images; an analysis needs at least 2")
        if min(dataset.images.shape[2:]) < PATCH:
            height, width = dataset.images.shape[2:]
            raise DataError(
                f"the images of {dataset.title} are {width} x {height} pixels; a patch needs "
                f"{PATCH} x {PATCH}"
            )
        train = found["train"] if split == "test" else found["train"][:0]
        train = train[dataset.labels[train] >= 0]
        return cls(
            dataset.images,
            dataset.classes,
            split,
            found[split],
            dataset.labels[found[split]],
            train,
            dataset.labels[train],
            config.crop,
            config.colour,
            config.sees,
            fields_of(config, min(dataset.images.shape[2:])),
            (True, *getattr(config, "signed", (False,) * len(config.widths))),
            getattr(config, "layers", ()),
            np.flatnonzero(dataset.training_rows()).astype(np.int32),
        )

    @property
    def side(self) -> int:
        return min(self.crop, *self.images.shape[2:])

    @property
    def sites(self) -> tuple[Sites, ...]:
        """Where the responses of each layer sit on a view; pixels are cut in patches."""
        return patch_sites(self.side), *(self.fields or sites_of(self.sees, self.side))

    @property
    def channels(self) -> int:
        return 1 if self.colour == "grey" else 3

    @property
    def labelled(self) -> np.ndarray:
        """Which of the test images have a label: bool [n]."""
        return self.test_labels >= 0

    @property
    def chance(self) -> float | None:
        """Accuracy of always naming the commonest class of the test images."""
        known = self.test_labels[self.labelled]
        return float(np.bincount(known).max() / len(known)) if len(known) else None

    @property
    def no_probe(self) -> str | None:
        """Why no classifier can be fitted and tested, or None where it can."""
        if self.split != "test":
            return "there are no test images"
        if len(np.unique(self.train_labels)) < 2:
            return "the training images have fewer than two classes"
        return None if self.labelled.any() else "no test image has a label"

    @cached_property
    def fingerprint(self) -> str:
        """Of all images and labels that are looked at."""
        parts = (part for ids in (self.test, self.train) for part in blocks(self.images, ids))
        return fingerprint(chain([self.test_labels, self.train_labels], parts))

    @cached_property
    def start(self) -> np.ndarray:
        """Where the map of every layer and epoch begins: float64 [test image, 2]."""
        parts = (torch.from_numpy(part) for part in blocks(self.images, self.test))
        return embedding.shared_start(centre_views(x, self.crop, self.colour) for x in parts)

    def facts(self) -> dict:
        """What is analysed, for the record kept beside the results."""
        return {
            "split": self.split,
            "image": list(self.images.shape[2:]),  # height, width
            "n_test": len(self.test),
            "n_train": len(self.train),
            "fingerprint": self.fingerprint,
            "classes": list(self.classes),
            "chance": self.chance,
            "reasons": {"probes": self.no_probe} if self.no_probe else {},
        } | ({"spans": spans_of(self.sites)} if self.fields else {})

    def definitions(self, seed: int, perplexity: float) -> dict[str, str]:
        """One sentence for each analysis, with the numbers that hold here."""
        patches, cells = patch_sites(self.side), self.sees != "patches"
        sides = ", ".join(f"{sites.side}x{sites.side}" for sites in self.sites[1:])
        signed = [f"layer {n}" for n, is_signed in enumerate(self.signed) if n and is_signed]
        many = len(self.test) > neighbours.MOST
        facts = {
            "n_test": len(self.test),
            "n_labelled": int(self.labelled.sum()),
            "n_train": len(self.train),
            "split": self.split,
            "crop": self.side,
            "colour": self.colour,
            "seen": {
                "patches": activity.PATCHES.format(grid=patches.side),
                "image": activity.CELLS.format(sides=sides),
                "network": activity.FIELDS.format(sides=sides, layers=", ".join(self.layers)),
            }[self.sees],
            "signed": ", ".join(["the input", *signed]),
            "shuffled": shuffles.definition(seed),
            "places": "all" if cells else patches.side**2,
            "lattice": "" if cells else f"{len(patches.lattice) ** 2} ",
            "lines": "first, middle and last" if cells else ", ".join(map(str, patches.lattice)),
            "middle": "in the middle"
            if cells
            else f"in row {patches.middle}, column {patches.middle}",
            "sample": min(maximizers.SAMPLE, len(self.test)),
            "components": embedding.COMPONENTS,
            "perplexity": embedding.possible(perplexity, len(self.test)),
            "exaggerated": embedding.EXAGGERATED,
            "steps": embedding.STEPS,
            "grain": embedding.GRAIN,
            "angle": embedding.ANGLE,
            "many": embedding.MANY,
            "others": f"the others of {neighbours.MOST:,} images drawn with seed 0"
            if many
            else "every other image",
            "over": f", over {neighbours.MOST:,} images drawn with seed 0" if many else "",
            "kept": min(embedding.KEPT, len(self.test) - 1),
            "chance": self.chance or 0,
            "seed": seed,
            "k": min(votes.K, len(self.train)),
        }
        words = {
            "activity": activity,
            "maximizers": maximizers,
            "selectivity": selectivity,
            "neighbours": neighbours,
            "embedding": embedding,
        } | ({} if self.no_probe else {"probes": probes, "votes": votes})
        return {word: module.DEFINITION.format(**facts) for word, module in words.items()}


def fields_of(config: TrainConfig | Imported, side: int) -> tuple[Sites, ...]:
    """The receptive fields of an imported network on a view; none for an encoder of our own."""
    if not isinstance(config, Imported):
        return ()
    if config.side == side:
        return config.sites
    from models.zoo import examined

    layers = list(config.layers)
    return examined(config.data, config.family, config.name, layers, side, config.classes).sites


def spans_of(sites: tuple[Sites, ...]) -> list[list[list[int]]]:
    """The same as JSON holds it."""
    return [[list(span) for span in layer.spans] for layer in sites]


def blocks(images: np.ndarray, ids: np.ndarray, size: int = 1024) -> Iterator[np.ndarray]:
    """The images of some ids, a block at a time."""
    for start in range(0, len(ids), size):
        yield images[ids[start : start + size]]
