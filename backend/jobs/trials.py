"""What would a run cost on this machine? Measured by a trial, and remembered.

HOME/cache/trials/KEY/ has one trial: KEY stands for all settings that change what a step costs.
How long a run is and which images it sees may differ; those are counted, not measured.
"""

import math
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from backend.jobs.errands import Errands
from backend.jobs.note import read, write

APART = ("data", "epochs", "keep", "seed", "learning_rate", "parallel", "negatives_from")
RESUME_POINTS = 2  # kept at a time


class Trials:
    """The trials of one home folder."""

    def __init__(
        self, home: Path, errands: Errands, clock: Callable[[], float] = time.time
    ) -> None:
        self.home, self.errands, self.clock = home, errands, clock

    def folder(self, config: dict[str, Any]) -> Path:
        told = sorted((name, value) for name, value in config.items() if name not in APART)
        return self.home / "cache" / "trials" / sha256(repr(told).encode()).hexdigest()[:16]

    def start(self, config: dict[str, Any]) -> None:
        """Measure anew. Raises BusyError where too many works of this kind go on."""
        folder = self.folder(config)
        folder.mkdir(parents=True, exist_ok=True)
        if not self.errands.at_work(folder):
            write(folder / "asked.json", config)
            self.errands.start("trial", ["--folder", str(folder), "--home", str(self.home)], folder)

    def find(self, config: dict[str, Any], data: str) -> dict[str, Any]:
        """{"state", "speed", "data", "error"}: unknown, measuring, measured or failed."""
        folder = self.folder(config)
        measuring = self.errands.at_work(folder)  # before the look, so that no answer is missed
        answer = read(folder / "answer.json") or {}
        speed, counted = answer.get("speed"), answer.get("data", {}).get(data)
        error, known = answer.get("errors", {}).get(data), bool(speed and counted)
        if measuring:
            state = "measuring"
        elif error and not (known and error["code"] == "interrupted"):
            state = "failed"
        else:
            state = "measured" if known else "unknown"
        return {
            "state": state,
            "speed": speed if state == "measured" else None,
            "data": counted if state == "measured" else None,
            "error": error if state == "failed" else None,
        }


def cost_of(
    speed: dict[str, Any], counted: dict[str, Any], epochs: int, batch: int, kept: int
) -> dict[str, Any]:
    """Seconds, bytes of memory and of disk of a run of so many epochs, `kept` of them kept."""
    steps = epochs * math.ceil(counted["images"] / batch)
    return {
        "training_seconds": round(steps * speed["seconds_per_step"], 1),
        "analysis_seconds": round(kept * counted["analysis_seconds"], 1),
        "memory_mb": speed["memory_mb"],
        "gpu_memory_mb": speed["gpu_memory_mb"],
        "disk_mb": round(disk_of(speed, counted, kept) / 1e6, 1),
        "steps": steps,
        "measured_steps": speed["steps"],
        "at": speed["at"],
        "device": str(speed["machine"].get("gpu") or speed["machine"]["processor"]),
    }


def disk_of(speed: dict[str, Any], counted: dict[str, Any], kept: int) -> int:
    checkpoints = kept * speed["kept_bytes"] + RESUME_POINTS * speed["resume_bytes"]
    return checkpoints + kept * counted["analysis_bytes"]
