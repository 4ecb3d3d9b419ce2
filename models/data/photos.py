"""The built-in data set: crops of ten photographs that ship inside scikit-image and scikit-learn.

A class is a photograph. A strip across the photograph, a fixed part of its width, is for testing;
the rest, left and right of it, is for training. Each crop lies in one of these regions as a
whole, so that no pixel of a photograph is in both a training and a test image. A crop is a square
of 96 or 128 pixels (as likely; 128 are resized to 96) at a random place: each class has the
texture of one photograph at two scales.
"""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.data.cache import fingerprint_of, stamp
from models.data.dataset import TEST, TRAIN, Contents, Picture

SIDE = 96
SCALES = (96, 128)  # sides of the square that is cut, pixels of the photograph
TRAIN_CROPS, TEST_CROPS = 200, 80  # a class
STRIP = (0.35, 0.65)  # where the test strip begins and ends, in parts of the width


@dataclass(frozen=True)
class Photograph:
    """A class: its name, the package and file it is cut from, licence and author of the file."""

    word: str
    package: str
    file: str
    licence: str

    @property
    def path(self) -> Path | None:
        """Where the photograph lies, found without importing its package; None if nowhere."""
        found = importlib.util.find_spec(self.package)
        if not found or not found.submodule_search_locations:
            return None
        path = Path(found.submodule_search_locations[0]) / self.file
        return path if path.is_file() else None


PHOTOGRAPHS = (
    Photograph("astronaut", "skimage", "data/astronaut.png", "public domain, NASA"),
    Photograph("brick", "skimage", "data/brick.png", "CC0, CC0Textures"),
    Photograph("cat", "skimage", "data/chelsea.png", "CC0, Stefan van der Walt"),
    Photograph("coffee", "skimage", "data/coffee.png", "CC0, Rachel Michetti"),
    Photograph("galaxies", "skimage", "data/hubble_deep_field.jpg", "public domain, NASA"),
    Photograph("grass", "skimage", "data/grass.png", "CC0, linolafett"),
    Photograph("gravel", "skimage", "data/gravel.png", "CC0, CC0Textures"),
    Photograph(
        "motorcycle", "skimage", "data/motorcycle_left.png", "Middlebury 2014 stereo benchmark"
    ),
    Photograph("temple", "sklearn", "datasets/images/china.jpg", "CC BY 2.0, danielbuechele"),
    Photograph("tissue", "skimage", "data/ihc.png", "no known restrictions, CMMI"),
)
LICENCE = "photographs that ship in scikit-image and scikit-learn: " + "; ".join(
    f"{photograph.word} ({photograph.licence})" for photograph in PHOTOGRAPHS
)


def missing(_: Path) -> str | None:
    """Why the photographs cannot be cut, or None."""
    for photograph in PHOTOGRAPHS:
        if not photograph.path:
            return (
                f"the photograph {Path(photograph.file).name} of {photograph.package} is not "
                "installed; install scikit-image and scikit-learn again"
            )
    return None


def fingerprint(_: Path) -> str:
    sizes = [(item.word, item.file, stamp(item.path)[0]) for item in PHOTOGRAPHS if item.path]
    return fingerprint_of([*sizes, SCALES, TRAIN_CROPS, TEST_CROPS, STRIP])


def contents(_: Path, seed: int = 0) -> Contents:
    """All training images, photograph by photograph, then all test images.

    The same seed gives the same crops.
    """
    classes = tuple(photograph.word for photograph in PHOTOGRAPHS)
    return Contents("photos", classes, LICENCE, pictures(seed))


def pictures(seed: int) -> Iterator[Picture]:
    from models.data.picture import pixels_of, read_picture

    opened = [read_picture(photograph.path) for photograph in PHOTOGRAPHS]
    for split in (TRAIN, TEST):
        for label, image in enumerate(opened):
            for box in boxes(split, *image.size, np.random.default_rng((seed, split, label))):
                crop = image.crop(box).resize((SIDE, SIDE))  # reads no pixel outside the box
                yield Picture(pixels_of(crop), label, split)


def places() -> Iterator[tuple[int, float]]:
    """Of each image in turn: side of the square that was cut, and its middle's height in the
    photograph, 0 at the lower edge to 1 at the upper."""
    from PIL import Image

    sizes = []
    for photograph in PHOTOGRAPHS:
        with Image.open(photograph.path) as opened:
            sizes.append(opened.size)
    for split in (TRAIN, TEST):
        for label, (width, height) in enumerate(sizes):
            draw = np.random.default_rng((0, split, label))
            for _, top, _, bottom in boxes(split, width, height, draw):
                yield bottom - top, 1 - (top + bottom) / 2 / height


def boxes(
    split: int, width: int, height: int, generator: np.random.Generator
) -> list[tuple[int, int, int, int]]:
    """Random squares (left, top, right, bottom) inside the split's regions of a photograph."""
    start, end = (round(part * width) for part in STRIP)
    regions = [(start, end)] if split == TEST else [(0, start), (end, width)]
    found = []
    for _ in range(TEST_CROPS if split == TEST else TRAIN_CROPS):
        side = int(generator.choice(SCALES))
        first, last = regions[generator.integers(len(regions))]
        left = int(generator.integers(first, last - side + 1))
        top = int(generator.integers(height - side + 1))
        found.append((left, top, left + side, top + side))
    return found
