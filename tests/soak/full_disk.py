"""A run at work on a disk that is really full."""

import errno
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.runs.catalogue import Catalogue
from backend.runs.events import EventReader
from backend.runs.folder import RunFolder
from backend.runs.store import Store
from models.checkpoint import restore, resume_points
from tests.soak.forked import forked
from tests.soak.rows import Row
from tests.soak.saves import made, work_off

ENDLESS = 100_000  # epochs
PAGE = 4096  # bytes


class NoDiskError(Exception):
    """No small disk can be mounted here."""


@contextmanager
def small_disk(folder: Path, megabytes: int = 24) -> Iterator[Path]:
    """A disk of its own in memory. Raises NoDiskError."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise NoDiskError(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def full_disk(cases: int, disk: Path) -> list[Row]:
    """A run at work while its disk fills up to the last bytes; then room is made again."""
    draw, bad, went_on = random.Random(5), 0, 0
    for case in range(cases):
        left = (0, 1, 10, 175, 375)[case % 5] * PAGE + draw.randrange(PAGE)
        good, alive = recovered(disk, f"full-{case}", left)
        bad, went_on = bad + (not good), went_on + alive
        shutil.rmtree(disk / "runs" / f"full-{case}")
    return [
        ("disk full under a run at work: lost a checkpoint, or did not recover", cases, bad,
         f"{went_on} trained on, {cases - went_on} ended with disk_full and were resumed")
    ]  # fmt: skip


def recovered(disk: Path, name: str, left: int) -> tuple[bool, bool]:
    """(all is well, the run trained on) when a run meets a disk with so many bytes left."""
    folder = made(disk, name, "clapp", 0, epochs=ENDLESS, keep="0")
    store, ballast = Store(disk / "saccade.db"), disk / "ballast"
    store.add(name, "2026", "running", 1, 1.0)
    process, pipe = forked(work_off, folder.path, 1)
    try:
        until(lambda: step_of(folder) >= 2)
        until(lambda: filled(ballast, left))
        full = left < 2 * PAGE  # its events alone will fill that
        until(lambda: folder.result(1) or (kinds(folder)["warning"] and not full))
        before, result = step_of(folder), folder.result(1)
        shown = Catalogue(store, disk / "runs", disk / "none").one(name)
        good = all(restore(point).step for point in resume_points(folder.path))
        if result:
            good &= result["error"]["code"] == "disk_full" and shown["error"] == result["error"]
        else:
            good &= [w["code"] for w in shown["warnings"]] == ["not_saved"]
        ballast.unlink()
        if result:
            process.join(60)
            process, pipe = forked(work_off, folder.path, 2)
        until(lambda: step_of(folder) > before and (result or kinds(folder)["settled"]))
        os.kill(process.pid, signal.SIGTERM)
        process.join(60)
        ended = folder.result(2 if result else 1)
        return good and ended is not None and ended["state"] == "stopped", not result
    finally:
        ballast.unlink(missing_ok=True)
        process.kill()
        process.join()
        pipe.close()
        store.close()


def filled(ballast: Path, left: int) -> bool:
    """Leave so many bytes free beside a ballast; False where others took some at that moment."""
    ballast.unlink(missing_ok=True)
    with open(ballast, "wb") as file:
        free = shutil.disk_usage(ballast.parent).free
        try:
            os.posix_fallocate(file.fileno(), 0, max(1, free - left))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False
    return True


def step_of(folder: RunFolder) -> int:
    return max((int(point.name[7:]) for point in resume_points(folder.path)), default=0)


def kinds(folder: RunFolder) -> dict[str, bool]:
    """Which warnings there are by now."""
    found = {event["kind"] for event in EventReader(folder.path / "events.jsonl").events()}
    return {kind: kind in found for kind in ("warning", "settled")}


def until(look: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, "it did not come to pass in a minute"
        time.sleep(0.01)
