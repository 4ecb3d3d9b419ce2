"""How much may a queue take at once: runs side by side, runs that wait, disk, second tries?"""

from collections.abc import Sequence
from dataclasses import dataclass

ANY = "auto"  # a device that turns out when the run begins: the GPU where there is one, or the CPU


@dataclass(frozen=True)
class Limits:
    cpu_runs: int = 1  # on the processor at once; on any other device there is one
    waiting: int = 100  # runs
    free_mb: int = 2048  # on the disk of the home, for a new run
    auto_resume: int = 1  # times that an interrupted run goes on without being asked

    def fits(self, device: str, busy: Sequence[str]) -> bool:
        """Whether a run may begin on a device beside those that are at work."""
        if device != "cpu" and any(other in (device, ANY) for other in busy):
            return False
        if device not in ("cpu", ANY):
            return True
        return sum(other in ("cpu", ANY) for other in busy) < self.cpu_runs
