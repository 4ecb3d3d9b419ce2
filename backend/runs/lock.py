"""Who works in a run directory? One process, for as long as it holds the lock file.

The system lets go of the lock when the process ends, however it ends.
"""

import errno
import os
import time
from pathlib import Path
from typing import BinaryIO

from backend.errors import RunError
from backend.runs import plain

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt


HELD = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES}  # what says that another process has it


class Lock:
    """An exclusive lock on a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: BinaryIO | None = None

    def take(self, seconds: float = 0.0) -> bool:
        """Try to get the lock for so long; False where another process keeps it."""
        end = time.monotonic() + seconds
        number = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | plain.FLAGS, 0o644)
        file = open(number, "ab")  # noqa: SIM115, it stays open while the lock is held
        mine = False
        try:
            while not (mine := taken(file)) and time.monotonic() < end:
                time.sleep(0.05)
        finally:
            if not mine:
                file.close()
        self.file = file if mine else self.file
        return mine

    def release(self) -> None:
        if self.file:
            self.file.close()
            self.file = None


def taken(file: BinaryIO, shared: bool = False) -> bool:
    """Whether the lock was free, and is this process's now. Raises RunError if there is none."""
    try:
        if fcntl:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        else:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError as error:
        if error.errno in HELD:
            return False
        raise RunError(
            f"the disk on which Saccade keeps its files has no file locks ({error.strerror}), and "
            "without them two processes could spoil a run; keep them on another one with --home"
        ) from None
    return True


def held(path: Path, seconds: float = 0.0) -> bool:
    """Whether some process has the lock, now and for so long. Those who only look do not disturb
    each other."""
    end = time.monotonic() + seconds
    while locked(path):
        if time.monotonic() >= end:
            return True
        time.sleep(0.05)
    return False


def locked(path: Path) -> bool:
    try:
        with plain.opened(path) as file:
            return not taken(file, shared=True)
    except (FileNotFoundError, plain.StrangeFileError):
        return False
