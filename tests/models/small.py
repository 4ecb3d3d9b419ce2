"""Runs so small that a test has time for them: settings, images, and what they come to."""

import numpy as np
import torch

from models.config import TrainConfig
from models.train import train


def pictures(n=24, side=96, seed=0):
    """Smooth random images, so that neighbouring patches have something in common."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, 3, 6, 6), dtype=np.uint8)
    return coarse.repeat(side // 6, 2).repeat(side // 6, 3)


def config(**changes):
    values = {"encoder": "vgg6-tiny", "epochs": 2, "batch": 8, "precision": "float32"}
    return TrainConfig(**{**values, "device": "cpu", **changes})


def weights(training):
    return {
        **{f"encoder.{k}": v for k, v in training.encoder.state_dict().items()},
        **{f"rule.{k}": v for k, v in training.rule.state_dict().items()},
    }


def finish(config, images, resume=None):
    *_, last = train(config, images, resume)
    return last.training


def identical(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)
