"""kill -9 of the server and of runs at random moments: is anything lost, run twice, or left wrong?

Real: the processes, their kills, the store, queue, supervisor, launcher, locks, fences, events and
the worker around its work. Not real: the work, which is a chain of hashes (tests.soak.tiny), and
the HTTP part of the server.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

from backend.jobs.process import is_alive, pid_of
from backend.jobs.states import LIVE, MOVES, State
from backend.runs.events import EventReader
from backend.runs.folder import ID, RunFolder
from backend.runs.store import Row, Store
from backend.settings import CHECKOUT
from tests.soak import rows
from tests.soak.keeper import LIMITS
from tests.soak.tiny import BEGIN, CONFIG, chained

RIGHT_WITHIN = 10.0  # seconds after a kill
SERVER, RUN = "server", "run"


class Site:
    """A home, the server process of it, and the runs that are at work."""

    def __init__(self, home: Path) -> None:
        self.home, self.runs = home, home / "runs"
        self.runs.mkdir(parents=True)
        self.store = Store(home / "saccade.db")
        self.server = self.start()

    def start(self) -> subprocess.Popen:
        with open(self.home / "server.out", "ab") as out:
            command = [sys.executable, "-m", "tests.soak.keeper", str(self.home)]
            return subprocess.Popen(command, cwd=CHECKOUT, stdout=out, stderr=out)

    def accepted(self) -> list[str]:
        path = self.home / "accepted"
        return path.read_text().split() if path.exists() else []

    def folders(self) -> list[RunFolder]:
        """The directories of runs; those that were left half made are hidden."""
        found = [RunFolder(path.parent) for path in sorted(self.runs.glob("*/run.json"))]
        return [folder for folder in found if ID.fullmatch(folder.id)]

    def at_work(self) -> dict[str, str]:
        """The handle of each run whose process is there."""
        found = {folder.id: folder.process() for folder in self.folders()}
        return {run: p["handle"] for run, p in found.items() if p and is_alive(p["handle"])}

    def kill(self, chance: random.Random) -> list[str]:
        """Kill the server, a run, or all there is; what was killed."""
        runs = list(self.at_work().values())
        what = chance.choice((SERVER, RUN, "all"))
        handles = [] if what == SERVER else runs if what == "all" else runs[:1]
        dead = [RUN for handle in handles if killed(pid_of(handle))]
        if what != RUN:
            self.server.kill()
            self.server.wait()
            self.server = self.start()
            dead.append(SERVER)
        return dead

    def wrong(self) -> list[str]:
        """What is not as it should be just now; a state that is passed through counts as such."""
        accepted, alive, folders = self.accepted(), self.at_work(), self.folders()
        rows = {row.id: row for row in self.store.rows()}  # after what must be in them
        told = [f"{run} is lost" for run in accepted if run not in rows]
        told += [f"{folder.id} is not entered" for folder in folders if folder.id not in rows]
        live = [row for row in rows.values() if row.state in LIVE]
        told += [f"{run} is at work, unknown" for run in alive if run not in {r.id for r in live}]
        told += [f"{row.id} is {row.state} and dead" for row in live if not at_work(row, alive)]
        for row in rows.values():
            idle = row.state == State.QUEUED and len(live) < LIMITS.cpu_runs
            if idle or row.state not in {*LIVE, State.QUEUED, State.FINISHED}:
                told.append(f"{row.id} is {row.state}: {row.error}")
        return told

    def settle(self) -> tuple[float, list[str]]:
        """Wait until all is right, at most so long: (seconds that took, what is wrong still)."""
        begun = time.monotonic()
        while (wrong := self.wrong()) and time.monotonic() - begun < RIGHT_WITHIN:
            time.sleep(0.02)
        return time.monotonic() - begun, wrong

    def finish(self, seconds: float) -> None:
        """Let every run come to its end, or give up."""
        (self.home / "enough").touch()
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(
            row.state != State.FINISHED for row in self.store.rows()
        ):
            time.sleep(0.05)

    def end(self) -> None:
        self.server.kill()
        self.server.wait()
        for handle in self.at_work().values():
            killed(pid_of(handle))
        self.store.close()


def at_work(row: Row, alive: dict[str, str]) -> bool:
    return row.id in alive or is_alive(row.handle) is True


def killed(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def kill_matrix(home: Path, kills: int, seed: int = 0) -> list[rows.Row]:
    """Kill so many processes at random moments, let all runs end, and look at what they left."""
    chance, site, dead = random.Random(seed), Site(home), Counter()
    slowest, never = 0.0, []
    try:
        while sum(dead.values()) < kills:
            time.sleep(chance.uniform(0.0, 0.5))
            dead.update(site.kill(chance))
            seconds, wrong = site.settle()
            slowest = max(slowest, seconds)
            never += wrong
        site.finish(60.0 + kills / 10)
        lost = [run for run in site.accepted() if not is_whole(site, run)]
        twice = [told for folder in site.folders() for told in doubles(folder)]
        illegal = [told for row in site.store.rows() for told in illegal_moves(site.store, row)]
        damage = [found for found in [site.store.database.damage()] if found]
    finally:
        site.end()
    count, runs = sum(dead.values()), len(site.accepted())
    attempts = sum(row.attempt for row in reopened(home))
    how = f"{dead[SERVER]} servers, {dead[RUN]} runs"
    return [
        ("kill -9 of server and runs: runs lost", count, len(lost), f"{how}; {runs} runs {lost}"),
        ("the same: run twice", count, len(twice), f"{attempts} attempts {twice[:3]}"),
        ("the same: illegal moves", count, len(illegal), f"{illegal[:3]}"),
        ("the same: not right in 10 s", count, len(never), f"slowest {slowest:.1f} s {never[:3]}"),
        ("the same: database damaged", count, len(damage), f"{damage}"),
    ]


def reopened(home: Path) -> list[Row]:
    with closing(Store(home / "saccade.db")) as store:
        return store.rows()


def is_whole(site: Site, run: str) -> bool:
    """Whether a run finished with the chain that an undisturbed one has."""
    saved, row = BEGIN, site.store.row(run)
    for _ in range(CONFIG["steps"]):
        saved = chained(saved)
    folder = RunFolder(site.runs / run)
    return bool(row) and row.state == State.FINISHED and folder.read("saved.json") == saved


def doubles(folder: RunFolder) -> list[str]:
    """Signs that two processes worked on a run at once, or that one did work that was done."""
    witness, told = folder.path / "witness", []
    lines = witness.read_text().splitlines() if witness.exists() else []
    told += [f"{folder.id}: two at once" for line in lines if json.loads(line)["alive"]]
    seq, fence, steps = 0, [0, 0], {}
    for event in EventReader(folder.path / "events.jsonl").events():
        if event["seq"] != seq + 1:
            told.append(f"{folder.id}: event {event['seq']} after {seq}")
        seq = event["seq"]
        if event["kind"] == "progress":
            if event["fence"] < fence:
                told.append(f"{folder.id}: a word of {event['fence']} after {fence}")
            fence, step = event["fence"], event["step"]
            if step <= steps.get(tuple(fence), -1):
                told.append(f"{folder.id}: step {step} twice in attempt {fence}")
            steps[tuple(fence)] = step
    if len({attempt for attempt, _ in steps}) != len(steps):
        told.append(f"{folder.id}: an attempt was started twice")
    return told


def illegal_moves(store: Store, row: Row) -> list[str]:
    """Changes of state that states.py does not know, and attempts that fall."""
    told, last, before = [], "", 0
    for attempt, source, target in store.moves(row.id):
        if source != last or (source and State(target) not in MOVES[State(source)]):
            told.append(f"{row.id}: {source} -> {target} after {last}")
        if attempt < before:
            told.append(f"{row.id}: attempt {attempt} after {before}")
        last, before = target, attempt
    return told + ([] if last == row.state else [f"{row.id}: {row.state}, moved to {last}"])
