"""The data sets that the page may show: the built-in ones, those of `serve --data` and of runs.

A data set is asked for by its key and looked up; no text from a request becomes a path.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from backend.errors import ConfigError, DataError, NotFoundError
from backend.runs.catalogue import readable
from models.config import nearest
from models.data import DATASETS, Dataset, Spec, available, forget, load, parse

OPEN = 4  # data sets kept open; the images are memory maps
LOOK = 5.0  # seconds until it is asked again whether the files of an open one have changed


@dataclass(frozen=True)
class Listed:
    """One data set as the page lists it."""

    key: str
    title: str
    sentence: str
    licence: str
    ready: bool
    reason: str | None  # why it is not ready


class Shelf:
    """Opens data sets by key, each once while its files stay as they are, in whichever thread asks
    first."""

    def __init__(
        self,
        home: Path,
        specs: Callable[[], Iterable[str]],
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.home, self.specs, self.ticks = home, specs, ticks
        self.opened: dict[str, Dataset] = {}
        self.looked: dict[str, float] = {}  # when each was last found to be as it is
        self.locks: dict[str, threading.Lock] = {}
        self.lock = threading.Lock()

    def known(self) -> dict[str, str]:
        """What each key stands for, as a person would name it."""
        words = [word for word, source in DATASETS.items() if source.path != "always"]
        found = {}
        for spec in (*words, *self.specs()):
            try:
                named = parse(spec)
            except DataError:
                continue  # of a run whose kind of data set is gone
            found[named.key] = str(named)
        return found

    def spec(self, name: str) -> str:
        """The data set of a key, or of exactly the text it stands for. Raises ConfigError."""
        known = self.known()
        if name in known:
            return known[name]
        if name in known.values():
            return name
        raise ConfigError(
            f"unknown data set {name[:100]!r}; {nearest(name, known)}; another one is shown after: "
            "saccade serve --data PATH"
        )

    def listing(self) -> list[Listed]:
        """Every known data set, ready or not."""
        return [self.listed(key, spec) for key, spec in self.known().items()]

    def listed(self, key: str, spec: str) -> Listed:
        named, opened = parse(spec), self.opened.get(key)
        source, reason = DATASETS[named.word], available(spec, self.home)
        title = opened.title if opened else title_of(named)
        licence = opened.licence if opened else source.licence
        ready, reason = reason is None, readable(reason)
        return Listed(key, readable(title), source.sentence, licence, ready, reason)

    def open(self, key: str) -> Dataset:
        """The data set, decoded at its first use, and again once its files have changed.

        Where these cannot be read any more, the images are those that were. Raises NotFoundError or
        DataError.
        """
        if dataset := self.fresh(key):
            return dataset
        known = self.known()
        if key not in known:
            raise NotFoundError(f"there is no data set {key[:100]!r}; {nearest(key, known)}")
        with self.lock:
            lock = self.locks.setdefault(key, threading.Lock())
        with lock:
            if dataset := self.fresh(key):  # another thread has just looked
                return dataset
            try:
                dataset = load(known[key], self.home)
            except DataError:
                if (dataset := self.opened.get(key)) is None:
                    raise
            with self.lock:
                self.opened[key], self.looked[key] = dataset, self.ticks()
                for old in list(self.opened)[:-OPEN]:
                    del self.opened[old]
        return dataset

    def forget(self, key: str) -> None:
        """Let go of a data set whose images were deleted, and of what was decoded of them."""
        with self.lock:
            self.opened.pop(key, None)
        forget(key, self.home)

    def fresh(self, key: str) -> Dataset | None:
        """An open data set at whose files somebody looked a moment ago."""
        dataset = self.opened.get(key)
        return dataset if dataset and self.ticks() - self.looked[key] < LOOK else None


def title_of(named: Spec) -> str:
    """What a data set is called before it is opened."""
    if not named.path:
        return named.word
    if DATASETS[named.word].path == "always":
        return named.path.stem
    return f"{named.word} in {named.path.name}"
