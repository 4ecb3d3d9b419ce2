"""A folder of somebody's images: one subfolder a class, or flat, with or without train/ and test/.

FOLDER/cat/*.jpg              the class is the first folder; 20 % of each class are for testing
FOLDER/*.jpg                  no classes; 20 % are for testing
FOLDER/train/... test/...     as they stand (val/ where there is no test/); unlabelled/ as well
FOLDER/metadata.csv           what else is known of them (`models.data.metadata`)

Which images are the 20 % follows from a hash of their paths inside the folder, so a copy of the
folder is split alike. An image beside class folders has no class: it is for training only.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from models.data.cache import of_files
from models.data.dataset import (
    MAX_CLASSES,
    NO_LABEL,
    TEST,
    TRAIN,
    UNLABELLED,
    Contents,
    Picture,
    Skipped,
)
from models.data.metadata import FILE
from models.errors import DataError

LICENCE = "not known to Saccade; these images are yours to answer for"
TEST_PART = 5  # one image in so many
SPLIT_FOLDERS = {
    "train": TRAIN,
    "test": TEST,
    "val": TEST,
    "unlabelled": UNLABELLED,
    "unlabeled": UNLABELLED,
}
CHUNK = 256  # files that wait decoded at a time


@dataclass(frozen=True)
class Listed:
    """A file that may be an image, and what its place says about it."""

    file: Path
    name: str  # its path inside the folder, with / between parts
    group: str  # the folder of its class, "" for none
    split: int | None  # None = decided by hash


def missing(path: Path) -> str | None:
    """Why there is no folder to read, or None."""
    if path.is_dir():
        return None
    if path.exists():
        return f"{path} is neither a folder of images nor a .npz pack; name one of these"
    return f"there is no folder {path}; check the path"


def fingerprint(path: Path) -> str:
    return of_files(file for file, _ in walk(path, []))


def contents(path: Path) -> Contents:
    """What a folder holds; training, unlabelled and test images, each by path.

    Files that cannot be read become Skipped with their reason.
    """
    skipped: list[Skipped] = []
    images = []
    for file, name in walk(path, skipped):
        if begins_as_image(file):
            images.append((file, name))
        else:
            skipped.append(Skipped(name, "is not a PNG, JPEG or WebP image"))
    listed = placed(images, skipped)
    classes = tuple(sorted({item.group for item in listed} - {""}))
    if len(classes) > MAX_CLASSES:
        raise DataError(
            f"{path} has {len(classes)} subfolders, each a class; at most {MAX_CLASSES} are read"
        )
    return Contents(path.name, classes, LICENCE, pictures(listed, classes, skipped))


def walk(root: Path, skipped: list[Skipped]) -> Iterator[tuple[Path, str]]:
    """Every file that is not hidden, with its name inside the root; links are followed once."""

    def unreadable(error: OSError) -> None:
        skipped.append(Skipped(os.path.relpath(error.filename, root), "may not be read"))

    seen = set()
    for folder, subfolders, files in os.walk(root, onerror=unreadable, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        subfolders[:] = sorted(name for name in subfolders if not is_hidden(name))
        for name in sorted(files):
            file = Path(folder, name)
            if not is_hidden(name) and file != root / FILE:
                yield file, file.relative_to(root).as_posix()


def is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def begins_as_image(file: Path) -> bool:
    """Whether the first bytes are those of a PNG, JPEG or WebP file, whatever its name.

    What is none does not count when classes and splits are read off the folders. A file that
    cannot be opened counts: what reads it later gives the reason.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return False  # a pipe would be waited for
        with file.open("rb") as stream:
            head = stream.read(12)
    except OSError:
        return True
    return head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")) or (
        head[:4] == b"RIFF" and head[8:] == b"WEBP"
    )


def placed(files: list[tuple[Path, str]], skipped: list[Skipped]) -> list[Listed]:
    """Class and split of each file, in the order of the rows."""
    tops = {name.partition("/")[0] for _, name in files if "/" in name}
    has_splits = "train" in tops and bool(tops & {"test", "val"})
    listed = []
    for file, name in files:
        parts, split = name.split("/"), None
        if has_splits:
            if parts[0] not in SPLIT_FOLDERS or (parts[0] == "val" and "test" in tops):
                skipped.append(Skipped(name, "lies beside the train/ and test/ that are read"))
                continue
            split = SPLIT_FOLDERS[parts.pop(0)]
        group = parts[0] if len(parts) > 1 and split != UNLABELLED else ""
        listed.append(Listed(file, name, group, split))
    if any(item.group for item in listed):
        listed = [replace(item, split=UNLABELLED) if alone(item) else item for item in listed]
    return sorted(
        hashed(listed),
        key=lambda item: ((TRAIN, UNLABELLED, TEST).index(item.split), item.name),
    )


def alone(item: Listed) -> bool:
    """Whether an image beside class folders has no class. In test/ it stays a test image."""
    return not item.group and item.split != TEST


def hashed(listed: list[Listed]) -> list[Listed]:
    """Give every image without a split one: of each class the 20 % with the lowest hash are for
    testing, at least one where there are two."""
    groups = defaultdict(list)
    for item in listed:
        groups[item.group if item.split is None else None].append(item)
    decided = groups.pop(None, [])
    for group in groups.values():
        group.sort(key=lambda item: sha256(os.fsencode(item.name)).digest())
        tests = len(group) // TEST_PART or len(group) // 2 and 1
        decided += [replace(item, split=TEST) for item in group[:tests]]
        decided += [replace(item, split=TRAIN) for item in group[tests:]]
    return decided


def pictures(
    listed: list[Listed], classes: tuple[str, ...], skipped: list[Skipped]
) -> Iterator[Picture | Skipped]:
    """Read the files, some at a time side by side: decoders leave Python to the others."""
    from models.data.picture import SIDE, UnreadableError, fit, read_picture

    numbers = {name: number for number, name in enumerate(classes)}

    def read(item: Listed) -> Picture | Skipped:
        try:
            pixels = fit(read_picture(item.file, at_least=2 * SIDE))
        except UnreadableError as reason:
            return Skipped(item.name, str(reason))
        return Picture(pixels, numbers.get(item.group, NO_LABEL), item.split, str(item.file))

    yield from skipped
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        for start in range(0, len(listed), CHUNK):
            yield from threads.map(read, listed[start : start + CHUNK])
