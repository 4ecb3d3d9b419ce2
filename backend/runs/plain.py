"""Files that someone else may have put into a run: read only where they are plain and no larger
than they can be, and never written through.

A link may lead to a device that never ends, and a pipe is waited for: one of these in a folder that
several people share would stop the server.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

TEXT = 2**24  # bytes of one JSON file: run.json, result.json, analysis.json
EVENTS = 2**32  # bytes of events.jsonl: a month of training tells a tenth of it
ARRAYS = 2**32  # bytes of one file of arrays, packed and unpacked
FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


class StrangeFileError(OSError):
    """A file that is not read: no plain file, or too large; the end of a sentence about it."""


def opened(path: Path, most: int = EVENTS) -> BinaryIO:
    """The file, to be read. Raises OSError, StrangeFileError where it is not what it should be."""
    if path.is_symlink():
        raise StrangeFileError("it is a link, not a file")
    return checked(os.open(path, os.O_RDONLY | FLAGS), "rb", most)


def appended(path: Path) -> BinaryIO:
    """The file, made where there is none, to be written at its end. Raises as `opened` does."""
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | FLAGS, 0o644)
    return checked(number, "ab", EVENTS)


def renewed(path: Path) -> BinaryIO:
    """A new file, to be written and read, in the place of whatever lay there. Raises OSError."""
    path.unlink(missing_ok=True)
    return open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | FLAGS, 0o666), "w+b")


def checked(number: int, mode: str, most: int) -> BinaryIO:
    """What was opened, as a file; closed again where it is not what it should be."""
    try:
        check(number, most)
    except StrangeFileError:
        os.close(number)
        raise
    return open(number, mode)


def check(number: int, most: int) -> None:
    """Raises StrangeFileError unless a file that is open is plain and has at most so many bytes."""
    status = os.fstat(number)
    if not stat.S_ISREG(status.st_mode):
        raise StrangeFileError("it is a pipe, a device or a folder, not a file")
    if status.st_size > most:
        raise StrangeFileError(f"it has {status.st_size:,} bytes, and at most {most:,} are read")


def read(path: Path, most: int = TEXT) -> bytes:
    """All bytes of a file. Raises OSError, StrangeFileError among them."""
    with opened(path, most) as file:
        return file.read(most + 1)
