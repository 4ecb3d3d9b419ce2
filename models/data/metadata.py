"""What else is known of each image: columns of numbers or of words, beside classes and splits.

folder   metadata.csv in the folder: a row of headings, then one row an image, whose first column is
         the file's path inside the folder
pack     arrays `meta_NAME` with one entry an image
photos   where each crop was cut from its photograph, and from how large a square
"""

import csv
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.data.dataset import Dataset
from models.data.spec import parse
from models.errors import DataError
from models.reading import reading

FILE = "metadata.csv"
MOST_BYTES, MOST_COLUMNS, MOST_LETTERS = 2**25, 32, 80
MOST_WORDS = 10  # of a column; what is rarer counts as OTHER
OTHER = "other"


@dataclass(frozen=True)
class Column:
    """One thing that is known: a number of each image, or one of a few words."""

    name: str
    words: tuple[str, ...]  # empty for a column of numbers
    values: np.ndarray  # float32 [n], NaN: none; or int16 [n], a place in words, -1: none


@dataclass(frozen=True)
class Metadata:
    columns: tuple[Column, ...]
    remarks: tuple[str, ...]  # sentences about what could not be used


def metadata_of(dataset: Dataset) -> Metadata:
    """What is known of the images of a data set, in the order of their ids.

    Raises DataError with one sentence where it is there and cannot be read.
    """
    named = parse(dataset.spec)
    if named.word == "photos":
        return Metadata(tuple(of_photos(len(dataset))), ())
    if named.word == "folder" and named.path and dataset.files:
        return of_folder(named.path, dataset.files)
    if named.word == "pack" and named.path:
        return of_pack(named.path, len(dataset))
    return Metadata((), ())


def of_photos(n: int) -> Iterator[Column]:
    from models.data.photos import places

    cut = np.array(list(places()), np.float32)
    if len(cut) == n:
        words = tuple(f"{side:g} x {side:g} pixels" for side in np.unique(cut[:, 0]))
        yield Column("square cut", words, np.unique(cut[:, 0], return_inverse=True)[1].astype("i2"))
        yield Column("height in the photograph", (), cut[:, 1])


def of_folder(folder: Path, files: tuple[str, ...]) -> Metadata:
    cells, remarks = cells_of(folder, files)
    return Metadata(tuple(column(name, found) for name, found in cells), remarks)


def cells_of(
    folder: Path, files: Sequence[str]
) -> tuple[list[tuple[str, list[str]]], tuple[str, ...]]:
    """The columns of a folder's table as they are written there, a cell a file, and remarks."""
    path = folder / FILE
    if not path.is_file():
        return [], ()
    names = [Path(file).relative_to(folder).as_posix() for file in files]
    header, known, strange = rows_of(path, set(names))
    remarks = []
    if strange:
        remarks.append(
            f"{strange} of the {len(known) + strange} rows of {FILE} name no image; the first "
            "column must be the path of a file inside it"
        )
    if len(header) - 1 > MOST_COLUMNS:
        remarks.append(f"{FILE} has {len(header) - 1} columns; the first {MOST_COLUMNS} are read")
    rows = [known.get(file, []) for file in names]
    columns = [
        (name, [row[place] if place < len(row) else "" for row in rows])
        for place, name in enumerate(header[1 : MOST_COLUMNS + 1])
    ]
    return columns, tuple(remarks)


def packed(columns: list[tuple[str, list[str]]]) -> dict[str, np.ndarray]:
    """The same as the arrays of a pack; of two columns with one name the first."""
    arrays: dict[str, np.ndarray] = {}
    for name, cells in columns:
        try:
            values = np.array([number(cell) for cell in cells], np.float64)
        except ValueError:
            values = np.array([shown(cell) for cell in cells], np.str_)
        arrays.setdefault(f"meta_{shown(name).replace('/', '_') or 'without a name'}", values)
    return arrays


def rows_of(path: Path, names: set[str]) -> tuple[list[str], dict[str, list[str]], int]:
    """Headings of a CSV file, the cells of each name, and how many rows are of none of them."""
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise DataError(f"{FILE} has {size:,} bytes, and at most {MOST_BYTES:,} are read")
        known, strange = {}, 0
        with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = csv.reader(file, strict=True)
            header = next(rows, [])
            for row in filter(None, rows):
                name = row[0].replace("\\", "/").removeprefix("./")
                strange += name not in names
                if name in names:
                    known[name] = row[1 : MOST_COLUMNS + 1]
    except OSError as error:
        raise DataError(f"{FILE} cannot be read: {error.strerror or error}") from None
    except csv.Error as error:
        raise DataError(f"{FILE} is no table of comma-separated values: {error}") from None
    if len(header) < 2:
        raise DataError(
            f"{FILE} must begin with headings: one for the path of the file, and one or more for "
            "what is known of it, such as: file,camera,year"
        )
    return header, known, strange


def of_pack(path: Path, n: int) -> Metadata:
    columns, remarks = [], []
    try:
        with reading, np.load(path, allow_pickle=False) as archive:
            names = [name for name in archive.files if name.startswith("meta_")]
            for name in names[:MOST_COLUMNS]:
                if archive.zip.getinfo(f"{name}.npy").file_size > MOST_BYTES:
                    remarks.append(f"{name} has more than {MOST_BYTES:,} bytes; it is left out")
                    continue
                values = archive[name]
                if values.shape != (n,) or values.dtype.kind not in "biufU":
                    remarks.append(
                        f"{name} holds {values.dtype} {list(values.shape)} instead of one number "
                        f"or word for each of the {n} images; it is left out"
                    )
                    continue
                plain = values if values.dtype.kind == "U" else values.astype(np.float64)
                columns.append(column(name[5:], plain.tolist()))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"the columns of {path.name} cannot be read: {error}") from None
    return Metadata(tuple(columns), tuple(remarks))


def column(name: str, cells: list[str] | list[float]) -> Column:
    """Numbers where every cell that is not empty is one, else words, the commonest first."""
    name = shown(name) or "without a name"
    try:
        numbers = np.array([number(cell) for cell in cells], np.float64)
    except ValueError:
        return words(name, [shown(str(cell)) for cell in cells])
    finite = np.isfinite(numbers) & (np.abs(numbers) < np.finfo(np.float32).max)
    return Column(name, (), np.where(finite, numbers, np.nan).astype(np.float32))


def number(cell: str | float) -> float:
    """A cell as a number, NaN where it is empty. Raises ValueError, also for what a session is
    called, as 2021_03, which Python reads as a number."""
    if isinstance(cell, str) and "_" in cell:
        raise ValueError(cell)
    return float(cell) if cell != "" else np.nan


def words(name: str, cells: list[str]) -> Column:
    counted = Counter(cell for cell in cells if cell)
    common = sorted(counted, key=lambda word: (-counted[word], word))
    listed = common if len(common) <= MOST_WORDS else [*common[: MOST_WORDS - 1], OTHER]
    place = {word: min(number, len(listed) - 1) for number, word in enumerate(common)}
    return Column(name, tuple(listed), np.array([place.get(cell, -1) for cell in cells], np.int16))


def shown(text: str) -> str:
    """A text on one line, of letters that can be shown, not too long."""
    line = " ".join(text.split())
    return "".join(letter for letter in line if letter.isprintable())[:MOST_LETTERS].strip()
