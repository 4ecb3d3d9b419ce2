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
import threading
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.runs import plain
from backend.runs.whole import new_arrays, new_file
from models.errors import RunError

# The steps of an analysis, in the order in which they are run: what a page shows at once is first.
ANALYSES = (
    "activity",
    "maximizers",
    "selectivity",
    "probes",
    "embedding",
    "neighbours",
    "learning",
    "predictions",
    "tuning",
)
OF_ENCODERS = {"learning", "predictions", "tuning"}  # what there is none of for the input
BESIDE = OF_ENCODERS  # what an epoch is shown without: runs analysed earlier lack it

reading = threading.Lock()

GROUPS = ("top", "middle", "random", "least")
PATCHES = {
    "image": "i4",  # [unit, patch] image ids, the most exciting first
    "row": "u1",  # [unit, patch] place of the patch on the grid
    "column": "u1",
    "value": "f4",  # [unit, patch] response of the unit to that patch
}
ARRAYS: dict[str, dict[str, str]] = {
    "responses": {
        "level": "u1",  # [unit, image] image response = offset + scale * level
        "scale": "f4",  # [unit]
        "offset": "f4",  # [unit]
    },
    "maximizers": {f"{group}_{name}": kind for group in GROUPS for name, kind in PATCHES.items()},
    "selectivity": {
        "class_mean": "f4",  # [unit, class], absent without labels
        "dprime": "f4",  # [unit, class], absent without labels
        "best_class": "i2",  # [unit], absent without labels
        "null_low": "f4",  # [unit, class] the band of d' under shuffled labels
        "null_high": "f4",
        "null_best": "f4",  # [unit] end of the greatest d' of a unit
        "sparseness": "f4",  # [unit]
        "active": "f4",  # [unit]
        "mean": "f4",  # [unit]
        "maximum": "f4",  # [unit]
        "histogram": "i8",  # [unit, 32] patches
        "edges": "f4",  # [unit, 33]
    },
    "neighbours": {
        "image": "i4",  # [image, 12]
        "distance": "f4",
        "patch_image": "i4",  # [image, 8]
        "patch_row": "u1",
        "patch_column": "u1",
        "patch_distance": "f4",
    },
    "probe": {
        "accuracy": "f4",  # a share of the test images, with its 95 % interval
        "low": "f4",
        "high": "f4",
        "confusion": "i4",  # [class, class], row = truth
        "penalty": "f4",
        "n_train": "i4",
        "n_test": "i4",
        "predicted": "i2",  # [image] the class named; -1 without a label
        "confidence": "f4",  # [image] its probability less the next one's; 0 without a label
        "votes": "f4",  # [3] share that the vote of neighbours gets right, and its interval
        "weights": "f2",  # [class, unit] of standardised features, absent for the input
    },
    "embedding": {
        "x": "f4",  # [image]
        "y": "f4",
        "kept_neighbours": "f4",
        "kept": "u1",  # [image] how many of its 10 nearest the map keeps; 255: not asked
    },
    "learning": {  # of layers that carry a loss; k: one row a prediction step
        "loss": "f4",  # [k]
        "true": "i4",  # [k, bin] true futures by score
        "wrong": "i4",  # [k, bin] wrong ones
        "edges": "f4",  # [bin + 1]
        "true_mean": "f4",  # [k] mean score
        "wrong_mean": "f4",
        "true_gate": "f4",  # [k] share of open gates, absent for rules without a margin
        "wrong_gate": "f4",
        "cosine": "f4",  # [1 + k] all steps together, then each; NaN: an update of zero
        "gap": "f8",  # [float64 float32 rounding, weight bias W_pred W_retro], absent for rules
        # that are no product of four factors; NaN where there is no W_retro
    },
    "predictions": {  # of layers that carry a loss; pairs come in twos: the same place of two
        # images, the true future of the one being the wrong one of the other
        "true": "f4",  # [k, unit] r of prediction and true future; NaN: none
        "wrong": "f4",
        "image": "i4",  # [k, pair] image ids
        "row": "u1",  # [k, pair] place of the context; the future is k + 1 rows below
        "column": "u1",
        "prediction": "u1",  # [k, unit, pair] value = offset + scale * level
        "prediction_scale": "f4",  # [k, unit]
        "prediction_offset": "f4",
        "response": "u1",  # the same of the true future
        "response_scale": "f4",
        "response_offset": "f4",
    },
    "tuning": {  # NaN: a unit that answers to no grating, or prefers none
        "level": "u1",  # [unit, orientation, frequency] mean over phases = peak * level / 255
        "peak": "f4",  # [unit]
        "orientation": "f4",  # [unit] degrees
        "frequency": "f4",  # [unit] cycles a patch
        "osi": "f4",  # [unit]
        "bandwidth": "f4",  # [unit] degrees
        "modulation": "f4",  # [unit] F1/F0
        "orientations": "f4",  # [orientation] those shown, degrees
        "frequencies": "f4",  # [frequency] cycles a patch
    },
}
# Arrays that an earlier Saccade did not keep: they are added where the features still are.
LATER = {
    "selectivity": ("null_low", "null_high", "null_best"),
    "probe": ("predicted", "confidence", "votes"),
    "embedding": ("kept",),
}
OPTIONAL = {
    *("class_mean", "dprime", "best_class", "true_gate", "wrong_gate", "gap", "weights"),
    *(name for names in LATER.values() for name in names),
}

# Distances and patch values are shown to three digits. With ten bits after the leading one a
# file holds them in half the space, which lets a demo run travel with the code.
SHORTENED = {"distance", "patch_distance"} | {f"{group}_value" for group in GROUPS}

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
            # Two threads that parse the heads of arrays at once may fail both on CPython 3.11
            # ("AST constructor recursion depth mismatch"), so one reads at a time.
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


def quantised(responses: np.ndarray) -> dict[str, np.ndarray]:
    """Image responses [n, unit] as 256 levels between the least and greatest of each unit."""
    low, high = responses.min(0), responses.max(0)
    scale = ((high - low) / 255).astype(np.float32)
    level = np.rint((responses - low) / np.where(scale > 0, scale, 1))
    return {"level": level.T.astype(np.uint8), "scale": scale, "offset": low}


def shortened(values: np.ndarray) -> np.ndarray:
    """float32 rounded to ten bits after the leading one (1 part in 2,048)."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32)
