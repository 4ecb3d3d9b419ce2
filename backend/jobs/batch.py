"""What runs on the node that Slurm gave: the worker, and between the two whoever passes signals on.

    python -m backend.jobs.batch --run-dir DIR --home DIR --attempt N [--processes P]

USR1    the time limit is near: the worker saves and makes room, and the job is queued once more
TERM    Slurm takes the node away (it tells the worker itself): the worker saves and makes room
HUP     stop: the worker saves and ends
USR2    the worker saves and goes on; only where it is one process

Several processes, on one node or more, are started by srun and torchrun.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from backend.jobs.launcher import WORKER, Job, arguments, python
from backend.jobs.signals import AGAIN
from backend.runs import plain
from backend.runs.facts import is_count
from backend.runs.folder import RunFolder

NEVER = 1  # exit code of a job that another start would not get further
NO_TIME = (
    "the time limit was near before the first step; set SACCADE_TIME_LIMIT to what reading the "
    "data takes, and the 2 minutes before the limit in which a run saves, and some time to train"
)
IN_VAIN = 2  # starts in a row that add nothing, after which there is no other
NO_GAIN = (
    "the time limit was near in two starts in a row without anything further to save: what is to "
    "be done next takes longer than a job is given; set SACCADE_TIME_LIMIT to more, then resume "
    "the run"
)
# Of a run directory: how many starts of an attempt added nothing, or as what its launcher is to
# tell that there is no other.
STARTS = "starts.json"
PORTS = 20000, 10000  # the first and how many; the job's number picks one for torchrun
PASSED = {
    signal.SIGUSR1: signal.SIGTERM,
    signal.SIGHUP: signal.SIGHUP,
    signal.SIGUSR2: signal.SIGUSR1,
    signal.SIGTERM: None,
}


class Batch:
    """One start of a job. `slurm` are the variables that Slurm gives it."""

    def __init__(
        self,
        job: Job,
        worker: str = WORKER,
        processes: int = 1,
        slurm: Mapping[str, str] = os.environ,
    ) -> None:
        self.job, self.worker, self.processes = job, worker, processes
        self.slurm, self.number = slurm, slurm["SLURM_JOB_ID"]
        self.nodes = int(slurm.get("SLURM_JOB_NUM_NODES", "1"))
        self.child: subprocess.Popen | None = None
        self.early: list[signal.Signals] = []  # came before there was a child
        self.warned = False

    def run(self) -> int:
        """Start the worker and wait for it; the exit code."""
        for number in PASSED:
            signal.signal(number, self.on_signal)
        folder = RunFolder(self.job.folder)
        before = left(folder)
        self.child = subprocess.Popen(self.command(), env=self.environment())
        for number in self.early:
            self.on_signal(number)
        code = self.child.wait()
        in_vain = self.in_vain(folder, before)
        if not self.warned or folder.result(self.job.attempt):
            return code if code >= 0 else 128 - code
        if (folder.read("heartbeat") or {}).get("phase", "loading") == "loading":
            return self.never(folder, NO_TIME)
        if in_vain >= IN_VAIN:
            return self.never(folder, NO_GAIN)
        subprocess.run(["scontrol", "requeue", self.number], check=False)
        return AGAIN

    def never(self, folder: RunFolder, why: str) -> int:
        """End for want of time, which is said to people and to the launcher."""
        folder.log(why)
        with suppress(OSError):
            folder.write(STARTS, {"attempt": self.job.attempt, "ends": "timeout"})
        return NEVER

    def in_vain(self, folder: RunFolder, before: set[str | bytes]) -> int:
        """How many starts in a row, up to this one, were warned of the time limit and left nothing
        that was not there before them. One that Slurm cut short otherwise is passed over."""
        told, attempt = folder.read(STARTS) or {}, self.job.attempt
        known = told.get("in_vain") if told.get("attempt") == attempt else 0
        count = known if is_count(known) else 0
        count = 0 if left(folder) - before else count + self.warned
        if count or told:
            with suppress(OSError):
                folder.write(STARTS, {"attempt": attempt, "in_vain": count})
        return count

    def on_signal(self, number: int, _: object = None) -> None:
        number = signal.Signals(number)
        self.warned = self.warned or number is signal.SIGUSR1
        told = PASSED[number]
        if not self.child:
            self.early.append(number)
        elif told and not self.is_shared:
            self.child.send_signal(told)
        elif told in (signal.SIGTERM, signal.SIGHUP):
            subprocess.Popen(["scancel", f"--signal={told.name[3:]}", self.number])

    @property
    def is_shared(self) -> bool:
        return self.nodes * self.processes > 1

    def command(self) -> list[str]:
        """The worker, or torchrun once on every node."""
        told = [*arguments(self.job), f"--handle=slurm/{self.number}"]
        if not self.is_shared:
            return python(self.worker) + told
        first, count = PORTS
        torchrun = [
            *python("torch.distributed.run"),
            f"--nnodes={self.nodes}",
            f"--nproc-per-node={self.processes}",
            f"--rdzv-id={self.number}",
            "--rdzv-backend=c10d",
            f"--rdzv-endpoint={socket.gethostname()}:{first + int(self.number) % count}",
            "-m",
            self.worker,
        ]
        return ["srun", "--kill-on-bad-exit=1", "--ntasks-per-node=1", *torchrun, *told]

    def environment(self) -> dict[str, str]:
        """What Slurm gives, and for srun the processors of a task, which it does not take over."""
        cpus = self.slurm.get("SLURM_CPUS_PER_TASK")
        return dict(self.slurm) | ({"SRUN_CPUS_PER_TASK": cpus} if cpus else {})


def left(folder: RunFolder) -> set[str | bytes]:
    """What the next start goes on from: the names of checkpoints, and the summaries of analyses,
    which are written anew with each piece that is done."""
    found: set[str | bytes] = {path.name for path in (folder.path / "checkpoints").glob("[!.]*")}
    for summary in (folder.path / "analysis").glob("*/analysis.json"):
        with suppress(OSError):
            found.add(plain.read(summary))
    return found


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}", description=__doc__)
    parser.add_argument("--run-dir", type=Path, required=True, metavar="DIR")
    parser.add_argument("--home", type=Path, required=True, metavar="DIR")
    parser.add_argument("--attempt", type=int, required=True, metavar="N")
    parser.add_argument("--worker", default=WORKER, metavar="MODULE")
    parser.add_argument("--processes", type=int, default=1, metavar="P", help="on each node")
    options = parser.parse_args(words)
    folder = RunFolder(options.run_dir)
    job = Job(folder.id, options.attempt, folder.path, options.home)
    return Batch(job, options.worker, options.processes).run()


if __name__ == "__main__":
    sys.exit(main())
