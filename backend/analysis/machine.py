"""On what was this measured?"""

import os
import platform
from pathlib import Path

import numpy
import torch

from models.device import instructions

CPUINFO = Path("/proc/cpuinfo")


def machine(device: torch.device) -> dict[str, str | int]:
    """Processor, cores this process may use, threads, GPU if the device is one, and versions."""
    found: dict[str, str | int] = {
        "processor": processor(),
        "instructions": instructions(),
        "cores": cores(),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "device": device.type,
    }
    if device.type == "cuda":
        found["gpu"] = torch.cuda.get_device_name(device)
    return found


def cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def processor() -> str:
    try:
        lines = CPUINFO.read_text().splitlines()
        return next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
