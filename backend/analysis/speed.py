"""How fast does a rule train?"""

import time
from dataclasses import replace
from itertools import islice

import numpy as np
import torch

from models.config import TrainConfig
from models.device import pick_device
from models.train import train

WARM_UP, STEPS = 5, 20
DEFINITION = (
    f"Speed and memory apart: {STEPS} training steps after {WARM_UP} to warm up, from the "
    "untrained encoder, in a fresh process. Memory: greatest resident memory of that process, with "
    "Python, PyTorch and the images it has read; on a GPU the greatest that PyTorch has allocated "
    "there, with the images where they lie there. What else the machine did meanwhile is not known."
)


def speed(config: TrainConfig, images: np.ndarray, labels: np.ndarray) -> dict:
    """Images a second over STEPS steps on images and labels as `train` takes them."""
    device = pick_device(config.device)
    long = replace(config, epochs=max(config.epochs, WARM_UP + STEPS))
    start_gpu_peak(device)
    steps = (step for step in train(long, images, labels=labels) if step.images)
    for _ in islice(steps, WARM_UP):
        pass
    wait(device)
    start = time.perf_counter()
    count = sum(step.images for step in islice(steps, STEPS))
    wait(device)
    seconds = time.perf_counter() - start
    return {
        "images_per_second": round(count / seconds, 2),
        "seconds_per_step": round(seconds / STEPS, 4),
        "gpu_memory_mb": gpu_peak_mb(device),
        "steps": STEPS,
        "batch": config.batch,
    }


def start_gpu_peak(device: torch.device) -> None:
    """Forget how much memory was allocated on the GPU so far."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()


def gpu_peak_mb(device: torch.device) -> int | None:
    """The most memory allocated on the GPU since then, MiB; None where there is none."""
    return torch.cuda.max_memory_allocated() // 2**20 if device.type == "cuda" else None


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()
