"""How fast does a rule train, and in how much memory, in a process that does nothing else?

python -m backend.jobs.speed --run-dir DIR --home HOME      prints one JSON object
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch

from backend.errors import failure_of
from backend.jobs.machine import machine
from backend.jobs.memory import peak_mb, start_peak
from backend.runs.folder import RunFolder
from models.config import TrainConfig
from models.data import load
from models.device import pick_device
from models.train import train

WARM_UP, STEPS = 5, 20
DEFINITION = (
    f"Speed and memory apart: {STEPS} training steps after {WARM_UP} to warm up, from the "
    "untrained encoder, in a fresh process. Memory: greatest resident memory of that process, with "
    "Python, PyTorch and the images it has read; on a GPU the greatest that PyTorch has allocated "
    "there. What else the machine did meanwhile is not known."
)


def speed(config: TrainConfig, home: Path) -> dict:
    """Images a second over STEPS steps, and the peak of memory from the first step on."""
    dataset, device = load(config.data, home), pick_device(config.device)
    images, labels = dataset.training_images(), dataset.training_labels()
    long = replace(config, epochs=max(config.epochs, WARM_UP + STEPS))
    start_peak()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    steps = (step for step in train(long, images, labels=labels) if step.images)
    for _ in islice(steps, WARM_UP):
        pass
    wait(device)
    start = time.perf_counter()
    count = sum(step.images for step in islice(steps, STEPS))
    wait(device)
    seconds = time.perf_counter() - start
    gpu = torch.cuda.max_memory_allocated() // 2**20 if device.type == "cuda" else None
    return {
        "images_per_second": round(count / seconds, 2),
        "seconds_per_step": round(seconds / STEPS, 4),
        "memory_mb": peak_mb(),
        "gpu_memory_mb": gpu,
        "steps": STEPS,
        "batch": config.batch,
        "machine": machine(device),
    }


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m backend.jobs.speed", description=__doc__)
    parser.add_argument("--run-dir", type=Path, required=True, metavar="DIR")
    parser.add_argument("--home", type=Path, required=True, metavar="HOME")
    options = parser.parse_args(words)
    try:
        config = TrainConfig.from_dict(RunFolder(options.run_dir).about()["config"])
        print(json.dumps(speed(config, options.home), allow_nan=False))
    except Exception as error:
        print(failure_of(error)["message"], file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
