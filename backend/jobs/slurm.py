"""Runs jobs on a cluster, through Slurm's own programs. The run directory lies on a shared disk.

A job is named RUN.ATTEMPT and works in its run directory: by these two it is found again, so that
an attempt is submitted once even where this process dies between Slurm's answer and our note of
it. Slurm may start one submission twice; the lock of the run directory refuses the second copy.
"""

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from backend.jobs.batch import STARTS
from backend.jobs.launcher import WORKER, Job, Signal, Status, arguments, python
from backend.jobs.local import Local
from backend.jobs.process import is_of_a_process
from backend.jobs.slurmcalls import ENDED, Entry, Listing, SlurmCalls
from backend.runs import plain
from backend.runs.folder import RunFolder

KIND = "slurm/"  # what its handles begin with; the job's number follows
BATCH = "backend.jobs.batch"
WARNING = 120  # seconds before the time limit at which Slurm tells the job
EVERY = 5.0  # seconds for which one answer of squeue serves all who ask
SILENCE = 60.0  # seconds without a heartbeat until a job that Slurm forgot counts as gone
TOLD = {Signal.STOP: "HUP", Signal.SAVE: "USR2"}  # backend.jobs.batch hands them on


@dataclass(frozen=True)
class Wanted:
    """What one run asks of the cluster; "" and 0 leave it to the cluster."""

    partition: str = ""
    account: str = ""
    time_limit: str = ""  # as sbatch reads it: minutes, H:MM:SS or D-HH:MM:SS
    memory: str = ""  # of each node, as sbatch reads it: 16G
    nodes: int = 1
    gpus: int = 0  # of each node; one process each
    cpus: int = 0  # of each node

    @property
    def processes(self) -> int:
        """How many processes of torchrun train on each node."""
        return max(self.gpus, 1)

    def options(self) -> list[str]:
        """The words for sbatch."""
        words = {
            "partition": self.partition,
            "account": self.account,
            "time": self.time_limit,
            "mem": self.memory,
            "nodes": self.nodes,
            "gres": f"gpu:{self.gpus}" if self.gpus else "",
            "cpus-per-task": self.cpus,
        }
        return [f"--{word}={value}" for word, value in words.items() if value]


class Slurm:
    """A launcher that submits to Slurm. Jobs that run on this computer are polled as usual."""

    queues = True

    def __init__(
        self,
        wanted: Wanted | None = None,
        calls: SlurmCalls | None = None,
        worker: str = WORKER,
        every: float = EVERY,
    ) -> None:
        self.wanted, self.calls = wanted or Wanted(), calls or SlurmCalls()
        self.worker, self.every, self.others = worker, every, Local()
        self.lock = threading.Lock()  # requests and the supervisor poll
        self.seen: Listing | TimeoutError = {}
        self.looked = float("-inf")  # when `seen` was seen
        self.killed: set[tuple[str, str]] = set()  # jobs that were at work when they were killed

    def start(self, job: Job) -> str:
        entry = self.entry(job, fresh=True)
        if not entry:
            number = self.submit(job)
            self.looked = float("-inf")
        return KIND + (entry.number if entry else number)

    def submit(self, job: Job) -> str:
        """Enter the job. Paths and ids go as arguments, and no shell ever reads them."""
        plain.appended(job.folder / "log.txt").close()  # Slurm would follow a link
        log = str(job.folder / "log.txt").replace("%", "%%")  # sbatch puts numbers for %j and such
        options = [
            f"--job-name={job.name}",
            f"--chdir={job.folder}",
            f"--output={log}",
            "--open-mode=append",
            "--requeue",
            f"--signal=B:USR1@{WARNING}",
            "--ntasks-per-node=1",
            *self.wanted.options(),
        ]
        command = python(BATCH) + arguments(job)
        command += [f"--worker={self.worker}", f"--processes={self.wanted.processes}"]
        return self.calls.submit(options, command)

    def poll(self, jobs: Iterable[Job]) -> dict[str, Status]:
        jobs = list(jobs)
        here = [job for job in jobs if is_of_a_process(job.handle)]
        found = self.others.poll(here)
        there = [job for job in jobs if job.run not in found]
        if not there:
            return found
        try:
            listing = self.listing(there)
        except TimeoutError:
            return found | {job.run: self.unheard(job) for job in there}
        return found | {job.run: self.status(job, listing.get(key(job))) for job in there}

    def status(self, job: Job, entry: Entry | None) -> Status:
        """What a fresh listing says of a job, and the lock of its directory, which is right where
        Slurm has lost sight of a process. One with a result is over, though a controller that was
        killed may want to begin it again. One that is not listed was never submitted, or ended
        long ago, or the controller forgot it: then the heartbeat tells."""
        folder = RunFolder(job.folder)
        if folder.is_held():
            return Status.RUNNING
        if entry and entry.lives:
            return Status.GONE if folder.result(job.attempt) else Status.RUNNING
        if not entry and folder.silence() < SILENCE:
            return Status.UNKNOWN
        return Status.GONE

    def unheard(self, job: Job) -> Status:
        """Without the controller: at work if someone on this computer holds the run's lock."""
        return Status.RUNNING if RunFolder(job.folder).is_held() else Status.UNKNOWN

    def signal(self, job: Job, signal: Signal) -> None:
        if is_of_a_process(job.handle):
            return self.others.signal(job, signal)
        entry = self.entry(job, fresh=True)
        if not entry or not entry.lives:
            return
        held = RunFolder(job.folder).is_held()
        if signal is Signal.KILL:
            self.killed |= {key(job)} if held else set()
            self.calls.cancel(entry.number, "--full", "--signal=KILL")
            self.calls.cancel(entry.number)  # or it would wait to be started again
        elif entry.state != "PENDING" and held:
            self.calls.cancel(entry.number, "--batch", f"--signal={TOLD[signal]}")
        elif signal is Signal.STOP:  # a job that Slurm is still starting would not hear of it
            self.calls.cancel(entry.number)
        self.looked = float("-inf")

    def cause(self, job: Job) -> str:
        if is_of_a_process(job.handle):
            return self.others.cause(job)
        if key(job) in self.killed:
            return "killed"  # Slurm calls it cancelled, as one that only waited
        try:
            entry = self.entry(job)
        except TimeoutError:
            return ""
        number = job.handle.removeprefix(KIND)
        state = entry.state if entry else self.calls.accounted(number) if number else ""
        cause = ENDED.get(re.sub(r"\W.*", "", state), "")
        said = RunFolder(job.folder).read(STARTS) or {}  # Slurm knows its exit code alone
        ends = said.get("attempt") == job.attempt and said.get("ends") == "timeout"
        return "timeout" if cause == "killed" and ends else cause

    def entry(self, job: Job, fresh: bool = False) -> Entry | None:
        """What Slurm knows of a job. Raises TimeoutError where it does not answer."""
        if fresh:
            self.looked = float("-inf")
        return self.listing([job]).get(key(job))

    def listing(self, jobs: list[Job]) -> Listing:
        """Slurm's jobs as they were a few seconds ago at most; anew where one of ours is missing,
        for another process may have submitted it."""
        with self.lock:
            recent = time.monotonic() - self.looked < self.every
            if recent and isinstance(self.seen, TimeoutError):
                raise self.seen
            if not recent or any(key(job) not in self.seen for job in jobs):
                try:
                    self.seen = self.calls.listing()
                except TimeoutError as error:
                    self.seen = error
                    raise
                finally:
                    self.looked = time.monotonic()
            return self.seen


def key(job: Job) -> tuple[str, str]:
    """By what a job is found among Slurm's: two homes may hold runs of one id."""
    return job.name, str(job.folder)
