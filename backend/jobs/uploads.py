"""Images that came through the page: received file by file, then made into a data set.

HOME/uploads/ID/ holds about.json, incoming/ (as it came, until it is decoded), report.json and
images/<title>/, which is a data set like any other folder. Its id and the numbers of its files are
ours; what a client calls them is only ever shown.
"""

import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from backend.errors import BusyError, ConflictError, DiskFullError, NotFoundError, TooLargeError
from backend.jobs.errands import Errands
from backend.jobs.note import read, write
from backend.runs.folder import clear_deleted

ID = re.compile(r"[0-9a-f]{16}")
MOST_OPEN = 20  # uploads that are being received
MOST_FILES = 20_000  # that are sent one by one
IMAGE_BYTES = 10 * 2**20
ARCHIVE_BYTES = 2**30
TOTAL_BYTES = 2 * 2**30  # of one upload
ROOM = 500 * 2**20  # bytes that stay free on the disk
ABANDONED = 24 * 3600.0  # seconds after which an upload that was never finished goes
CUT_SHORT = {
    "code": "interrupted",
    "message": "the work on these images was cut short; remove this upload and send them again",
}


class Uploads:
    """The uploads of one home folder."""

    def __init__(
        self, path: Path, errands: Errands, clock: Callable[[], float] = time.time
    ) -> None:
        self.path, self.errands, self.clock = path, errands, clock
        self.sent: dict[str, dict[int, int]] = {}  # upload -> number of a file -> its bytes
        self.lock = threading.Lock()

    def create(self, title: str) -> str:
        """Begin an upload and return its id. Raises BusyError or DiskFullError."""
        self.remove_abandoned()
        if sum(self.state(id) == "open" for id in self.ids()) >= MOST_OPEN:
            raise BusyError(f"{MOST_OPEN} uploads are open already; finish or remove one of them")
        self.check_room(0)
        id = secrets.token_hex(8)
        folder = self.path / id
        (folder / "incoming").mkdir(parents=True)
        write(folder / "about.json", {"title": title, "created": self.clock()})
        return id

    def ids(self) -> list[str]:
        """Every upload, the newest first."""
        found = []
        for path in self.path.glob("*/about.json"):
            with suppress(OSError):  # it was removed just now
                found.append((path.parent.stat().st_mtime, path.parent.name))
        return [name for _, name in sorted(found, reverse=True) if ID.fullmatch(name)]

    def folder(self, id: str) -> Path:
        """Raises NotFoundError."""
        folder = self.path / id
        if not ID.fullmatch(id) or not (folder / "about.json").is_file():
            raise NotFoundError(f"there is no upload {id[:40]!r}; begin a new one")
        return folder

    def place(self, id: str, number: int, length: int) -> Path:
        """Where file `number` of an open upload is to be written, `length` bytes if that is known.

        Raises ConflictError, DiskFullError, NotFoundError or TooLargeError.
        """
        folder = self.folder(id)
        if self.state(id) != "open":
            raise ConflictError(f"upload {id} takes no more files; begin a new one")
        if not 1 <= number <= MOST_FILES:
            raise TooLargeError(f"an upload has at most {MOST_FILES:,} files; send a ZIP of them")
        with self.lock:
            sizes = self.sizes(id)
            sent = sum(sizes.values()) - sizes.get(number, 0)  # whose place it takes
        if sent + length > TOTAL_BYTES:
            raise TooLargeError(f"an upload has at most {TOTAL_BYTES >> 30} GB; make it two")
        self.check_room(length)
        return folder / "incoming" / f"{number:06d}"

    def came(self, id: str, number: int, size: int) -> None:
        """Count a file of so many bytes that lies in its place."""
        with self.lock:
            if id in self.sent:
                self.sent[id][number] = size

    def sizes(self, id: str) -> dict[int, int]:
        """Bytes of each file of an upload that came, by its number; looked at once."""
        if id not in self.sent:
            files = (self.path / id / "incoming").glob("[0-9]*")
            self.sent[id] = {int(file.name): file.stat().st_size for file in files}
        return self.sent[id]

    def forget(self, id: str) -> None:
        """Let go of the sizes of an upload that takes no more files."""
        with self.lock:
            self.sent.pop(id, None)

    def check_room(self, length: int) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.path).free
        if free < ROOM + 2 * length:
            raise DiskFullError(
                f"the disk has {free >> 20} MB left, and an upload wants {ROOM >> 20} MB to stay "
                "free; make room there, or keep Saccade's files elsewhere with --home"
            )

    def finish(self, id: str) -> None:
        """Have what was sent made into a data set. Raises BusyError or ConflictError."""
        folder = self.folder(id)
        if self.state(id) not in ("open", "failed"):
            raise ConflictError(f"upload {id} is {self.state(id)} already")
        if not any((folder / "incoming").glob("[0-9]*")):
            raise ConflictError(f"upload {id} has no file; send some, or remove it")
        words = ["--upload", str(folder), "--home", str(self.path.parent)]
        self.errands.start("intake", words, folder)
        self.forget(id)
        (folder / "begun").touch()

    def state(self, id: str) -> str:
        """open, working, ready or failed."""
        folder = self.path / id
        if self.errands.at_work(folder):
            return "working"
        report = read(folder / "report.json")
        if report:
            return "failed" if report["error"] else "ready"
        return "failed" if (folder / "begun").exists() else "open"

    def one(self, id: str) -> dict[str, Any]:
        """An upload with what became of its files; `spec` names its data set once there is one."""
        folder, state = self.folder(id), self.state(id)
        about, report = read(folder / "about.json") or {}, read(folder / "report.json") or {}
        done = state in ("ready", "failed")
        cut_short = None if report or state != "failed" else CUT_SHORT
        return {
            "id": id,
            "title": about.get("title", ""),
            "state": state,
            "progress": None if done else read(folder / "progress.json"),
            "images": report.get("images", 0) if done else 0,
            "classes": report.get("classes", {}) if done else {},
            "refused": report.get("refused", []) if done else [],
            "unnamed": report.get("unnamed", 0) if done else 0,
            "hidden": report.get("hidden", 0) if done else 0,
            "columns": report.get("columns", []) if done else [],
            "remarks": report.get("remarks", []) if done else [],
            "error": report.get("error") or cut_short,
            "spec": self.spec(id) if state == "ready" else None,
        }

    def spec(self, id: str) -> str | None:
        """The folder of its images, as a data set is named."""
        return next((str(path) for path in (self.path / id / "images").glob("*")), None)

    def specs(self) -> list[str]:
        """The data sets that uploads were made into, the newest first."""
        return [spec for id in self.ids() if (spec := self.spec(id))]

    def remove(self, id: str) -> None:
        """Delete an upload with its images, also while it is sent or read.

        Raises ConflictError, where another server reads it, or NotFoundError.
        """
        folder = self.folder(id)
        self.errands.end(folder)
        if self.state(id) == "working":
            raise ConflictError(f"upload {id} is being read; wait until that is over")
        self.forget(id)
        gone = folder.with_name(f".{id}.deleted")
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def remove_abandoned(self) -> None:
        clear_deleted(self.path)
        for id in self.ids():
            created = (read(self.path / id / "about.json") or {}).get("created", 0)
            if self.state(id) == "open" and self.clock() - created > ABANDONED:
                with suppress(ConflictError, NotFoundError, OSError):
                    self.remove(id)
