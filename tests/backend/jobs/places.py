"""The places where the contract of launchers is tested, each with what a test may do to it."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from backend.jobs import inline
from backend.jobs.inline import Inline
from backend.jobs.launcher import Launcher, environment
from backend.jobs.local import Local
from backend.jobs.slurm import Slurm, Wanted
from backend.jobs.slurmcalls import Entry, Listing, SlurmCalls
from tests.backend.jobs.standin import Counting
from tests.slurm import Cluster

COUNTING = "tests.backend.jobs.standin"
SOON = 0.1  # seconds between two looks at Slurm's jobs

# Where a test is tried: everywhere, in processes apart, or where a job may be begun again.
everywhere = pytest.mark.parametrize("place", ["inline", "local", "fake", "slurm"], indirect=True)
apart = pytest.mark.parametrize("place", ["local", "fake", "slurm"], indirect=True)
again = pytest.mark.parametrize("place", ["fake", "slurm"], indirect=True)


class Place:
    """Makes launchers, as many as there would be starts of the server."""

    returns = False  # whether its jobs are started again when they made room

    def launcher(self) -> Launcher:
        raise NotImplementedError

    def leave(self) -> None:
        """End what is still running."""


class InlinePlace(Place):
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(inline, "Worker", Counting)

    def launcher(self) -> Inline:
        return Inline()


class LocalPlace(Place):
    def __init__(self) -> None:
        self.made: list[Local] = []

    def launcher(self) -> Local:
        self.made.append(Local(COUNTING))
        return self.made[-1]

    def leave(self) -> None:
        for child in (child for local in self.made for child in local.children.values()):
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


class SlurmPlace(Place):
    """The launcher of Slurm over the real programs, or over others that answer like these."""

    returns = True

    def __init__(self, calls: SlurmCalls) -> None:
        self.calls = calls

    def launcher(self, **wanted: object) -> Slurm:
        return Slurm(Wanted(**wanted), self.calls, COUNTING, SOON)

    def leave(self) -> None:
        if isinstance(self.calls, FakeCalls):
            self.calls.end()


class RealPlace(SlurmPlace):
    def __init__(self, cluster: Cluster) -> None:
        super().__init__(SlurmCalls())
        self.cluster = cluster

    def leave(self) -> None:
        self.cluster.clear()


class Told(SlurmCalls):
    """Notes what is submitted, and lists what a test says."""

    def __init__(self) -> None:
        self.words: list[tuple[list[str], list[str]]] = []
        self.jobs: dict = {}

    def submit(self, options, command) -> str:
        self.words.append((list(options), list(command)))
        return "17"

    def listing(self) -> dict:
        return self.jobs

    def accounted(self, number: str) -> str:
        return ""


class FakeCalls(SlurmCalls):
    """Answers as Slurm does, and runs the batch command itself. `folder` keeps its scontrol."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.jobs, self.away = folder, {}, False
        self.lost_answer = False  # whether the next job is submitted without an answer
        (folder / "scontrol").write_text(f"#!/bin/sh\ntouch {folder}/$1.$2\n")
        (folder / "scontrol").chmod(0o755)

    def submit(self, options: Sequence[str], command: Sequence[str]) -> str:
        self.answer()
        words = dict(word[2:].split("=", 1) for word in options if "=" in word)
        number = str(len(self.jobs) + 1)
        self.jobs[number] = [words, command, None, "RUNNING"]
        self.begin(number)
        if self.lost_answer:
            self.lost_answer = False
            raise TimeoutError("the answer was lost")
        return number

    def begin(self, number: str) -> None:
        words, command = self.jobs[number][:2]
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        with open(words["output"].replace("%%", "%"), "ab") as log:
            self.jobs[number][2] = subprocess.Popen(
                command,
                cwd=words["chdir"],
                env=environment() | {"SLURM_JOB_ID": number, "PATH": path},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def listing(self) -> Listing:
        self.answer()
        found: Listing = {}
        for number, job in self.jobs.items():
            if job[3] == "RUNNING" and (code := job[2].poll()) is not None:
                again = self.folder / f"requeue.{number}"
                if again.exists():
                    again.unlink()
                    self.begin(number)
                else:
                    job[3] = "FAILED" if code else "COMPLETED"
            found[job[0]["job-name"], job[0]["chdir"]] = Entry(number, job[3])
        return found

    def cancel(self, number: str, *options: str) -> None:
        self.answer()
        job = self.jobs[number]
        if job[3] != "RUNNING" or job[2].poll() is not None or "--state=PENDING" in options:
            return
        told = [word.split("=")[1] for word in options if word.startswith("--signal=")]
        number = getattr(signal, f"SIG{told[0] if told else 'KILL'}")
        job[2].send_signal(number) if "--batch" in options else os.killpg(job[2].pid, number)
        if "--batch" not in options:
            job[2].wait()

    def accounted(self, number: str) -> str:
        return ""

    def answer(self) -> None:
        if self.away:
            raise TimeoutError("the controller does not answer")

    def end(self) -> None:
        for job in self.jobs.values():
            if job[2].poll() is None:
                os.killpg(job[2].pid, signal.SIGKILL)
            job[2].wait()
