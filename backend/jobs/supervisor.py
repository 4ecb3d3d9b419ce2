"""Keeps the queue going while the server runs."""

import threading
import traceback
from collections.abc import Callable

from backend.jobs.queue import Queue

PERIOD = 0.5  # seconds between two looks at the processes
ADOPTION = 4  # looks between two searches for run directories that the store does not know


class Supervisor:
    """A thread that ticks. Whatever goes wrong in one tick, the next one comes.

    beat: called after each look that went well.
    """

    def __init__(
        self,
        queue: Queue,
        log: Callable[[str], None],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.queue, self.log, self.beat = queue, log, beat
        self.ended = threading.Event()
        self.called = threading.Event()
        self.thread = threading.Thread(target=self.run, name="supervisor", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """End the thread; the runs go on."""
        self.ended.set()
        self.called.set()
        self.thread.join()

    def wake(self) -> None:
        """Look at once: something was queued."""
        self.called.set()

    def run(self) -> None:
        looks = 0
        while not self.ended.is_set():
            self.called.clear()
            try:
                if looks % ADOPTION == 0:
                    self.queue.adopt()
                    self.queue.trash.purge(self.queue.clock())
                self.queue.tick()
                self.beat()
            except Exception:
                self.log(traceback.format_exc())
            looks += 1
            self.called.wait(PERIOD)
