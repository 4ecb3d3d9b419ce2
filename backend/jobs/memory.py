"""How much memory does this process need, now and at most since a given moment?"""

import sys
from pathlib import Path

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def start_peak() -> None:
    """Forget the peak so far, where the system can (Linux)."""
    try:
        RESET.write_text("5")
    except OSError:
        return


def peak_mb() -> int | None:
    """Greatest resident memory in MiB since `start_peak`, else since the process began.

    Pages of memory-mapped files count while they are resident. None where it cannot be known.
    """
    if (known := status_mb("VmHWM")) is not None:
        return known
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024**2 if sys.platform == "darwin" else 1024)


def status_mb(line: str) -> int | None:
    """A line of what Linux tells of this process, in MiB: VmHWM the peak, VmRSS what it holds."""
    try:
        lines = STATUS.read_text().splitlines()
        return next(int(each.split()[1]) for each in lines if each.startswith(line)) // 1024
    except (OSError, StopIteration):
        return None
