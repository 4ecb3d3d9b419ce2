"""Images that somebody sent to see what is like them: kept for a day, under an id of ours.

HOME/examples/ID/ holds the image as it came, as it was decoded, and what was found of each
checkpoint. The web process only writes and reads bytes here.
"""

import re
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from backend.errors import NotFoundError
from backend.jobs.errands import Errands
from backend.jobs.note import read

ID = re.compile(r"[0-9a-f]{16}")
KEPT = 24 * 3600.0  # seconds
MOST = 50  # at a time; the oldest goes


class Examples:
    """The examples of one home folder."""

    def __init__(
        self, home: Path, errands: Errands, clock: Callable[[], float] = time.time
    ) -> None:
        self.home, self.path = home, home / "examples"
        self.errands, self.clock = errands, clock

    def create(self) -> Path:
        """The directory of a new example, whose image is to be written as `original` there."""
        self.forget_old()
        folder = self.path / secrets.token_hex(8)
        folder.mkdir(parents=True)
        return folder

    def folder(self, id: str) -> Path:
        """Raises NotFoundError."""
        folder = self.path / id
        if not ID.fullmatch(id) or not (folder / "original").is_file():
            raise NotFoundError(f"there is no example {id[:40]!r} any more; send the image again")
        return folder

    def search(self, id: str, run: Path, epoch: int) -> None:
        """Look for images like it in a checkpoint. Raises BusyError or NotFoundError."""
        folder = self.folder(id)
        (folder / "progress.json").unlink(missing_ok=True)  # of a search before
        words = ["--folder", str(folder), "--run-dir", str(run), "--epoch", str(epoch)]
        self.errands.start("example", [*words, "--home", str(self.home)], folder)

    def find(self, id: str, run: str, epoch: int) -> dict[str, Any]:
        """{"state", "progress", "layers", "error"}: unknown, working, found or failed."""
        folder = self.folder(id)
        working = self.errands.at_work(folder)  # before the look, so that no answer is missed
        answer = read(folder / f"found-{run}-{epoch}.json")
        if answer:
            state = "failed" if answer["error"] else "found"
            told = {"layers": answer["layers"], "error": answer["error"]}
            return {"state": state, "progress": None} | told
        progress = read(folder / "progress.json") if working else None
        state = "working" if working else "unknown"
        return {"state": state, "progress": progress, "layers": [], "error": None}

    def forget_old(self) -> None:
        found = []
        for path in self.path.glob("*/"):
            with suppress(OSError):  # it was removed just now
                found.append((path.stat().st_mtime, path))
        for age, (changed, path) in enumerate(sorted(found, reverse=True), 1):
            if age >= MOST or self.clock() - changed > KEPT:
                with suppress(OSError):
                    shutil.rmtree(path)
