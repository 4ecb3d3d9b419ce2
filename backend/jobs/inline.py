"""Runs a job in this very process, while its caller waits: for the command line and for tests."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend.jobs.attempt import Watch
from backend.jobs.launcher import Job, Signal, Status
from backend.jobs.local import Local
from backend.jobs.process import handle_of
from backend.jobs.worker import Worker
from backend.runs.folder import RunFolder

if TYPE_CHECKING:
    from models.parallel.ranks import Ranks


class Inline:
    """A launcher whose `start` returns when the job has ended.

    What other processes run in the same home is polled as usual.
    """

    queues = False

    def __init__(
        self, analyses: bool = True, watch: Watch | None = None, ranks: "Ranks | None" = None
    ) -> None:
        self.analyses, self.watch, self.ranks, self.others = analyses, watch, ranks, Local()

    def start(self, job: Job) -> str:
        folder = RunFolder(job.folder)
        Worker(folder, job.home, job.attempt, self.analyses, self.watch, self.ranks).run()
        return handle_of(os.getpid())

    def poll(self, jobs: Iterable[Job]) -> dict[str, Status]:
        return self.others.poll(jobs)

    def signal(self, job: Job, signal: Signal) -> None:
        self.others.signal(job, signal)

    def cause(self, job: Job) -> str:
        return self.others.cause(job)
