"""Every n-th write, fsync and rename fails in turn, in a save, an event and a move."""

import errno
import shutil
from pathlib import Path

from backend.errors import SaccadeError, failure_of
from backend.runs.catalogue import Catalogue
from backend.runs.events import EventReader
from backend.runs.folder import RunFolder
from backend.runs.store import Store
from models.checkpoint import mend, restore, resume_points, save_resume
from tests.soak.failing import Failing
from tests.soak.forked import TRAINING
from tests.soak.rows import Row
from tests.soak.saves import made

ERRORS = (errno.ENOSPC, errno.EIO)
MOST = 200  # writes, fsyncs and renames that one round can have


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
