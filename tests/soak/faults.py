"""Every n-th write, fsync and rename fails in turn; and a disk that is really full."""

import builtins
import ctypes
import errno
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from backend.errors import SaccadeError, failure_of
from backend.runs.catalogue import Catalogue
from backend.runs.events import EventReader
from backend.runs.folder import RunFolder
from backend.runs.store import Store
from models.checkpoint import mend, restore, resume_points, save_resume
from tests.soak.forked import TRAINING, forked
from tests.soak.rows import Row
from tests.soak.saves import made, work_off

ERRORS = (errno.ENOSPC, errno.EIO)
MOST = 200  # writes, fsyncs and renames that one round can have
ENDLESS = 100_000  # epochs
PAGE = 4096  # bytes


class NoDiskError(Exception):
    """No small disk can be mounted here."""


class NoSqliteError(Exception):
    """SQLite's own writes cannot be made to fail here."""


class Failing:
    """Lets the n-th write, fsync or rename fail, and with `lasting` all after it."""

    def __init__(self, n: int, number: int, lasting: bool) -> None:
        self.n, self.number, self.lasting = n, number, lasting
        self.count, self.on = 0, True

    @property
    def hit(self) -> bool:
        return self.count >= self.n

    def fails(self) -> bool:
        self.count += self.on
        return self.on and (self.count == self.n or (self.lasting and self.hit))

    def check(self) -> None:
        if self.fails():
            raise OSError(self.number, os.strerror(self.number))

    def guarded(self, call: Callable) -> Callable:
        def guard(*words: object, **named: object) -> object:
            self.check()
            return call(*words, **named)

        return guard

    def torn(self, call: Callable) -> Callable:
        """A write of which the first half is there when it fails."""

        def write(where: object, data: bytes) -> int:
            if self.fails():
                call(where, data[: len(data) // 2])
                raise OSError(self.number, os.strerror(self.number))
            return call(where, data)

        return write

    def opening(self, opened: Callable) -> Callable:
        def open_failing(file: object, mode: str = "r", *words: object, **named: object):
            stream = opened(file, mode, *words, **named)
            return stream if mode in ("r", "rb") else Torn(stream, self)

        return open_failing

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        """Inside, what Python and SQLite write goes through here."""
        with ExitStack() as stack:
            for name in ("fsync", "rename", "replace", "mkdir"):
                stack.enter_context(mock.patch.object(os, name, self.guarded(getattr(os, name))))
            stack.enter_context(mock.patch.object(os, "write", self.torn(os.write)))
            stack.enter_context(mock.patch.object(builtins, "open", self.opening(open)))
            stack.enter_context(sqlite_through(self))
            yield


class Torn:
    """A file whose writes may fail."""

    def __init__(self, stream, failing: Failing) -> None:
        self.stream, self.torn_write = stream, failing.torn(lambda _, data: stream.write(data))

    def write(self, data: bytes) -> int:
        return self.torn_write(None, data)

    def __enter__(self) -> "Torn":
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)


class Vfs(ctypes.Structure):
    """sqlite3_vfs of sqlite3.h, up to what replaces a system call."""

    _fields_ = [
        *((name, ctypes.c_int) for name in ("version", "file_size", "longest_path")),
        *((name, ctypes.c_void_p) for name in ("next", "name", "data")),
        ("calls", ctypes.c_void_p * 13),
        ("set_call", ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 3)),
        ("get_call", ctypes.CFUNCTYPE(*[ctypes.c_void_p] * 3)),
    ]


PWRITE = ctypes.CFUNCTYPE(
    ctypes.c_ssize_t,
    *(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64),
    use_errno=True,
)


@contextmanager
def sqlite_through(failing: Failing) -> Iterator[None]:
    """Inside, the writes of SQLite's own files may fail. Raises NoSqliteError."""
    library = sqlite_library()
    library.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
    vfs = library.sqlite3_vfs_find(None)
    originals, kept = [], []
    for name in (b"pwrite", b"pwrite64"):
        text = ctypes.cast(ctypes.c_char_p(name), ctypes.c_void_p)
        if address := vfs.contents.get_call(ctypes.cast(vfs, ctypes.c_void_p), text):
            original = PWRITE(address)

            def write(file: int, data: int, size: int, at: int, original=original) -> int:
                if failing.fails():
                    ctypes.set_errno(failing.number)
                    return -1
                return original(file, data, size, at)

            kept.append(callback := PWRITE(write))
            originals.append((text, ctypes.c_void_p(address)))
            vfs.contents.set_call(
                ctypes.cast(vfs, ctypes.c_void_p), text, ctypes.cast(callback, ctypes.c_void_p)
            )
    try:
        yield
    finally:
        for text, address in originals:
            vfs.contents.set_call(ctypes.cast(vfs, ctypes.c_void_p), text, address)


def sqlite_library() -> ctypes.CDLL:
    """The SQLite that Python uses, where that is one of the system."""
    try:
        library = ctypes.CDLL("libsqlite3.so.0")
    except OSError:
        raise NoSqliteError("the system has no SQLite whose writes can be made to fail") from None
    library.sqlite3_libversion.restype = ctypes.c_char_p
    if library.sqlite3_libversion().decode() != sqlite3.sqlite_version:
        raise NoSqliteError("Python has a SQLite of its own, whose writes cannot be made to fail")
    return library


class Round:
    """One save, one change of state and one event, in a copy of a home with one run."""

    def __init__(self, home: Path) -> None:
        self.home, self.folder = home, RunFolder(home / "runs" / "a-run")
        self.store, self.events = Store(home / "saccade.db"), self.folder.events()
        self.errors: list[Exception] = []

    def work(self) -> None:
        """All three, each whatever became of the one before."""
        TRAINING.step, self.errors = 2, []
        for part in (self.save, self.tell, self.move):
            try:
                part()
            except (OSError, SaccadeError) as error:
                self.errors.append(error)

    def save(self) -> None:
        save_resume(self.folder.path, TRAINING)
        assert restore(resume_points(self.folder.path)[0]).step == 2

    def tell(self) -> None:
        event = self.events.append("state", state="running", attempt=1)
        assert [event] == list(self.reader().events(event["seq"] - 1))

    def move(self) -> None:
        self.store.move(self.store.row("a-run"), "running", 2.0)
        assert self.store.row("a-run").state == "running"

    def reader(self) -> EventReader:
        return EventReader(self.folder.path / "events.jsonl")

    def readable(self, number: int) -> bool:
        """While it fails: every error is a sentence of the right code, and the run is shown."""
        told = [failure_of(error) for error in self.errors]
        codes = {"disk_full"} if number == errno.ENOSPC else {"internal", "bad_run"}
        shown = Catalogue(self.store, self.home / "runs", self.home / "none").one("a-run")
        return (
            {failure["code"] for failure in told} <= codes
            and all("Traceback" not in failure["message"] for failure in told)
            and shown["state"] in ("starting", "running")
        )

    def intact(self) -> bool:
        """What was there before is there, and nothing of it is half."""
        mend(self.folder.path)
        steps = [restore(point).step for point in resume_points(self.folder.path)]
        seqs = [event["seq"] for event in self.reader().events()]
        (check,) = self.store.database.connection.execute("PRAGMA integrity_check").fetchone()
        moves = self.store.database.select("SELECT target FROM moves")
        state = self.store.row("a-run").state
        return (
            steps in ([1], [2, 1])
            and seqs == list(range(1, len(seqs) + 1))
            and check == "ok"
            and moves[-1][0] == state
        )

    def close(self) -> None:
        self.store.close()
        self.events.close()


def every_nth(home: Path) -> list[Row]:
    """ENOSPC and EIO at the n-th write, fsync or rename, once or from then on, for every n."""
    begin(home / "begin")
    tried = bad = 0
    longest = 0
    for number in ERRORS:
        for lasting in (False, True):
            for n in range(1, MOST):
                failing = Failing(n, number, lasting)
                bad += not survived(home, failing)
                tried, longest = tried + failing.hit, max(longest, n)
                if not failing.hit:
                    break
            else:
                raise AssertionError(f"a round has more than {MOST} writes")
    return [
        ("n-th write, fsync or rename failing in a save, an event and a move", tried, bad,
         f"n = 1 ... {longest - 1}, ENOSPC and EIO, once and from then on")
    ]  # fmt: skip


def begin(home: Path) -> None:
    """A home with one run, which has saved step 1."""
    folder = made(home, "a-run", "clapp", 0)
    TRAINING.step = 1
    save_resume(folder.path, TRAINING)
    folder.tell("state", state="starting", attempt=1)
    store = Store(home / "saccade.db")
    store.add("a-run", "2026", "starting", 1, 1.0)
    store.close()


def survived(home: Path, failing: Failing) -> bool:
    copy = home / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(home / "begin", copy)
    one = Round(copy)
    with failing.everywhere():
        one.work()
        good = one.readable(failing.number)
    one.close()
    again = Round(copy)  # as after a restart
    good = good and again.intact()
    again.work()
    good = good and not again.errors and again.intact()
    again.close()
    return good


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
