"""What the tests of benches have in common: a small encoder, small images, a record."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

TINY = ("--encoder", "vgg6-tiny", "--batch", 12, "--device", "cpu")


def of(home: Path, name: str) -> dict:
    return json.loads((home / "benches" / name / "bench.json").read_text())


def striped(path: Path, side: int, labelled: bool = True) -> None:
    """A pack of 24 images to train on and 10 to test with, in three classes."""
    draw, files = np.random.default_rng(0), []
    labels = np.arange(34, dtype=np.int16) % 3
    for label in labels:
        grey = draw.normal(60 + 60 * label, 20, (side, side, 3))
        stream = io.BytesIO()
        Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(stream, "PNG")
        files.append(stream.getvalue())
    np.savez(
        path,
        data=np.frombuffer(b"".join(files), np.uint8),
        offsets=np.cumsum([0, *map(len, files)], dtype=np.int64),
        labels=labels if labelled else np.full_like(labels, -1),
        split=np.repeat(np.array([0, 1], np.uint8), [24, 10]),
        class_names=np.array(["dark", "grey", "light"]),
        title=np.array("flat"),
    )
