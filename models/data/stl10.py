"""STL-10 in its official binary files: 5,000 + 8,000 labelled and 100,000 unlabelled images.

A. Coates, H. Lee, A. Y. Ng, "An Analysis of Single-Layer Networks in Unsupervised Feature
Learning", AISTATS 2011. A folder without the unlabelled file is read as well.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.data.archive import fetch
from models.data.cache import of_files
from models.data.dataset import NO_LABEL, TEST, TRAIN, UNLABELLED, Contents, Picture
from models.data.torchvision_import import torchvision_datasets
from models.errors import DataError

TITLE = "STL-10"
FOLDER = "stl10_binary"
LABELLED = ("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin")
ALONE = "unlabeled_X.bin"
FILES = {TRAIN: "train", UNLABELLED: "unlabeled", TEST: "test"}  # how the names of a split begin
SHAPE = (3, 96, 96)
CLASSES = (
    "airplane",
    "bird",
    "car",
    "cat",
    "deer",
    "dog",
    "horse",
    "monkey",
    "ship",
    "truck",
)
LICENCE = "its authors state none; taken from ImageNet: non-commercial research and education only"


def folder_of(place: Path) -> Path:
    """Where the files are: in `place`, or in the folder that the official archive unpacks to."""
    return place if (place / LABELLED[0]).is_file() else place / FOLDER


def missing(place: Path) -> str | None:
    """The first file that is not there, as a sentence, or None."""
    for name in LABELLED:
        if not (folder_of(place) / name).is_file():
            return (
                f"STL-10 is not in {place} ({FOLDER}/{name} is wanted); fetch it with: saccade "
                "data get stl10, or name a folder that has it: stl10:ROOT"
            )
    return None


def fingerprint(place: Path) -> str:
    return of_files(folder_of(place) / name for name in (*LABELLED, ALONE))


def download(place: Path, megabytes: int) -> None:
    official = torchvision_datasets().STL10
    fetch("stl10", official.url, official.tgz_md5, place, megabytes)


def contents(place: Path) -> Contents:
    """Training, unlabelled and test images, in the official order of each.

    Raises DataError if a file is not the official one.
    """
    folder = official_folder(place, (*LABELLED, ALONE))
    return Contents(TITLE, CLASSES, LICENCE, pictures(folder, (TRAIN, UNLABELLED, TEST)))


def official_folder(place: Path, names: tuple[str, ...]) -> Path:
    """`folder_of`, once those of its files that are named and there are the official ones."""
    folder, official = folder_of(place), torchvision_datasets()
    for name, md5 in official.STL10.train_list + official.STL10.test_list:
        file = folder / name
        if name in names and file.is_file() and not official.utils.check_integrity(file, md5):
            raise DataError(
                f"{file} is not the official file of STL-10 (its MD5 is not {md5}); fetch it again"
            )
    return folder


def pictures(folder: Path, splits: tuple[int, ...]) -> Iterator[Picture]:
    """The images of some splits, in that order; none of one whose file is not there."""
    for split in splits:
        name = FILES[split]
        file = folder / f"{name}_X.bin"
        if split == UNLABELLED and not file.is_file():
            continue
        images = np.memmap(file, np.uint8, "r").reshape(-1, *SHAPE)  # [n, 3, column, row]
        labels = np.full(len(images), NO_LABEL, np.int16)
        if split != UNLABELLED:
            labels = np.fromfile(folder / f"{name}_y.bin", np.uint8).astype(np.int16) - 1
        for image, label in zip(images, labels, strict=True):
            yield Picture(image.transpose(0, 2, 1), int(label), split)
