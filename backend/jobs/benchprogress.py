"""What does a bench say while it works?"""

from dataclasses import dataclass
from typing import Any

from backend.jobs.summary import REFERENCES


@dataclass(frozen=True)
class BenchProgress:
    """Where a bench stands: a share of the piece under way, or a line to keep."""

    words: str
    fraction: float | None = None  # None: a line to keep


def name_of(row: dict[str, Any]) -> str:
    seed = "" if row["seed"] is None else f", seed {row['seed']}"
    where = f" ({row['view']})" if row["rule"] in REFERENCES else ""
    return f"{row['rule']}{where}{seed}"


def told(row: dict[str, Any]) -> str:
    """What was measured, on one line."""

    def listed(found: list[dict[str, Any]]) -> str:
        return " ".join(f"{100 * each['accuracy']:.1f}" for each in found)

    parts = [f"probe {word} {listed(found)}" for word, found in row["probes"].items()]
    return "; ".join([*parts, f"neighbours {listed(row['neighbours'])}"])


def pace(found: dict[str, Any]) -> str:
    memory = found["gpu_memory_mb"] or found["memory_mb"]
    return f"{found['images_per_second']:.1f} images/s, {memory or 0} MB"
