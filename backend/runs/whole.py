"""Files that get their name when they are complete, so that nobody ever reads half of one."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from backend.runs import plain


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write; named when the block ends well and the bytes are on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with plain.renewed(unfinished(path)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished(path), path)
    finally:
        unfinished(path).unlink(missing_ok=True)


@contextmanager
def new_arrays(shapes: dict[Path, tuple[int, ...]]) -> Iterator[dict[Path, np.memmap]]:
    """Writable float32 memory maps of .npy files, all named when the block ends well."""
    try:
        arrays = {path: reserved(unfinished(path), shape) for path, shape in shapes.items()}
        yield arrays
        for array in arrays.values():
            array.flush()
        for path in shapes:
            os.replace(unfinished(path), path)
    finally:
        for path in shapes:
            unfinished(path).unlink(missing_ok=True)


def reserved(path: Path, shape: tuple[int, ...]) -> np.memmap:
    """A new float32 memory map that has its disk space, where the system can promise it.

    On a full disk this raises OSError; without it, writing to the map would end the process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with plain.renewed(path) as file:
        about = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, about)
        start, size = file.tell(), 4 * math.prod(shape)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, start + size)
        return np.memmap(file, "<f4", "r+", start, shape)


def unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")
