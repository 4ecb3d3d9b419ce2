"""Where the arrays of an analysed run lie on disk, and how they are written and read whole.

    RUN/analysis/input/        layer 0, raw pixels: the same for every epoch
    RUN/analysis/epoch-0003/   layers 1..6 of one checkpoint

A folder holds analysis.json (what was done, how, in how many seconds), ids.npy and labels.npy (of
the test images, in the order of every array), the members of ARRAYS for each layer, and, where
they are kept, the image features of both splits. A file gets its name when it is complete.
"""

import contextlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.runs import plain
from backend.runs.arrays import ANALYSES, ARRAYS, BESIDE, LATER, OPTIONAL, SHORTENED, shortened
from backend.runs.whole import new_arrays, new_file
from models.errors import RunError
from models.reading import reading

# What analysis.json tells whenever it is there.
TOLD = ("dataset", "split", "n_test", "n_train", "classes", "definitions", "parameters")

DAMAGE = (
    *(OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, RecursionError),
    *(zipfile.BadZipFile, zlib.error),
)


class Results:
    """The analyses of one run. `epoch` None means the input (layer 0).

    Reading raises RunError with one sentence if a file is missing or damaged; writing, if the
    disk refuses.
    """

    def __init__(self, run: Path) -> None:
        self.run, self.root = Path(run), Path(run) / "analysis"

    def epochs(self) -> list[int]:
        """Epochs whose analyses are complete and about the same images as the input's."""
        return self.standing()[0]

    def standing(self) -> tuple[list[int], list[int]]:
        """Epochs about the same images as the input's: those that are complete, and those whose
        units are there while other analyses of them, or of the input, are missing."""
        shown = self.told(None)
        complete, begun = [], []
        numbers = [folder.name[6:] for folder in self.root.glob("epoch-[0-9]*")]
        for epoch in sorted(int(number) for number in numbers if number.isdecimal()):
            told = self.told(epoch)
            if not (shown and told and shown.images == told.images):
                continue
            if shown.complete and told.complete:
                complete.append(epoch)
            elif shown.streamed and told.streamed:
                begun.append(epoch)
        return complete, begun

    def complete(self, epoch: int | None) -> bool:
        """Whether every analysis that an epoch, or the input, is shown with is done."""
        told = self.told(epoch)
        return told is not None and told.complete

    def told(self, epoch: int | None) -> "Told | None":
        """How far an epoch, or the input, is; None where nothing says so."""
        try:
            return Told.of(self.summary(epoch))
        except RunError:
            return None

    def summary(self, epoch: int | None) -> dict:
        """analysis.json: data set, counts, classes, definitions, parameters, seconds, done."""
        path = self.folder(epoch) / "analysis.json"
        try:
            summary = json.loads(plain.read(path))
            for name in TOLD:
                summary[name]  # every summary has them
            return summary | {
                "done": [str(word) for word in summary["done"]],
                "seconds": dict(summary.get("seconds") or {}),
            }
        except DAMAGE as error:
            raise self.damaged(path, error) from None

    def ids(self, epoch: int | None) -> np.ndarray:
        """Ids of the test images, int32 [n], in the order of every array of this epoch."""
        return self.array(self.folder(epoch) / "ids.npy")

    def labels(self, epoch: int | None) -> np.ndarray:
        """Labels of the test images, int16 [n]; -1 = none."""
        return self.array(self.folder(epoch) / "labels.npy")

    def read(self, what: str, epoch: int | None, layer: int) -> dict[str, np.ndarray]:
        """All arrays of one row of ARRAYS; `epoch` is not looked at for layer 0."""
        path = self.path(what, epoch, layer)
        try:
            # NumPy leaves a file open that it was given by name and found damaged.
            with (
                plain.opened(path, plain.ARRAYS) as raw,
                reading,
                np.load(raw, allow_pickle=False) as file,
            ):
                if (size := sum(part.file_size for part in file.zip.infolist())) > plain.ARRAYS:
                    raise ValueError(f"it unpacks to {size:,} bytes")
                arrays = {name: file[name] for name in file.files}
            for name, kind in ARRAYS[what].items():
                if name not in arrays and name not in OPTIONAL:
                    raise KeyError(name)
                if name in arrays and arrays[name].dtype != np.dtype(kind):
                    raise ValueError(f"{name} is {arrays[name].dtype}")
        except DAMAGE as error:
            raise self.damaged(path, error) from None
        return arrays

    def has(self, what: str, epoch: int | None, layer: int) -> bool:
        """Whether `read` would succeed."""
        try:
            return bool(self.read(what, epoch, layer))
        except RunError:
            return False

    def lacks(self, what: str, epoch: int | None, layer: int) -> bool:
        """Whether arrays of LATER are missing, where the features that they need are kept."""
        kept = any(self.root.glob("epoch-*/features-test-1.npy"))
        names = LATER.get(what, ()) if kept else ()
        return bool(names) and not set(names) <= set(self.read(what, epoch, layer))

    def response(self, epoch: int | None, layer: int, unit: int) -> np.ndarray:
        """Mean response of one unit to every test image, float32 [n], in 256 levels."""
        stored = self.read("responses", epoch, layer)
        return stored["offset"][unit] + stored["scale"][unit] * stored["level"][unit]

    def features(self, epoch: int | None, layer: int, split: str) -> np.ndarray | None:
        """Image features of a split as a memory map [n, channel]; None where none are kept."""
        path = self.stored(f"features-{split}", epoch, layer)
        return self.array(path, mapped=True) if path.exists() else None

    def write(self, what: str, epoch: int | None, layer: int, arrays: dict) -> None:
        """Store one row of ARRAYS; None leaves an optional array out."""
        arrays = {
            name: np.asarray(arrays[name], kind)
            for name, kind in ARRAYS[what].items()
            if name not in OPTIONAL or arrays.get(name) is not None
        }
        for name in SHORTENED & set(arrays):
            arrays[name] = shortened(arrays[name])
        path = self.path(what, epoch, layer)
        with self.disk(path), new_file(path) as file:
            np.savez_compressed(file, **arrays)

    def write_order(self, epoch: int | None, ids: np.ndarray, labels: np.ndarray) -> None:
        """Store which test images the arrays are about."""
        for name, values in (("ids", ids.astype("i4")), ("labels", labels.astype("i2"))):
            path = self.folder(epoch) / f"{name}.npy"
            with self.disk(path), new_file(path) as file:
                np.save(file, values)

    def write_summary(self, epoch: int | None, summary: dict) -> None:
        path = self.folder(epoch) / "analysis.json"
        with self.disk(path), new_file(path) as file:
            file.write(json.dumps(summary, indent=1, allow_nan=False).encode())

    def clear(self, epoch: int | None) -> None:
        """Remove everything of an epoch, or of the input."""
        shutil.rmtree(self.folder(epoch), ignore_errors=True)

    def shareable(self) -> Iterator[Path]:
        """The files the page needs: everything but features, which only further work reads."""
        for epoch in (None, *self.epochs()):
            folder = self.folder(epoch)
            yield from (folder / name for name in ("analysis.json", "ids.npy", "labels.npy"))
            yield from sorted(folder.glob("*.npz"))

    @contextlib.contextmanager
    def new_arrays(
        self, epoch: int | None, shapes: dict[tuple[str, int], tuple[int, ...]]
    ) -> Iterator[dict[tuple[str, int], np.memmap]]:
        """Writable float32 memory maps by (name, layer), kept if the block ends well."""
        paths = {self.stored(name, epoch, layer): (name, layer) for name, layer in shapes}
        with (
            self.disk(self.folder(epoch)),
            new_arrays({path: shapes[key] for path, key in paths.items()}) as arrays,
        ):
            yield {key: arrays[path] for path, key in paths.items()}

    def stored(self, name: str, epoch: int | None, layer: int) -> Path:
        """The file of a plain array: features-test, features-train, patches-test."""
        return self.folder(None if layer == 0 else epoch) / f"{name}-{layer}.npy"

    def path(self, what: str, epoch: int | None, layer: int) -> Path:
        return self.folder(None if layer == 0 else epoch) / f"{what}-{layer}.npz"

    def folder(self, epoch: int | None) -> Path:
        return self.root / ("input" if epoch is None else f"epoch-{epoch:04d}")

    def array(self, path: Path, mapped: bool = False) -> np.ndarray:
        try:
            with plain.opened(path, 2**63 if mapped else plain.ARRAYS) as file, reading:
                where, mode = (path, "r") if mapped else (file, None)
                return np.load(where, mmap_mode=mode, allow_pickle=False)
        except DAMAGE as error:
            raise self.damaged(path, error) from None

    @contextlib.contextmanager
    def disk(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RunError(
                f"{path.name} of run {self.run.name} could not be written "
                f"({error.strerror or error}); make room and analyse again, what is done is kept"
            ) from None

    def damaged(self, path: Path, error: Exception) -> RunError:
        name = path.relative_to(self.run).as_posix()
        if isinstance(error, FileNotFoundError):
            run = self.run.name
            return RunError(f"run {run} has no {name}; analyse it first: saccade analyse {run}")
        return RunError(
            f"{name} of run {self.run.name} is damaged ({error}); delete it and analyse again"
        )


@dataclass(frozen=True)
class Told:
    """What a summary says of how far the analyses are."""

    images: tuple  # which ones they are about
    streamed: bool  # the pass over them is done: the units of every layer are there
    complete: bool  # every analysis that an epoch, or the input, is shown with is done

    @classmethod
    def of(cls, summary: dict) -> "Told":
        return cls(
            tuple(summary.get(name) for name in ("dataset", "split", "n_test", "fingerprint")),
            "selectivity" in summary["seconds"],
            set(ANALYSES) - BESIDE <= set(summary["done"]),
        )
