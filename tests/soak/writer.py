"""Writes to a database without end; made to be killed.

    python -m tests.soak.writer HOME NAME

It enters runs and moves everyone's through their states, and appends to HOME/NAME what the store
took and each refusal.
"""

import itertools
import os
import random
import sys
from pathlib import Path

from backend.errors import SaccadeError
from backend.jobs.states import State
from backend.runs.store import Store

WAY = (State.STARTING, State.RUNNING, State.INTERRUPTED, State.QUEUED)


def write(home: Path, name: str) -> None:
    try:
        store, chance = Store(home / "saccade.db"), random.Random(name)
        for number in itertools.count():
            run = f"{name}-{number}"
            if store.add(run, "2026", State.QUEUED, 1, 0.0):
                note(home / name, run)
            row = chance.choice(store.rows()[-8:])
            target = WAY[(WAY.index(State(row.state)) + 1) % len(WAY)]
            store.move(row, target, 0.0, attempt=row.attempt + (target == State.QUEUED))
    except SaccadeError as error:
        note(home / name, f"refused: {error}")


def note(path: Path, line: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(file, f"{line}\n".encode())
    os.close(file)


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2])
