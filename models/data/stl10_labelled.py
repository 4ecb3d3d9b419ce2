"""STL-10 without its 100,000 unlabelled images: 5,000 to train on, with the files of `stl10`."""

from pathlib import Path

from models.data import stl10
from models.data.cache import of_files
from models.data.dataset import TEST, TRAIN, Contents
from models.data.stl10 import LICENCE, download, missing

__all__ = ["LICENCE", "contents", "download", "fingerprint", "missing"]

TITLE = "STL-10, labelled images"


def fingerprint(place: Path) -> str:
    return of_files(stl10.folder_of(place) / name for name in stl10.LABELLED)


def contents(place: Path) -> Contents:
    """Training, then test images, in the official order of each. Raises as that of `stl10` does."""
    folder = stl10.official_folder(place, stl10.LABELLED)
    return Contents(TITLE, stl10.CLASSES, LICENCE, stl10.pictures(folder, (TRAIN, TEST)))
