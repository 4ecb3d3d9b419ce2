"""Images for several processes, few enough that they are not shared evenly."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.torchrun import ended, started

IMAGES, BATCH = 13, 6  # batches of 6, 6 and 1
EXACT = {
    **{"encoder": "vgg6-tiny", "batch": BATCH, "epochs": 2, "learning_rate": 1e-3, "crop": 48},
    **{"device": "cpu", "precision": "float64"},
}


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """Smooth random images, so that neighbouring patches have something in common."""
    coarse = np.random.default_rng(0).integers(0, 256, (IMAGES, 3, 8, 8), dtype=np.uint8)
    return coarse.repeat(8, 2).repeat(8, 3)


@pytest.fixture(scope="session")
def labels() -> np.ndarray:
    return np.arange(IMAGES) % 3


@pytest.fixture
def at_work(images, labels, tmp_path: Path) -> Callable[[int, list[dict]], dict[str, dict]]:
    """Train cases one after the other in `count` processes: what each left, by its name."""

    def run(count: int, cases: list[dict]) -> dict[str, dict]:
        np.save(tmp_path / "images.npy", images)
        np.save(tmp_path / "labels.npy", labels)
        (tmp_path / "cases.json").write_text(json.dumps(cases))
        code, said = ended(started(count, "tests.models.parallel.at_work", tmp_path))
        assert code == 0, said[-6000:]
        return {case["name"]: torch.load(tmp_path / f"{case['name']}.pt") for case in cases}

    return run
