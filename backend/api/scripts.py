"""The scripts of the page, each of many modules, and made anew where one of them has changed."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from backend.bundle import Script, script
from backend.errors import NotFoundError

FIRST = "main.js"  # the page begins with it
PLACE = "/script/"
NEAR = 10_000_000  # nanoseconds that the clock of a file system may be coarse


@dataclass(frozen=True)
class Made:
    script: Script
    body: bytes
    tag: str  # ETag
    stamps: tuple[tuple[int, int], ...]  # of its modules when it was made


class Scripts:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, Made] = {}
        self.lock = Lock()

    def named(self, name: str) -> Made:
        """The script that begins with a module, as the files are now.

        Raises NotFoundError unless it is the page's first one or one that loads later, DataError
        where the modules cannot be put together.
        """
        with self.lock:
            first = self.fresh(FIRST)
            if name != FIRST and name not in first.script.later:
                raise NotFoundError(f"there is no script {name[:200]!r} of the page")
            return first if name == FIRST else self.fresh(name)

    def fresh(self, name: str) -> Made:
        held = self.made.get(name)
        if held is None or held.stamps != self.stamps(name, held.script):
            begun = time.time_ns()
            made = script(self.folder, name, FIRST, PLACE)
            body = made.text.encode()
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            stamps = self.stamps(name, made)
            if any(written >= begun - NEAR for written, _ in stamps):
                stamps = ()  # one may have changed while it was read: made anew next time
            self.made[name] = held = Made(made, body, tag, stamps)
        return held

    def stamps(self, name: str, of: Script) -> tuple[tuple[int, int], ...]:
        """What changes with a module; a later script lacks what the first one has."""
        first = self.made[FIRST].stamps if name != FIRST else ()
        return (*first, *(stamp(self.folder / file) for file in of.files))


def stamp(path: Path) -> tuple[int, int]:
    """When a file was written, nanoseconds, and its bytes; zeros where it is gone."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
