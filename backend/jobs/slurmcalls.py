"""What is asked of Slurm's own programs, and what do they answer? Argument lists, never a shell.

A program that does not answer in time, or that cannot reach the controller, is told apart from one
that refuses: the first raises TimeoutError, which says nothing of any job.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.errors import ConflictError
from backend.jobs.launcher import environment

SCRIPT = Path(__file__).with_name("slurm.sh")
PATIENCE = 5.0  # seconds for an answer
FIELDS = "%i|%T|%j|%Z"  # job id, state, name, working directory
# What Slurm and a worker's libraries want of the server's variables; nothing else goes along.
WANTED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "SLURM_CONF")
PREFIXES = ("LC_", "LD_", "OMP_", "GOMP_", "MKL_", "CUDA_", "NCCL_", "GLOO_", "SBATCH_")
ENDED = {  # the states a job does not leave again, and what they mean for a run without a result
    "COMPLETED": "",
    "FAILED": "killed",
    "CANCELLED": "cancelled",
    "OUT_OF_MEMORY": "oom_host",
    "TIMEOUT": "timeout",
    "DEADLINE": "timeout",
    "PREEMPTED": "preempted",
    "NODE_FAIL": "lost",
    "BOOT_FAIL": "lost",
    "REVOKED": "lost",
}
# What sbatch of Slurm 22.05 says, in its own words or in those of the system, where the controller
# is away or went away in the midst of the call, and may have taken the job. Refusals are others.
NO_ANSWER = re.compile(
    "unable to contact|timed out|standby mode|zero bytes were|zero length message|entire message"
    "|communication (connection|shutdown) failure|message (send|receive) failure|missing socket"
    "|connection (refused|reset)|broken pipe|transport endpoint|no route to|network is (down|unr)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Entry:
    """One job as the controller knows it."""

    number: str
    state: str  # of `squeue`: PENDING, RUNNING, NODE_FAIL ...

    @property
    def lives(self) -> bool:
        return self.state not in ENDED


Listing = dict[tuple[str, str], Entry]  # by name and working directory


class SlurmCalls:
    """The programs sbatch, squeue, scancel and sacct."""

    def submit(self, options: Sequence[str], command: Sequence[str]) -> str:
        """Enter a job and return its number. Raises ConflictError with what Slurm says.

        Raises TimeoutError where it is not known whether the job was taken.
        """
        done = call("sbatch", "--parsable", *options, str(SCRIPT), *command)
        if done.returncode and NO_ANSWER.search(last(done.stderr)):
            raise TimeoutError(f"Slurm's controller does not answer: {last(done.stderr)}")
        if done.returncode:
            raise ConflictError(
                f"Slurm does not take the run ({last(done.stderr)}); mend that and resume it"
            )
        return done.stdout.strip().split(";")[0]

    def listing(self) -> Listing:
        """Every job of this user that the controller has not forgotten yet."""
        user = f"--user={os.getuid()}"
        done = call("squeue", user, "--states=all", "--noheader", f"--format={FIELDS}")
        if done.returncode:
            raise TimeoutError(f"Slurm's controller does not answer: {last(done.stderr)}")
        found: Listing = {}
        for line in done.stdout.splitlines():
            number, state, name, folder = line.split("|", 3)
            entry = Entry(number, state)
            if entry.lives or (name, folder) not in found:
                found[name, folder] = entry
        return found

    def cancel(self, number: str, *options: str) -> None:
        """scancel: without options the job ends; --signal and --state as there."""
        done = call("scancel", *options, number)
        if done.returncode:
            self.listing()  # raises where the controller is away; else the job is

    def accounted(self, number: str) -> str:
        """How the accounting says a job ended; "" where there is none."""
        try:
            done = call("sacct", "-n", "-P", "-X", "-j", number, "-o", "State")
        except (TimeoutError, FileNotFoundError):
            return ""
        return done.stdout.split()[0] if not done.returncode and done.stdout.strip() else ""


def call(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a program. Raises TimeoutError where it takes too long, ConflictError without it."""
    given = environment()
    wanted = {k: v for k, v in given.items() if k in WANTED or k.startswith(PREFIXES)}
    try:
        return subprocess.run(
            words, capture_output=True, text=True, timeout=PATIENCE, env=wanted, errors="replace"
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"Slurm's {words[0]} did not answer in {PATIENCE:.0f} s") from None
    except FileNotFoundError:
        raise ConflictError(
            f"there is no program {words[0]} here; install Slurm's, or set SACCADE_LAUNCHER to "
            "local"
        ) from None


def last(said: str) -> str:
    """The last line of what a program said, without its own name."""
    lines = [line for line in said.splitlines() if line.strip()] or ["without a word"]
    return lines[-1].removeprefix("sbatch: error: ").removeprefix("slurm_load_jobs error: ")
