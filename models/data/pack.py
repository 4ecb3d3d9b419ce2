"""One file that holds a whole data set: the images, encoded, in a NumPy .npz archive.

data         uint8: the encoded images (WebP, PNG or JPEG) one after another
offsets      int64 [n + 1]: image i is data[offsets[i]:offsets[i + 1]]
labels       integer [n]: an index into class_names, -1 = none
split        uint8 [n]: 0 train, 1 test, 2 unlabelled
class_names  text [classes]
title, licence  text, both optional
meta_NAME    numbers or text [n], optional: what else is known (`models.data.metadata`)
Other arrays are left alone. Nothing in a pack is ever unpickled.
"""

import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.data.cache import of_files
from models.data.dataset import (
    MAX_CLASSES,
    NO_LABEL,
    SPLITS,
    Contents,
    Picture,
    Skipped,
    nothing_read,
)
from models.errors import DataError

WANTED = ("data", "offsets", "labels", "split", "class_names")
LICENCE = "not stated in the pack; ask whoever made it"


def missing(path: Path) -> str | None:
    if path.is_file():
        return None
    return f"there is no pack {path}; check the path, or make one: saccade data pack FOLDER OUT.npz"


def fingerprint(path: Path) -> str:
    return of_files([path])


def contents(path: Path) -> Contents:
    """What a pack holds. Raises DataError with the first thing that is wrong with it."""
    arrays = read_arrays(path)
    check(path, arrays)
    classes = tuple(str(name) for name in arrays["class_names"])
    title = text(arrays, "title") or path.stem
    return Contents(title, classes, text(arrays, "licence") or LICENCE, pictures(path, arrays))


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        if not zipfile.is_zipfile(path):
            raise not_a_pack(path, "it is no .npz archive, or was cut short")
        with np.load(path, allow_pickle=False) as archive:
            names = [*WANTED, "title", "licence"]
            return {name: archive[name] for name in names if name in archive.files}
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise not_a_pack(path, "part of it is damaged or was cut short") from None
    except MemoryError:
        raise not_a_pack(path, "its arrays do not fit into memory") from None
    except OSError as error:
        raise DataError(f"the pack {path} cannot be read: {error.strerror or error}") from None
    # NumPy: an array of objects or a broken header; zipfile: an encrypted or odd member.
    except (ValueError, TypeError, SyntaxError, RuntimeError, NotImplementedError, KeyError):
        raise not_a_pack(path, "one of its arrays is damaged or holds Python objects") from None


def check(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Raise DataError unless the arrays are those of a pack and agree with one another."""
    for name in WANTED:
        if name not in arrays:
            raise not_a_pack(path, f"the array {name!r} is missing")
        if not isinstance(arrays[name], np.ndarray):  # NumPy gives the bytes of other members
            raise not_a_pack(path, f"{name!r} is no array")
        if arrays[name].ndim != 1:
            raise not_a_pack(path, f"{name!r} has {arrays[name].ndim} dimensions instead of 1")
    data, offsets, labels, split, names = (arrays[name] for name in WANTED)
    for name, kinds in (("offsets", "iu"), ("labels", "iu"), ("split", "iu"), ("class_names", "U")):
        if arrays[name].dtype.kind not in kinds:
            wanted = "text" if kinds == "U" else "whole numbers"
            raise not_a_pack(path, f"{name!r} holds {arrays[name].dtype} instead of {wanted}")
    if data.dtype != np.uint8:
        raise not_a_pack(path, f"'data' holds {data.dtype} instead of uint8")
    n = len(offsets) - 1
    if n < 1:
        raise not_a_pack(path, "it holds no images")
    for name in ("labels", "split"):
        if len(arrays[name]) != n:
            raise not_a_pack(path, f"{name!r} has {len(arrays[name])} entries for {n} images")
    offsets = offsets.astype(np.int64)
    if offsets[0] != 0 or offsets[-1] != len(data) or (offsets[1:] <= offsets[:-1]).any():
        raise not_a_pack(path, f"'offsets' do not rise from 0 to the {len(data)} bytes of 'data'")
    if len(names) > MAX_CLASSES:
        raise not_a_pack(path, f"it has {len(names)} classes, and at most {MAX_CLASSES} are read")
    if labels.min() < NO_LABEL or labels.max() >= len(names):
        raise not_a_pack(
            path, f"'labels' run from {labels.min()} to {labels.max()} for {len(names)} classes"
        )
    if split.min() < 0 or split.max() >= len(SPLITS):
        raise not_a_pack(path, f"'split' has values other than 0 to {len(SPLITS) - 1}")


def pictures(path: Path, arrays: dict[str, np.ndarray]) -> Iterator[Picture]:
    from models.data.picture import UnreadableError, pixels_of, read_picture

    data, offsets, labels, split = (arrays[name] for name in WANTED[:4])
    shape = None
    for row, (start, end) in enumerate(zip(offsets[:-1], offsets[1:], strict=True)):
        try:
            pixels = pixels_of(read_picture(io.BytesIO(data[start:end])))
        except UnreadableError as reason:
            raise not_a_pack(path, f"its image {row} {reason}") from None
        shape = shape or pixels.shape
        if pixels.shape != shape:
            sizes = f"{pixels.shape[2]}x{pixels.shape[1]}, image 0 {shape[2]}x{shape[1]}"
            raise not_a_pack(path, f"its images differ in size: image {row} is {sizes} pixels")
        yield Picture(pixels, int(labels[row]), int(split[row]))


@dataclass(frozen=True)
class Packed:
    """What a pack was made of: images, the columns of metadata.csv, and what was left out."""

    images: int
    columns: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    remarks: tuple[str, ...]  # sentences about rows and columns that could not be used


def write_pack(folder: Path, out: Path) -> Packed:
    """Write a folder of images as a pack of lossless WebP, as `load` would show them.

    The pack appears under its name only when it is whole. Raises DataError.
    """
    from models.data import folder as source
    from models.data.metadata import cells_of, packed
    from models.data.picture import from_pixels

    if reason := source.missing(folder) or unwritable(out):
        raise DataError(reason)
    found = source.contents(folder.absolute())
    encoded, labels, split, files, skipped = [], [], [], [], []
    for picture in found.pictures:
        if isinstance(picture, Skipped):
            skipped.append(picture)
            continue
        stream = io.BytesIO()
        from_pixels(picture.pixels).save(stream, "WEBP", lossless=True)
        encoded.append(stream.getvalue())
        labels.append(picture.label)
        split.append(picture.split)
        files.append(picture.file)
    if not encoded:
        raise DataError(nothing_read(found.title, skipped))
    cells, remarks = cells_of(folder.absolute(), files)
    arrays = {
        "data": np.frombuffer(b"".join(encoded), np.uint8),
        "offsets": np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        "labels": np.array(labels, np.int16),
        "split": np.array(split, np.uint8),
        "class_names": np.array(found.classes, np.str_),
        "title": np.array(found.title),
        "licence": np.array(LICENCE),
    }
    columns = packed(cells)
    write_whole(out, arrays | columns)
    names = tuple(name.removeprefix("meta_") for name in columns)
    return Packed(len(encoded), names, tuple(skipped), remarks)


def unwritable(out: Path) -> str | None:
    if out.suffix != ".npz":
        return f"a pack ends in .npz, and {out} does not; name it {out.name}.npz"
    if out.exists():
        return f"{out} exists already; remove it or give another name"
    if not out.parent.is_dir():
        return f"there is no folder {out.parent} to write {out.name} into; make it first"
    return None


def write_whole(out: Path, arrays: dict[str, np.ndarray]) -> None:
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("wb") as stream:
            np.savez(stream, **arrays)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(out)
    except OSError as error:
        raise DataError(f"{out} could not be written: {error.strerror}; make room there") from None
    finally:
        part.unlink(missing_ok=True)


def text(arrays: dict[str, np.ndarray], name: str) -> str:
    """An optional text of a pack, on one line; empty where it has none."""
    array = arrays.get(name)
    if not isinstance(array, np.ndarray) or array.dtype.kind != "U" or array.size != 1:
        return ""
    return " ".join(str(array.reshape(())).split())


def not_a_pack(path: Path, what: str) -> DataError:
    return DataError(
        f"{path} is not a pack of images: {what}; make one with: saccade data pack FOLDER OUT.npz"
    )
