"""Is this still the same process? A number alone does not say so: numbers are used again.

A handle is BOOT/PID/START: which start of the computer, which process, begun at which tick. Where
the system has no /proc, BOOT and START are "-" and the lock on the run directory decides.
"""

import os
import signal
from pathlib import Path

PROC = Path("/proc")
UNKNOWN = "-"


def handle_of(pid: int) -> str:
    """The handle of a process that runs now."""
    start = start_of(pid)
    boot = boot_id() if start != UNKNOWN else UNKNOWN
    return f"{boot}/{pid}/{start}"


def pid_of(handle: str) -> int | None:
    parts = handle.split("/")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdecimal() else None


def is_of_a_process(handle: str) -> bool:
    """Whether this is a handle of a process at all; engines have handles of their own."""
    return pid_of(handle) is not None


def is_alive(handle: str) -> bool | None:
    """Whether the process of a handle runs; None where only its lock can tell."""
    pid = pid_of(handle)
    if pid is None or handle.startswith(f"{UNKNOWN}/"):
        return None
    return handle == handle_of(pid)


def boot_id() -> str:
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "boot"


def start_of(pid: int) -> str:
    """When a process began, in ticks since the boot; "-" if it is gone, a zombie or unknowable."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return UNKNOWN
    # The name, in brackets, may hold anything; the state comes after it, field 22 counts from 1.
    fields = stat[stat.rindex(")") + 2 :].split()
    return UNKNOWN if fields[0] in "ZX" else fields[19]


def send(pid: int, number: int) -> None:
    """Send a signal to a process and to all it started, if it is still there."""
    try:
        if hasattr(os, "killpg") and os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def end_others() -> None:
    """End what this process started and no signal reached, where it leads a session of its own."""
    if hasattr(os, "getsid") and os.getsid(0) == os.getpid():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
