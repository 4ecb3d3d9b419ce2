"""Which runs at work have come to a standstill? Their process is there, and no step follows.

Only how long a step has been unchanged for whoever looks counts, by a clock that nobody can set.
A run whose directory no one holds, as one that waits again in the queue of a cluster, stands still
without having stalled.
"""

import time
from collections.abc import Callable
from typing import Any

from backend.runs.facts import is_number
from backend.runs.folder import RunFolder

ADVICE = (
    "its process is there, but does not go on; see the end of its log, and whether the disk or "
    "network drive of its data answers and the GPU is free; to begin again from the last "
    "checkpoint, stop the run and resume it"
)
WAITS = float("-inf")  # since when a run stands that no one holds


class Pulses:
    """Remembers, of each run, the last step it was seen at and since when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.seen: dict[str, tuple[tuple, float]] = {}

    def stalled(self, folder: RunFolder, attempt: int) -> dict[str, str] | None:
        """{"code": "stalled", "message"} of a run at work that has stalled, else None."""
        beat = folder.read("heartbeat") or {}
        if beat.get("attempt") != attempt:
            return None
        mark, now = (attempt, beat.get("phase"), beat.get("step")), self.clock()
        known, since = self.seen.get(folder.id, (None, now))
        if known != mark:
            since = now
            self.seen[folder.id] = (mark, now)
        if now - since <= number(beat, "patience", 60.0):
            return None
        held = folder.is_held()
        if not held or since == WAITS:  # it begins anew when someone holds it again
            self.seen[folder.id] = (mark, now if held else WAITS)
            return None
        usual = number(beat, "step_seconds", 0.0)
        takes = f" (one takes {usual:.2g} s)" if usual else ""
        return {
            "code": "stalled",
            "message": f"no step for {now - since:.0f} s{takes} at step {beat.get('step')} of "
            f"{beat.get('phase')}: {ADVICE}",
        }

    def forget(self, run: str) -> None:
        self.seen.pop(run, None)


def number(beat: dict[str, Any], name: str, otherwise: float) -> float:
    value = beat.get(name)
    return float(value) if is_number(value) else otherwise
