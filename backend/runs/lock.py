"""Who works in a run directory? One process, for as long as it holds the lock file.

The system lets go of the lock when the process ends, however it ends.
"""

import os
import time
from pathlib import Path
from typing import BinaryIO

from backend.runs import plain

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt


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
        while not taken(file):
            if time.monotonic() >= end:
                file.close()
                return False
            time.sleep(0.05)
        self.file = file
        return True

    def release(self) -> None:
        if self.file:
            self.file.close()
            self.file = None


def taken(file: BinaryIO, shared: bool = False) -> bool:
    try:
        if fcntl:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        else:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def held(path: Path) -> bool:
    """Whether some process has the lock now. Those who only look do not disturb each other."""
    try:
        with plain.opened(path) as file:
            return not taken(file, shared=True)
    except (FileNotFoundError, plain.StrangeFileError):
        return False
