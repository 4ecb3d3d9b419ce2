"""Folders that are whole or not there, and whose files are what they were when written.

    FOLDER/manifest.json    the SHA-256 of each other file
    .FOLDER.new, .FOLDER.gone, .FOLDER.old    what a killed process left; `tidy` mends it

`place` writes one beside its place, flushes it to disk and renames it. `Sealed` reads one: files
that are not those of the manifest, too large, or no plain files are refused before they are used.
"""

import hashlib
import json
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from models.errors import CheckpointError
from models.tensors import LARGEST_HEADER, UnfitError, bytes_of, tensors_of

LARGEST_TEXT = 2**20  # bytes of manifest.json and of state.json
NAMES = {"state.json", *(f"{part}.safetensors" for part in ("encoder", "rule", "optimiser"))}
PLAINLY = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


def manifest_of(payload: dict[str, bytes]) -> bytes:
    """The SHA-256 of every file, as the text of manifest.json."""
    files = {name: {"sha256": hashlib.sha256(data).hexdigest()} for name, data in payload.items()}
    return json.dumps({"files": files}, indent=1).encode()


def place(folder: Path, payload: dict[str, bytes]) -> Path:
    """Write files into a new folder beside `folder`, flush them, and rename it into place.

    A folder that is there already stays until the new one is whole, and where that fails, for good;
    the same bytes are not written again.
    """
    if holds(folder, payload):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    new, old = beside(folder, "new"), beside(folder, "old")
    restore_old(old)
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir()
        for name, data in payload.items():
            with open(new / name, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        flush(new)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except BaseException:
        with suppress(OSError):  # the next `place`, or `tidy`, tries again
            restore_old(old)
        shutil.rmtree(new, ignore_errors=True)
        raise
    flush(folder.parent)
    shutil.rmtree(old, ignore_errors=True)
    return folder


def holds(folder: Path, payload: dict[str, bytes]) -> bool:
    """Whether a folder has all these files already."""
    try:
        return all((folder / name).read_bytes() == data for name, data in payload.items())
    except OSError:
        return False


def discard(folder: Path) -> None:
    """Remove a folder; it vanishes at once, its bytes a moment later."""
    gone = beside(folder, "gone")
    shutil.rmtree(gone, ignore_errors=True)
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def tidy(parent: Path) -> None:
    """Mend what killed processes left in a folder of sealed folders. No one else works in it."""
    for old in parent.glob(".*.old"):
        restore_old(old)
    for ending in ("new", "gone"):
        for left in parent.glob(f".*.{ending}"):
            shutil.rmtree(left, ignore_errors=True)


def restore_old(old: Path) -> None:
    """Give a folder its name back that was moved away for one that never came, else remove it."""
    folder = old.with_name(old.name[1:].removesuffix(".old"))
    if old.exists() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def beside(folder: Path, ending: str) -> Path:
    return folder.with_name(f".{folder.name}.{ending}")


def flush(folder: Path) -> None:
    """Flush a folder's own entries to disk, where the system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Sealed:
    """The files of a checkpoint folder, each held against its SHA-256 before it is used.

    Raises CheckpointError with one sentence, whatever the folder holds.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        manifest = self.json_of(self.read("manifest.json", LARGEST_TEXT), "manifest.json")
        self.files = self.hashes(manifest.get("files"))
        self.state = self.json_of(self.bytes_of("state.json", LARGEST_TEXT), "state.json")
        if not isinstance(self.state.get("config"), dict):
            raise self.damaged("state.json names no config")

    def hashes(self, files: Any) -> dict[str, str]:
        """The SHA-256 by name of file, from the manifest."""
        if not isinstance(files, dict) or not all(isinstance(row, dict) for row in files.values()):
            raise self.damaged("manifest.json has no list of files")
        if unknown := sorted(set(files) - NAMES):
            raise self.damaged(f"manifest.json names a file {unknown[0][:60]!r} that none has")
        return {name: str(row.get("sha256")) for name, row in files.items()}

    def tensors(self, part: str, wanted: dict[str, Tensor], halves: bool = False):
        """The tensors of a file, which must be those of `wanted` by name, shape and type.

        halves: they may be float16, as copies that are shared have them.
        """
        name, most = f"{part}.safetensors", bytes_of(wanted.values()) + LARGEST_HEADER + 8
        data = self.bytes_of(name, most)
        try:
            return tensors_of(data, wanted, halves)
        except UnfitError as error:
            raise CheckpointError(
                f"checkpoint {self.folder.name} of run {self.run} is of another model: {name} "
                f"{error}; use another checkpoint or train again"
            ) from None

    def size_of(self, part: str) -> int:
        """Bytes of the file of a part; 0 where there is none."""
        try:
            return os.stat(self.folder / f"{part}.safetensors", follow_symlinks=False).st_size
        except OSError:
            return 0

    def bytes_of(self, name: str, most: int) -> bytes:
        if name not in self.files:
            raise self.damaged(f"manifest.json does not name {name}")
        data = self.read(name, most)
        if hashlib.sha256(data).hexdigest() != self.files[name]:
            raise self.damaged(f"{name} does not match its SHA-256")
        return data

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a plain file, at most so many; a pipe is not waited for."""
        try:
            with open(os.open(self.folder / name, os.O_RDONLY | PLAINLY), "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise self.damaged(f"{name} is no plain file")
                if status.st_size > most:
                    raise self.damaged(
                        f"{name} has {status.st_size:,} bytes, and at most {most:,} are expected"
                    )
                return file.read(most + 1)
        except OSError as error:
            raise self.damaged(f"{name} cannot be read ({error.strerror})") from None

    def json_of(self, data: bytes, name: str) -> dict[str, Any]:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise self.damaged(f"{name} is not the JSON that it should be")
        return value

    @property
    def run(self) -> str:
        return self.folder.parent.parent.name

    def damaged(self, what: str) -> CheckpointError:
        return CheckpointError(
            f"checkpoint {self.folder.name} of run {self.run} is damaged: {what}; use another "
            "checkpoint or train again"
        )
