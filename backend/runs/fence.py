"""Which process may write in a run directory? The last one that was let in through its fence.

The lock keeps two processes apart where locks work. The fence also stops a process that has lost
the directory without hearing of it: it was frozen and taken for dead, its file system has no locks,
or a scheduler started the same attempt twice. Each entry is an empty file `ATTEMPT.NUMBER` that
nobody else can make, so entries only ever rise.
"""

import os
from contextlib import suppress
from pathlib import Path

from backend.errors import OutdatedError

Entry = tuple[int, int]  # attempt, number of the process that entered
NOBODY = (0, 0)


class Fence:
    """The fence of the run directory around `path`; `enter` makes it this process's own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mine: Entry | None = None

    def last(self) -> Entry:
        """The last entry; NOBODY where there is none."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return max(
                (entry for name in os.listdir(self.path) if (entry := parsed(name))), default=NOBODY
            )
        return NOBODY

    def enter(self, attempt: int) -> None:
        """Let this process in. Raises OutdatedError where a later attempt has been let in."""
        self.path.mkdir(exist_ok=True)
        while True:
            last = self.last()
            if last[0] > attempt:
                raise self.outdated(attempt)
            entry = (attempt, last[1] + 1)
            if self.made(entry):
                self.mine = entry
                return

    def shut(self, attempt: int) -> None:
        """Let no process of an earlier attempt write from here on."""
        self.path.mkdir(exist_ok=True)
        last = self.last()
        if last[0] < attempt:
            self.made((attempt, last[1]))

    def check(self) -> None:
        """Raise OutdatedError where another process was let in after this one."""
        if self.mine and self.last() != self.mine:
            raise self.outdated(self.mine[0])

    def made(self, entry: Entry) -> bool:
        try:
            os.close(os.open(self.path / "{}.{}".format(*entry), os.O_CREAT | os.O_EXCL, 0o644))
        except FileExistsError:
            return False
        return True

    def outdated(self, attempt: int) -> OutdatedError:
        return OutdatedError(
            f"attempt {attempt} at run {self.path.parent.name} is out of date: another process "
            "has taken up the run since, and this one writes nothing more"
        )


def parsed(name: str) -> Entry | None:
    attempt, _, number = name.partition(".")
    return (int(attempt), int(number)) if attempt.isdecimal() and number.isdecimal() else None
