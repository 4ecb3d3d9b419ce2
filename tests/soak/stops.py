"""How soon is a run stopped, whatever it is at, and is any process of it left?

Real: store, queue, supervisor with its usual period, launcher, worker and its signals. Not real:
the work (tests.soak.tiny), which has a process of its own beside it.
"""

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from backend.errors import ConflictError
from backend.jobs.endings import NOT_SAVED
from backend.jobs.limits import Limits
from backend.jobs.local import Local
from backend.jobs.process import pid_of
from backend.jobs.queue import Queue
from backend.jobs.states import FINAL, State
from backend.jobs.supervisor import Supervisor
from backend.runs.folder import RunFolder
from backend.runs.store import Store
from tests.soak.rows import Row
from tests.soak.tiny import CONFIG

WHERE = ("queued", "starting", "in a step", "in a save", "twice at once")
SLOWEST = 2.0  # seconds, of 99 in 100
NEVER_OVER = 12.0
GONE_WITHIN = 5.0  # seconds from the result of a run to the end of its processes
LONG = CONFIG | {"steps": 10**6, "child": True, "saving": 0.3}


class Stops:
    """Runs that are stopped in a state each; several are at work at once."""

    def __init__(self, home: Path) -> None:
        self.store, self.local = Store(home / "saccade.db"), Local("tests.soak.tiny")
        limits = Limits(cpu_runs=len(WHERE), free_mb=0)
        self.queue = Queue(self.store, home / "runs", home, self.local, limits=limits)
        self.supervisor = Supervisor(self.queue, print)
        self.supervisor.start()
        self.seconds: list[float] = []
        self.bad: list[str] = []

    def stop(self, where: str) -> None:
        """Bring a run to where it is to be stopped, stop it, and see what became of it."""
        run = self.queue.submit(LONG, "photos", "0")
        folder = RunFolder(self.queue.runs / run)
        if where != "queued":
            self.supervisor.wake()
        if where == "starting":
            self.wait(lambda: self.store.row(run).state == State.STARTING)
        elif where == "in a save":
            self.wait((folder.path / "saving").exists)
        elif where != "queued":
            self.wait(lambda: (folder.path / "saved.json").exists())
        begun = time.monotonic()
        askers = [threading.Thread(target=self.ask, args=(run,)) for _ in range(2)]
        for asker in askers if where == "twice at once" else askers[:1]:
            asker.start()
        self.wait(lambda: self.store.row(run).state in FINAL)
        self.seconds.append(time.monotonic() - begun)
        self.look(where, run, folder)

    def ask(self, run: str) -> None:
        with suppress(ConflictError):  # it may have ended while the other one asked
            self.queue.stop(self.store.row(run))
        self.supervisor.wake()

    def look(self, where: str, run: str, folder: RunFolder) -> None:
        row, handle = self.store.row(run), self.store.row(run).handle
        if row.state != State.STOPPED or (row.error and row.error["message"] != NOT_SAVED):
            self.bad.append(f"{where}: {row.state} {row.error}")
        if where in WHERE[2:] and not folder.result(1):
            self.bad.append(f"{where}: nothing was saved")
        if handle and not soon(lambda: not group_of(pid_of(handle)), GONE_WITHIN):
            self.bad.append(f"{where}: {len(group_of(pid_of(handle)))} processes left")

    def wait(self, true: Callable[[], object]) -> None:
        if not soon(true, 30.0):
            raise TimeoutError(f"{true} was not true within 30 s")


def soon(true: Callable[[], object], seconds: float) -> bool:
    """Whether something becomes true within so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def group_of(pid: int) -> list[int]:
    """Processes of the session that a worker began, itself not counted once it has ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == pid and fields[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found


def stop_everywhere(home: Path, stops: int) -> list[Row]:
    """Stop so many runs, in waves of one in each place."""
    site, threads = Stops(home), []
    with closing(site.store):
        for number in range(stops):
            thread = threading.Thread(target=site.stop, args=(WHERE[number % len(WHERE)],))
            thread.start()
            threads.append(thread)
            if len(threads) == len(WHERE) or number == stops - 1:
                for thread in threads:
                    thread.join()
                threads.clear()
        site.supervisor.stop()
    times = sorted(site.seconds)
    late = [f"{s:.1f} s" for s in times if s > NEVER_OVER]
    p99 = times[min(len(times) - 1, int(0.99 * len(times)))] if times else NEVER_OVER
    note = f"median {times[len(times) // 2]:.2f} s, 99 in 100 under {p99:.2f} s"
    missing = stops - len(times)
    return [
        ("stop, in each state: too slow", stops, (p99 > SLOWEST) + len(late) + missing, note),
        ("the same: orphans, or not saved", stops, len(site.bad), f"{site.bad[:3]}"),
    ]
