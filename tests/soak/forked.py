"""Processes to be killed. Each is forked from one that has torch imported and has trained a step,
so that it is at work in milliseconds, and from no process with threads."""

import multiprocessing
import random
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np
import torch

import backend.jobs.worker  # noqa: F401, forked with the rest
from models.checkpoint import save_resume  # noqa: F401
from models.config import TrainConfig
from models.train import train
from models.training import Training

CONFIG = TrainConfig(encoder="vgg6-tiny", device="cpu", precision="float32", epochs=1, batch=4)


def images(count: int = 8, side: int = 64) -> np.ndarray:
    """uint8 [count, 3, side, side], noise."""
    return np.random.default_rng(0).integers(0, 256, (count, 3, side, side), dtype=np.uint8)


def trained() -> Training:
    """A training of vgg6-tiny after two steps."""
    torch.set_num_threads(1)
    *_, last = train(CONFIG, images())
    return last.training


TRAINING = trained()
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["__main__", __name__])


def forked(work: Callable[..., None], *words: object) -> tuple[BaseProcess, Connection]:
    """A process that calls `work(*words, pipe)`, and the end of the pipe on which it is heard."""
    ours, its = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=work, args=(*words, its), daemon=True)
    process.start()
    its.close()
    return process, ours


def killed(process: BaseProcess, pipe: Connection, seconds: float) -> object:
    """Kill a process -9 after so long; the last that it said before, or None."""
    process.join(seconds)
    process.kill()
    process.join()
    said = None
    try:
        while True:
            said = pipe.recv()
    except (EOFError, OSError):
        pipe.close()
    return said


def moments(seed: int, most: float) -> Callable[[], float]:
    """Random times from 0 to `most` seconds, the same for a seed."""
    draw = random.Random(seed)
    return lambda: draw.uniform(0, most)
