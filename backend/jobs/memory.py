"""How much memory does this process need, and has the system ended processes for the lack of it?"""

import sys
from pathlib import Path

CGROUPS, GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
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


def oom_kills() -> dict[str, object]:
    """How many processes the system ended for want of memory in the group of this process.

    {"group": its name, "count": so many}; {} where the system does not say so. Linux, both
    versions of control groups.
    """
    try:
        lines = [line.split(":", 2) for line in GROUP.read_text().splitlines()]
    except OSError:
        return {}
    for number, kinds, name in lines:
        if "memory" in kinds.split(","):
            places = (CGROUPS / "memory", "memory.oom_control")
        elif number == "0":
            places = (CGROUPS, "memory.events")
        else:
            continue
        for folder in (places[0] / name.lstrip("/"), places[0]):
            if (count := counted(folder / places[1])) is not None:
                return {"group": name, "count": count}
    return {}


def counted(path: Path) -> int | None:
    """The number after oom_kill in a file of a control group."""
    try:
        words = dict(line.split() for line in path.read_text().splitlines())
        return int(words["oom_kill"])
    except (OSError, ValueError, KeyError):
        return None
