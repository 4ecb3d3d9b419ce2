"""Image features that a run does not keep: made again once, and there for who needs them next.

HOME/cache/features/RUN/EPOCH-KEY.npz has those of all layers of one checkpoint. KEY stands for all
that they follow from, so none is taken for what it is not. A file is there whole or not at all, and
made by one process at a time, who holds the lock beside it.
"""

import os
import shutil
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import numpy as np

from backend.runs import plain
from backend.runs.lock import Lock
from backend.runs.results import DAMAGE
from backend.runs.whole import new_file
from models.reading import reading

FORM = "1"  # raised when an encoder comes to answer otherwise, or these files get another form
MOST = 2**29  # bytes of all of them; what was used longest ago goes first
PATIENCE = 600.0  # seconds that one process waits for another

Features = dict[int, np.ndarray]  # by layer: float32 [n, feature]


class Remade:
    """The features that were made again in one home folder."""

    def __init__(self, home: Path, most: int = MOST) -> None:
        self.path, self.most = home / "cache" / "features", most

    def once(
        self, run: str, epoch: int, parts: Iterable[Hashable], make: Callable[[], Features]
    ) -> Features:
        """Features of a checkpoint; made where none are there that follow from the same parts.

        A cache that cannot be read or written costs time, not the features.
        """
        key = sha256("\n".join([FORM, *map(repr, parts)]).encode()).hexdigest()[:16]
        place = self.path / run / f"{epoch}-{key}.npz"
        if found := read(place):
            return found
        with alone(place.parent / "lock") as mine:
            found = read(place)  # another process may have been at it
            if found is None:
                found = make()
                if mine:
                    self.keep(place, found)
        return found

    def keep(self, place: Path, features: Features) -> None:
        size = sum(layer.nbytes for layer in features.values())
        if size > self.most:
            return
        with suppress(OSError):
            for older in place.parent.glob(f"{place.name.partition('-')[0]}-*.npz"):
                older.unlink()
            self.make_room(size)
            with new_file(place) as file:
                np.savez(file, **{str(n): layer for n, layer in features.items()})

    def make_room(self, size: int) -> None:
        """Remove files until so many bytes more are not too much."""
        files = [(path.stat(), path) for path in self.path.glob("*/*.npz")]
        files.sort(key=lambda file: file[0].st_mtime)
        total = sum(status.st_size for status, _ in files)
        for status, path in files:
            if total + size <= self.most:
                return
            path.unlink(missing_ok=True)
            total -= status.st_size

    def forget(self, run: str) -> None:
        """Remove all that was made again of a run."""
        shutil.rmtree(self.path / run, ignore_errors=True)


def read(place: Path) -> Features | None:
    """What a file holds; None where it is missing or damaged."""
    try:
        with plain.opened(place, plain.ARRAYS) as raw, reading, np.load(raw) as file:
            found = {int(name): file[name] for name in file.files}
        os.utime(place)
    except DAMAGE:
        return None
    return found


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Wait for the lock; whether this process has it, and may write, or could not get it."""
    lock, mine = Lock(path), False
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        mine = lock.take(PATIENCE)
    try:
        yield mine
    finally:
        lock.release()
