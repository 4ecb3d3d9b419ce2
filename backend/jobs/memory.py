"""How much memory did this process need at most since a given moment?"""

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
    try:
        lines = STATUS.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024**2 if sys.platform == "darwin" else 1024)
