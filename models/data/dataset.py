"""What is a data set here: images of one size, a label or none for each, and three splits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

SPLITS = ("train", "test", "unlabelled")
TRAIN, TEST, UNLABELLED = range(3)
NO_LABEL = -1
BLOCK = 1024  # images that are read at a time
MAX_CLASSES = 2**15 - 1  # what a label of 16 bits can name


@dataclass(frozen=True)
class Skipped:
    """A file that could not be read, and why, as the end of a sentence about it."""

    name: str
    reason: str


@dataclass(frozen=True)
class Picture:
    """One image as a source hands it over, before it is a row of a data set."""

    pixels: np.ndarray  # uint8 [3, height, width]
    label: int = NO_LABEL
    split: int = TRAIN
    file: str = ""  # path of the original, where that shows more than the pixels


@dataclass(frozen=True)
class Contents:
    """What a source holds. `pictures` is read once, in the order that gives the images their ids;
    training images come in one run where the source leaves a choice."""

    title: str
    classes: tuple[str, ...]
    licence: str
    pictures: Iterator[Picture | Skipped]


@dataclass(frozen=True)
class Dataset:
    """Images, labels and splits; an image's id is its row number and stays the same."""

    key: str  # for addresses and folder names: "photos", or "<stem>-<8 hex>" for a path
    spec: str  # what loads it again from anywhere: "photos", "stl10:/root", "/a/b.npz"
    title: str  # for people
    images: np.ndarray  # uint8 [n, 3, height, width], a read-only memory map
    labels: np.ndarray  # int16 [n], -1 = none
    classes: tuple[str, ...]
    split: np.ndarray  # uint8 [n], an index into SPLITS
    licence: str
    skipped: tuple[Skipped, ...] = ()
    files: tuple[str, ...] = ()  # path of each image's original; empty where there is none

    def __len__(self) -> int:
        return len(self.labels)

    def indices(self, split: str) -> np.ndarray:
        """Ids of the images of one split: int32, ascending."""
        if split not in SPLITS:
            raise DataError(f"unknown split {split!r}; choose one of: {', '.join(SPLITS)}")
        return np.flatnonzero(self.split == SPLITS.index(split)).astype(np.int32)

    def training_images(self) -> np.ndarray:
        """What training may see: all but the test images, uint8 [n, 3, height, width].

        A view of the memory map where these rows lie in one run, as they do in every built-in
        data set; else a copy.
        """
        rows = np.flatnonzero(self.training_rows())
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
            return self.images[rows[0] : rows[-1] + 1]
        return self.images[rows]

    def training_labels(self) -> np.ndarray:
        """Labels of `training_images`, int16 [n], -1 = none; for rules that learn from them."""
        return self.labels[self.training_rows()]

    def training_rows(self) -> np.ndarray:
        """Which images training may see: bool [n]."""
        return self.split != TEST

    def original(self, image_id: int) -> Image:
        """The image as its file has it, upright, in RGB; else the pixels that training sees.

        Raises DataError for an id that does not exist or a file that is gone.
        """
        from models.data.picture import UnreadableError, from_pixels, read_picture

        if not 0 <= image_id < len(self):
            raise DataError(
                f"{self.title} has no image {image_id}; its images are 0 to {len(self) - 1}"
            )
        if not self.files:
            return from_pixels(self.images[image_id])
        try:
            return read_picture(self.files[image_id])
        except UnreadableError as reason:
            raise DataError(
                f"the original of image {image_id}, {self.files[image_id]}, {reason}; "
                "put it back, or load the data set again without it"
            ) from None


def nothing_read(title: str, skipped: list[Skipped]) -> str:
    """The sentence about a source without a single image that can be read."""
    if not skipped:
        return f"{title} has no images; wanted at least one PNG, JPEG or WebP file"
    first = skipped[0]
    return (
        f"none of the {len(skipped)} files of {title} can be read as an image: {first.name} "
        f"{first.reason}; wanted PNG, JPEG or WebP"
    )


def fingerprint(arrays: Iterable[np.ndarray]) -> str:
    """16 hex digits that stand for the values of arrays, wherever they come from."""
    digest = hashlib.sha256()
    for array in arrays:
        for start in range(0, len(array), BLOCK):
            digest.update(np.ascontiguousarray(array[start : start + BLOCK]).tobytes())
    return digest.hexdigest()[:16]
