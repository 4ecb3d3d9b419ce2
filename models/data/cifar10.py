"""CIFAR-10: 50,000 training and 10,000 test images of 32x32 pixels in ten classes.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. The official files
are Python pickles; torchvision opens them only after their MD5 has been found right.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.data.archive import fetch
from models.data.cache import of_files
from models.data.dataset import TEST, TRAIN, Contents, Picture
from models.data.torchvision_import import torchvision_datasets
from models.errors import DataError

FOLDER = "cifar-10-batches-py"
FILES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta")
CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
LICENCE = "its authors state none; part of the 80 Million Tiny Images collection"


def root_of(place: Path) -> Path:
    """The folder that holds FOLDER; `place` may be either."""
    return place.parent if place.name == FOLDER else place


def missing(place: Path) -> str | None:
    """The first file that is not there, as a sentence, or None."""
    for name in FILES:
        if not (root_of(place) / FOLDER / name).is_file():
            return (
                f"CIFAR-10 is not in {place} ({FOLDER}/{name} is wanted); fetch it with: saccade "
                "data get cifar10, or name a folder that has it: cifar10:ROOT"
            )
    return None


def fingerprint(place: Path) -> str:
    return of_files(root_of(place) / FOLDER / name for name in FILES)


def download(place: Path, megabytes: int) -> None:
    official = torchvision_datasets().CIFAR10
    fetch("cifar10", official.url, official.tgz_md5, place, megabytes)


def contents(place: Path) -> Contents:
    """All training images, then all test images. Raises DataError unless the files are official."""
    return Contents("CIFAR-10", CLASSES, LICENCE, pictures(root_of(place)))


def pictures(root: Path) -> Iterator[Picture]:
    for split in (TRAIN, TEST):
        try:
            with warnings.catch_warnings():  # NumPy 2.4 dislikes the array types of old pickles
                warnings.simplefilter("ignore", np.exceptions.VisibleDeprecationWarning)
                official = torchvision_datasets().CIFAR10(root, train=split == TRAIN)
        except RuntimeError:
            raise DataError(
                f"the files in {root / FOLDER} are not those of CIFAR-10 (an MD5 differs); "
                "fetch them again with: saccade data get cifar10"
            ) from None
        for image, label in zip(official.data, official.targets, strict=True):
            yield Picture(image.transpose(2, 0, 1), label, split)
