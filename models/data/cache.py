"""Where decoded images wait for their next use: memory-mapped arrays, made once a source.

HOME/cache/<key>-<fingerprint>/ holds images.npy, labels.npy, split.npy and about.json. A folder
appears whole or not at all, and one whose source has changed is never opened again.
"""

import json
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import numpy as np

from models.data.dataset import Contents, Dataset, Skipped, nothing_read
from models.errors import DataError
from models.reading import reading

FORM = "1"  # raised when the form of these folders, or the way pictures are read, changes
MAKING = ".making-"  # how the names of unfinished folders begin
ABANDONED = 24 * 3600  # seconds after which nobody can still be at work on one
_making = threading.Lock()  # threads of one process do not decode the same data set twice


def fingerprint_of(parts: Iterable[object]) -> str:
    """16 hex digits that change when any part does."""
    text = "\n".join([FORM, *map(repr, parts)])
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def of_files(files: Iterable[Path]) -> str:
    """A fingerprint of files by path, size and time of change; their bytes are not read."""
    return fingerprint_of((str(file), *stamp(file)) for file in files)


def stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:
        return -1, -1  # a dangling link; what reads it says so
    return status.st_size, status.st_mtime_ns


def cached(
    key: str, spec: str, home: Path, fingerprint: str, contents: Callable[[], Contents]
) -> Dataset:
    """The data set from the cache, made first where it is missing or damaged.

    Raises DataError if the source holds no image or the disk is full. It names no folder above
    the source: a run's error is shown, and given to others, with the run.
    """
    folder, name = home / "cache" / f"{key}-{fingerprint}", Path(spec).name
    if dataset := opened(folder, key, spec):
        return dataset
    try:
        with _making:
            if not opened(folder, key, spec):  # another thread may have been at it
                make(folder, contents())
    except OSError as error:
        raise DataError(
            f"{name} could not be decoded into the folder cache of Saccade's home: "
            f"{error.strerror}; make room there, or keep Saccade's files elsewhere with --home"
        ) from None
    remove_older(folder, key)
    if dataset := opened(folder, key, spec):
        return dataset
    raise DataError(
        f"{folder.name} in the folder cache of Saccade's home cannot be read back; remove it and "
        f"load {name} again"
    )


def opened(folder: Path, key: str, spec: str) -> Dataset | None:
    """The data set that a folder holds, or None where it is missing or not whole."""
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        with reading:
            images = np.load(folder / "images.npy", mmap_mode="r")
            labels = np.load(folder / "labels.npy")
            split = np.load(folder / "split.npy")
        if not len(images) == len(labels) == len(split) == about["n"]:
            return None
        return Dataset(
            key,
            spec,
            about["title"],
            images,
            labels,
            tuple(about["classes"]),
            split,
            about["licence"],
            tuple(Skipped(*item) for item in about["skipped"]),
            tuple(about["files"]),
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def make(folder: Path, contents: Contents) -> None:
    """Write a folder under another name and give it its own when it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=MAKING, dir=folder.parent) as temporary:
        made = Path(temporary) / "whole"
        made.mkdir()
        write(made, contents)
        if folder.exists():  # damaged, or what another process has just made of the same source
            if opened(folder, "", ""):
                return
            folder.rename(Path(temporary) / "damaged")
        try:
            made.rename(folder)
        except OSError:
            if not opened(folder, "", ""):
                raise


def write(folder: Path, contents: Contents) -> None:
    labels, split, files, skipped = [], [], [], []
    with (folder / "images.npy").open("wb+") as stream:
        shape: tuple[int, ...] = ()
        for picture in contents.pictures:
            if isinstance(picture, Skipped):
                skipped.append(picture)
                continue
            if not labels:
                shape = picture.pixels.shape
                write_header(stream, 0, shape)
            stream.write(picture.pixels.tobytes())
            labels.append(picture.label)
            split.append(picture.split)
            if picture.file:
                files.append(picture.file)
        if not labels:
            raise DataError(nothing_read(contents.title, skipped))
        stream.seek(0)
        write_header(stream, len(labels), shape)
    np.save(folder / "labels.npy", np.array(labels, np.int16))
    np.save(folder / "split.npy", np.array(split, np.uint8))
    about = {
        "n": len(labels),
        "title": contents.title,
        "classes": contents.classes,
        "licence": contents.licence,
        "skipped": [(item.name, item.reason) for item in skipped],
        "files": files,
    }
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def write_header(stream: BinaryIO, n: int, shape: tuple[int, ...]) -> None:
    """The .npy header of uint8 [n, *shape]; NumPy leaves room for n to grow in place."""
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "|u1", "fortran_order": False, "shape": (n, *shape)}
    )


def forget(key: str, home: Path) -> None:
    """Remove all that is cached of a source that is gone."""
    for folder in (home / "cache").glob("*"):
        if is_of(folder, key):
            shutil.rmtree(folder, ignore_errors=True)


def is_of(folder: Path, key: str) -> bool:
    return bool(re.fullmatch(re.escape(key) + r"-[0-9a-f]{16}", folder.name))


def remove_older(folder: Path, key: str) -> None:
    """Remove what is cached of an earlier state of the source, and what a killed process left."""
    for other in folder.parent.iterdir():
        older = is_of(other, key) and other != folder
        left = other.name.startswith(MAKING) and time.time() - stamp(other)[1] / 1e9 > ABANDONED
        if older or left:
            shutil.rmtree(other, ignore_errors=True)
