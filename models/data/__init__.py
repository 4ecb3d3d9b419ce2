"""Which data sets exist, what a name of one means, and the images themselves.

    load("photos", home)                 the built-in photographs
    load("stl10:/data", home)            official files that lie in a folder
    load("/data/birds.npz", home)        a pack          load("/data/birds", home)   a folder

Importing this imports neither torch nor torchvision nor Pillow; a row's code is imported when it
is asked for.
"""

from pathlib import Path

from models.data.dataset import NO_LABEL, SPLITS, Dataset, Skipped
from models.data.sources import DATASETS, Source
from models.data.spec import Spec, parse
from models.errors import DataError

__all__ = [
    "DATASETS",
    "NO_LABEL",
    "SPLITS",
    "Dataset",
    "Skipped",
    "Source",
    "Spec",
    "available",
    "download",
    "forget",
    "key_of",
    "load",
    "parse",
]


def load(spec: str, home: Path) -> Dataset:
    """The data set that a text names, decoded at first use and from HOME/cache after that.

    Raises DataError: unknown name, files missing or damaged, no image, disk full.
    """
    from models.data.cache import cached

    named = parse(spec)
    place = place_of(named, home)
    source = DATASETS[named.word].load()
    if reason := source.missing(place):
        raise DataError(reason)
    return cached(
        named.key, str(named), home, source.fingerprint(place), lambda: source.contents(place)
    )


def forget(key: str, home: Path) -> None:
    """Remove the decoded images of a data set that is gone from HOME/cache."""
    from models.data import cache

    cache.forget(key, home)


def key_of(spec: str) -> str:
    """The key of the data set that a text names; opens no file of it."""
    return parse(spec).key


def available(spec: str, home: Path) -> str | None:
    """Why a data set cannot be loaded as it is, or None where it can."""
    try:
        named = parse(spec)
    except DataError as error:
        return str(error)
    return DATASETS[named.word].load().missing(place_of(named, home))


def download(word: str, home: Path) -> None:
    """Fetch a data set's official files into HOME/data, with a progress bar on stderr.

    Does nothing where they are there already. Raises DataError.
    """
    named = parse(word)
    source = DATASETS[named.word]
    if not source.megabytes or named.path:
        words = ", ".join(word for word, source in DATASETS.items() if source.megabytes)
        raise DataError(f"there is nothing to fetch for {word!r}; choose one of: {words}")
    place = place_of(named, home)
    if source.load().missing(place):
        source.load().download(place, source.megabytes)
        if reason := source.load().missing(place):
            raise DataError(f"the archive of {word} does not hold what it should: {reason}")


def place_of(named: Spec, home: Path) -> Path:
    """Where the files of a data set lie, or would."""
    folder = DATASETS[named.word].folder or named.word
    return named.path or home.absolute() / "data" / folder
