"""Imagenette: 9,469 training and 3,925 test photographs of ten easily told classes of ImageNet.

The variant whose short side is 160 pixels; the official validation part is the test split. Read
as every folder of images: short side resized to 96, centre cut out, originals kept reachable.
"""

from dataclasses import replace
from pathlib import Path

from models.data import folder
from models.data.archive import fetch
from models.data.dataset import Contents

URL = "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz"
MD5 = "e793b78cc4c9e9a4ccc0c1155377a412"
FOLDERS = ("imagenette2-160", "imagenette2-320", "imagenette2", ".")  # what the archives unpack to
NAMES = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
LICENCE = (
    "selection Apache 2.0 (fast.ai); photographs taken from ImageNet: non-commercial research and "
    "education only"
)


def folder_of(place: Path) -> Path:
    """The folder with train/ and val/ in `place`, of whatever size; `place` itself may be it."""
    found = (place / name for name in FOLDERS if (place / name / "train").is_dir())
    return next(found, place / FOLDERS[0])


def missing(place: Path) -> str | None:
    """The first folder that is not there, as a sentence, or None."""
    for name in ("train", "val"):
        if not (folder_of(place) / name).is_dir():
            return (
                f"Imagenette is not in {place} ({FOLDERS[0]}/{name} is wanted); fetch it with: "
                "saccade data get imagenette, or name a folder that has it: imagenette:ROOT"
            )
    return None


def fingerprint(place: Path) -> str:
    return folder.fingerprint(folder_of(place))


def download(place: Path, megabytes: int) -> None:
    fetch("imagenette", URL, MD5, place, megabytes)


def contents(place: Path) -> Contents:
    """Training photographs by class, then test photographs by class."""
    found = folder.contents(folder_of(place))
    classes = tuple(NAMES.get(name, name) for name in found.classes)
    return replace(found, title="Imagenette", classes=classes, licence=LICENCE)
