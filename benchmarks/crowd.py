"""An analysed run that was never trained: as many images as wanted in clusters, to time the page.

Its directory is laid out as `backend/runs/results.py` says, with arrays that are drawn at random;
a page cannot tell it from a run, and no figure in it means anything.
"""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from backend.runs.arrays import ANALYSES, GROUPS, OPTIONAL, quantised
from backend.runs.results import Results
from models.config import TrainConfig
from models.data import key_of
from models.presets import ENCODERS

CLASSES, SIDE = 10, 64
TOP, BINS, NEAR, NEAR_PATCHES = {"top": 16}, 32, 12, 8
EPOCHS = (0, 1)


def pack(path: Path, images: int) -> None:
    """Plain squares in the colour of their class with a lighter corner, and labels."""
    draw = np.random.default_rng(0)
    labels = np.arange(images, dtype=np.int16) % CLASSES
    files, hues = [], draw.integers(40, 220, (CLASSES, 3))
    for label in labels:
        square = np.full((SIDE, SIDE, 3), hues[label] + draw.integers(-30, 30, 3), np.uint8)
        square[: draw.integers(8, SIDE), : draw.integers(8, SIDE)] += 25
        stream = io.BytesIO()
        Image.fromarray(square).save(stream, "PNG")
        files.append(stream.getvalue())
    np.savez(
        path,
        data=np.frombuffer(b"".join(files), np.uint8),
        offsets=np.cumsum([0, *map(len, files)], dtype=np.int64),
        labels=labels,
        split=np.ones(images, np.uint8),
        class_names=np.array([f"class {n}" for n in range(CLASSES)]),
        title=np.array("squares"),
    )


def run(folder: Path, images: int, data: Path, encoder: str) -> None:
    """Write an analysed run of that many images; its name is that of the folder."""
    config = TrainConfig(data=str(data), encoder=encoder, epochs=max(EPOCHS), device="cpu")
    folder.mkdir(parents=True)
    about = {"id": folder.name, "name": f"{images:,} images", "created": "2026-01-01T00:00:00Z"}
    told = {"config": config.to_dict(), "dataset": key_of(str(data)), "version": "0.1.0"}
    (folder / "run.json").write_text(json.dumps(about | told))
    (folder / "events.jsonl").touch()
    results, draw = Results(folder), np.random.default_rng(1)
    labels = (np.arange(images) % CLASSES).astype(np.int16)
    ids = np.arange(images, dtype=np.int32)
    widths = (1, *ENCODERS[encoder].widths)
    for epoch in (None, *EPOCHS):
        results.clear(epoch)
        results.write_order(epoch, ids, labels)
        for layer in (0,) if epoch is None else range(1, len(widths)):
            for what, arrays in drawn(labels, widths[layer], draw).items():
                results.write(what, epoch, layer, dict.fromkeys(OPTIONAL) | arrays)
        results.write_summary(epoch, summary(epoch, images, key_of(str(data))))


def drawn(labels: np.ndarray, units: int, draw: np.random.Generator) -> dict[str, dict]:
    """The arrays of one layer, by analysis."""
    n = len(labels)
    centres = draw.normal(0, 20, (CLASSES, 2))
    places = centres[labels] + draw.normal(0, 4, (n, 2))
    responses = np.tile(draw.integers(0, 64, n, np.uint8).astype(np.float32)[:, None], units)
    patches = {
        f"{group}_{name}": draw.integers(0, bound, (units, TOP.get(group, 4)))
        for group in GROUPS
        for name, bound in (("image", n), ("row", 3), ("column", 3), ("value", 9))
    }
    dprime = draw.normal(0, 1, (units, CLASSES))
    return {
        "embedding": {"x": places[:, 0], "y": places[:, 1], "kept_neighbours": 0.5},
        "responses": quantised(responses),
        "maximizers": patches,
        "selectivity": {
            "class_mean": draw.gamma(1, 1, (units, CLASSES)),
            "dprime": dprime,
            "best_class": dprime.argmax(1),
            "histogram": draw.integers(1, 99, (units, BINS)),
            "edges": np.tile(np.linspace(0, 1, BINS + 1), (units, 1)),
            **{name: draw.uniform(0, 1, units) for name in ("sparseness", "active", "mean")},
            "maximum": np.ones(units),
        },
        "neighbours": {
            **{name: np.zeros((n, NEAR)) for name in ("image", "distance")},
            **{
                f"patch_{name}": np.zeros((n, NEAR_PATCHES))
                for name in ("image", "row", "column", "distance")
            },
        },
        "probe": {
            **{"accuracy": 0.5, "low": 0.4, "high": 0.6, "penalty": 1, "n_train": n, "n_test": n},
            "confusion": np.full((CLASSES, CLASSES), n // CLASSES**2 + 1),
        },
    }


def summary(epoch: int | None, images: int, data: str) -> dict:
    return {
        **{"epoch": epoch, "dataset": data, "split": "test", "n_test": images, "n_train": images},
        **{"fingerprint": "drawn", "image": [SIDE, SIDE], "chance": 1 / CLASSES},
        "classes": [f"class {n}" for n in range(CLASSES)],
        "settings": {"data": data, "seed": 0, "perplexity": 30},
        "definitions": {},
        "parameters": {
            "embedding": {"method": "drawn at random"},
            "neighbours": {"metric": "drawn at random", "patch": [1, 1]},
        },
        **{"seconds": {"activity": 1}, "done": list(ANALYSES), "device": "cpu", "memory_mb": None},
    }
