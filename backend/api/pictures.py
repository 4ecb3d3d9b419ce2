"""How images of a data set become PNG files for the page; what is costly is kept on disk."""

import contextlib
import io
import math
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from backend.errors import DataError, NotFoundError, RequestError
from models.data import SPLITS, Dataset

QUICK = 3  # zlib level: a third of the time of Pillow's own, files a tenth larger
MOST_PIXELS = 2**26  # of one sheet
making = threading.Lock()  # one costly picture at a time: requests of a page come in a burst


def tag(dataset: Dataset, *what: object) -> str:
    """An ETag that changes with the images of the data set and with what is asked of them."""
    source = Path(dataset.images.filename).parent.name if is_mapped(dataset) else dataset.key
    digest = sha256(repr((source, len(dataset), what)).encode()).hexdigest()[:20]
    return f'"{digest}"'


def is_mapped(dataset: Dataset) -> bool:
    return isinstance(dataset.images, np.memmap)


def image(dataset: Dataset, image_id: int, size: int | None, cache: Path) -> bytes:
    """One image as PNG, its longer side `size` pixels; as stored where no size is given.

    What is larger than the stored image is made from the original, cut as the stored one was.
    """
    height, width = dataset.images.shape[2:]
    scale = (size or max(height, width)) / max(height, width)
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    if scale <= 1 or not dataset.files:
        return png_of(stored(dataset, image_id).resize(shape, Image.Resampling.LANCZOS))

    def enlarged() -> bytes:
        try:
            original = dataset.original(image_id)
        except DataError:  # the file is gone; what training saw of it is not
            original = stored(dataset, image_id)
        return png_of(ImageOps.fit(original, shape, Image.Resampling.LANCZOS))

    return kept(cache, dataset, tag(dataset, image_id, size), enlarged)


def part(
    dataset: Dataset, image_id: int, box: tuple[int, int, int, int], size: int | None
) -> bytes:
    """A part of an image as PNG in colour, its longer side `size` pixels; pixels become squares.

    box: left, top, right and bottom in pixels of the stored image.
    """
    cut = stored(dataset, image_id).crop(box)
    scale = (size or max(cut.size)) / max(cut.size)
    shape = (max(1, round(cut.width * scale)), max(1, round(cut.height * scale)))
    return png_of(cut.resize(shape, Image.Resampling.NEAREST))


@dataclass(frozen=True)
class Sheet:
    """All images of one split as square thumbnails, in the order of their ids."""

    split: str
    size: int
    ids: np.ndarray
    columns: int
    rows: int

    @classmethod
    def of(cls, dataset: Dataset, split: str, size: int) -> "Sheet":
        """Raises NotFoundError for a split that is unknown or empty, RequestError for too many."""
        if split not in SPLITS:
            raise NotFoundError(f"unknown split {split!r}; choose one of: {', '.join(SPLITS)}")
        ids = dataset.indices(split)
        if not len(ids):
            raise NotFoundError(f"{dataset.title} has no {split} images; ask for another split")
        columns = math.ceil(math.sqrt(len(ids)))
        rows = math.ceil(len(ids) / columns)
        if columns * rows * size**2 > MOST_PIXELS:
            possible = int(math.sqrt(MOST_PIXELS / (columns * rows)))
            raise RequestError(
                f"{len(ids)} images of {size} pixels make too large a sheet; "
                f"ask for size {possible} at most"
            )
        return cls(split, size, ids, columns, rows)

    def png(self, dataset: Dataset, cache: Path) -> bytes:
        name = tag(dataset, "atlas", self.split, self.size)
        return kept(cache, dataset, name, lambda: png_of(self.draw(dataset)))

    def draw(self, dataset: Dataset) -> Image.Image:
        sheet = Image.new("RGB", (self.columns * self.size, self.rows * self.size))
        for place, image_id in enumerate(self.ids):
            row, column = divmod(place, self.columns)
            small = ImageOps.fit(
                stored(dataset, image_id), (self.size,) * 2, Image.Resampling.BILINEAR
            )
            sheet.paste(small, (column * self.size, row * self.size))
        return sheet


def stored(dataset: Dataset, image_id: int) -> Image.Image:
    """The pixels that training sees."""
    return Image.fromarray(np.ascontiguousarray(dataset.images[image_id].transpose(1, 2, 0)))


def png_of(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=QUICK)
    return stream.getvalue()


def kept(cache: Path, dataset: Dataset, name: str, make: Callable[[], bytes]) -> bytes:
    """A picture from the cache folder, made first where it is missing.

    A cache that cannot be written costs time, not the picture.
    """
    path = cache / "pictures" / dataset.key / f"{name.strip(chr(34))}.png"
    with making:
        try:
            return path.read_bytes()
        except OSError:
            png = make()
        part = path.with_suffix(".part")
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(png)
            os.replace(part, path)
        return png


def forget(cache: Path, key: str) -> None:
    """Remove what is kept of a data set whose images were deleted."""
    shutil.rmtree(cache / "pictures" / key, ignore_errors=True)
