"""Runs that were deleted a moment ago and may still be brought back, each at HOME/trash/ID.

A deleted run is its directory, moved aside with a note of how it stood. It goes for good after
ten minutes, whether or not a server ran meanwhile; until then it takes the room it took.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from backend.errors import ConflictError, NotFoundError
from backend.runs.facts import failure, is_count, is_number, is_text
from backend.runs.folder import ID, RunFolder, clear_deleted
from backend.runs.store import Row

KEPT = 600.0  # seconds
NOTE = "deleted.json"


@dataclass(frozen=True)
class Deleted:
    """A run in the trash, and how it stood when it was deleted."""

    folder: RunFolder
    at: float  # unix seconds
    state: str
    attempt: int
    error: dict[str, str] | None = None  # why it ended badly: {"code", "message"}

    @property
    def until(self) -> float:
        return self.at + KEPT


class Trash:
    """The deleted runs of one home folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, row: Row, folder: RunFolder, now: float) -> None:
        """Move a run aside. On a full disk its note is left out, so that room can be made."""
        stood = {"state": row.state, "attempt": row.attempt, "error": row.error}
        with suppress(OSError):
            folder.write(NOTE, {"at": now} | stood)
        self.path.mkdir(parents=True, exist_ok=True)
        place = self.path / folder.id
        shutil.rmtree(place, ignore_errors=True)
        folder.path.rename(place)

    def all(self) -> list[Deleted]:
        """What is in the trash, the last deleted first."""
        return sorted(self.found(), key=lambda deleted: deleted.at, reverse=True)

    def found(self) -> Iterator[Deleted]:
        for path in self.path.glob("*"):
            if not ID.fullmatch(path.name):
                continue
            with suppress(OSError):  # it went just now
                yield deleted_of(RunFolder(path))

    def one(self, run: str) -> Deleted:
        """Raises NotFoundError where it is not, or no longer, in the trash."""
        for deleted in self.found():
            if deleted.folder.id == run:
                return deleted
        raise NotFoundError(
            f"run {run[:100]!r} is not among those deleted in the last ten minutes; "
            "what is gone longer cannot be brought back"
        )

    def back(self, deleted: Deleted, runs: Path) -> RunFolder:
        """Move a run back among the others. Raises ConflictError if its place is taken."""
        place = runs / deleted.folder.id
        if place.exists():
            raise ConflictError(f"there is another run {place.name} now; delete that one first")
        runs.mkdir(parents=True, exist_ok=True)
        deleted.folder.path.rename(place)
        (place / NOTE).unlink(missing_ok=True)
        return RunFolder(place)

    def purge(self, now: float) -> None:
        """Delete for good what was here for ten minutes."""
        for deleted in self.found():
            if now >= deleted.until:
                deleted.folder.remove()
        clear_deleted(self.path)


def deleted_of(folder: RunFolder) -> Deleted:
    """Without a note, or with an odd one: when the directory was moved, and how its last attempt
    ended."""
    note, moved = folder.read(NOTE) or {}, folder.path.stat().st_ctime
    at, state, attempt = (note.get(name) for name in ("at", "state", "attempt"))
    error = failure(note.get("error"))
    if not (is_number(at) and is_text(state) and is_count(attempt)):
        at, attempt = moved, (folder.process() or {}).get("attempt", 1)
        result = folder.result(attempt) or {}
        state, error = result.get("state", "interrupted"), result.get("error")
    return Deleted(folder, at, state, attempt, error)
