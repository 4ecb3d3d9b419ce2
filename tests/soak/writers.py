"""Several processes write to one database and are killed in the middle: is it whole, and is all of
it there that was acknowledged?
"""

import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from backend.runs.store import Store
from backend.settings import CHECKOUT
from tests.soak.kills import illegal_moves
from tests.soak.rows import Row

WRITERS = 3


class Writers:
    """Processes that write; one that is killed is followed by another."""

    def __init__(self, home: Path) -> None:
        self.home, self.count = home, 0  # processes started so far
        self.running = [self.start() for _ in range(WRITERS)]

    def start(self) -> subprocess.Popen:
        self.count += 1
        command = [sys.executable, "-m", "tests.soak.writer", str(self.home), f"w{self.count}"]
        return subprocess.Popen(command, cwd=CHECKOUT)

    def kill(self, several: int) -> int:
        """Kill the oldest so many, once these have begun to write; how many that were."""
        dead, first = self.running[:several], self.count - WRITERS + 1
        for number, writer in enumerate(dead, first):
            while not (self.home / f"w{number}").exists() and writer.poll() is None:
                time.sleep(0.01)
        for writer in dead:
            writer.kill()
            writer.wait()
        self.running = self.running[several:] + [self.start() for _ in dead]
        return several

    def end(self) -> None:
        for writer in self.running:
            writer.kill()
            writer.wait()


def kill_writers(home: Path, kills: int, seed: int = 0) -> list[Row]:
    """Kill so many writers at random moments, and look at the database after each."""
    home.mkdir(parents=True)
    chance, writers, damage, dead = random.Random(seed), Writers(home), [], 0
    with closing(Store(home / "saccade.db")) as store:
        try:
            while dead < kills:
                time.sleep(chance.uniform(0.0, 0.05))
                dead += writers.kill(chance.choice((1, WRITERS, WRITERS)))
                if chance.random() < 0.2:
                    damage += [told for told in [store.database.damage()] if told]
        finally:
            writers.end()
        damage += [told for told in [store.database.damage()] if told]
        rows = store.rows()
        wrong = [told for row in rows for told in illegal_moves(store, row)]
        there, lines = {row.id for row in rows}, acknowledged(home)
        lost = [line for line in lines if " " not in line and line not in there]
        moves = sum(len(store.moves(row.id)) for row in rows)
    refused = [line for line in lines if line.startswith("refused")]
    note = f"{WRITERS} writers at once, {moves} transactions"
    return [
        ("kill -9 of writers: database damaged", dead, len(damage), f"{note} {damage[:1]}"),
        ("the same: acknowledged and not there", dead, len(lost), f"{len(rows)} runs"),
        ("the same: half a change", dead, len(wrong), f"{wrong[:3]}"),
        ("the same: refused as locked", dead, len(refused), f"{refused[:1]}"),
    ]


def acknowledged(home: Path) -> list[str]:
    return [line for path in home.glob("w*") for line in path.read_text().splitlines()]
