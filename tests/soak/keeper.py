"""A server without its page: store, queue, supervisor and launcher as the real one has them.

    python -m tests.soak.keeper HOME

It queues tiny runs as long as few wait, and writes down each that was accepted, until HOME/enough
is there. It is made to be killed.
"""

import sys
import time
from pathlib import Path

from backend.jobs import supervisor
from backend.jobs.limits import Limits
from backend.jobs.local import Local
from backend.jobs.queue import Queue
from backend.runs.store import Store
from tests.soak.tiny import CONFIG
from tests.soak.writer import note

LIMITS = Limits(cpu_runs=3, free_mb=0, auto_resume=10**6)
MODULE = "tests.soak.tiny"
WAITING = 2


def main(home: Path) -> None:
    supervisor.PERIOD = 0.1
    queue = Queue(Store(home / "saccade.db"), home / "runs", home, Local(MODULE), limits=LIMITS)
    keeper = supervisor.Supervisor(queue, lambda text: note(home / "server.log", text))
    keeper.start()
    while True:
        if not (home / "enough").exists() and len(queue.store.rows({"queued"})) < WAITING:
            note(home / "accepted", queue.submit(CONFIG, "photos", "0"))
            keeper.wake()
        time.sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
