"""How did the training of a run go: losses, time, images?"""

from itertools import pairwise
from pathlib import Path
from typing import Any

from backend.jobs.states import State
from backend.runs.events import EventReader, Timeline
from backend.runs.folder import RunFolder


def course(folder: RunFolder, epochs: int) -> dict[str, Any]:
    """How a run went: losses by epoch, seconds of training, images a second."""
    timeline = Timeline(folder.path / "events.jsonl")
    timeline.update()
    kept = RunFolder(folder.path / "checkpoints" / f"epoch-{epochs:04d}").read("state.json") or {}
    seconds = training_seconds(folder.path / "events.jsonl")
    images = kept.get("images", 0) * epochs
    return {
        "losses": timeline.history,
        "images": images,
        "seconds": round(seconds, 1),
        "images_per_second": round(images / seconds, 2) if seconds and images else None,
        "torch": kept.get("torch"),
    }


def training_seconds(events: Path) -> float:
    """Time between the events of training, over all attempts; pauses between attempts count not."""
    times, total = [], 0.0
    for event in EventReader(events).events():
        kind, training = event["kind"], event.get("phase") == "training"
        if kind in ("epoch", "checkpoint") or (kind == "progress" and training):
            times.append(event["time"])
        elif kind in ("state", "end") and event.get("state") != State.STOPPING:
            total += sum(b - a for a, b in pairwise(times))
            times = []
    return total + sum(b - a for a, b in pairwise(times))
