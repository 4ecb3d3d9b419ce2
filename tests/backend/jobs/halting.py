"""A worker that is asked to stop as it heeds a step: for torchrun, where no test sets its wishes.

STOP_AT=11 python -m tests.backend.jobs.halting --run-dir DIR
"""

import os
import sys

from backend.jobs import worker


class Halting(worker.Worker):
    def heed(self, progress, saves) -> None:
        self.wishes.stop = self.wishes.stop or progress.step == int(os.environ["STOP_AT"])
        super().heed(progress, saves)


if __name__ == "__main__":
    worker.Worker = Halting
    sys.exit(worker.main())
