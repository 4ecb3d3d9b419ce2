"""Does the work go on? What the training loop says of itself in the heartbeat, every two seconds.

    {"attempt": 1, "phase": "training", "step": 469, "step_seconds": 0.021, "patience": 60.0}

`patience` is how many seconds may pass without a further step before the run counts as stalled.
"""

import time
from collections import deque
from collections.abc import Callable
from statistics import median

BEAT_EVERY = 2.0  # seconds
LEAST = 60.0  # seconds without a step of training that are nothing strange
STEPS = 20  # median steps that one step may take
LONG = 600.0  # the same for reading data and for one piece of an analysis, which take minutes
RECENT = 101  # steps of which the median is taken


class Pulse:
    """Beats when a phase begins, then every two seconds, if it is told of each step."""

    def __init__(
        self, beat: Callable[..., None], attempt: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.beat, self.attempt, self.clock = beat, attempt, clock
        self.phase, self.step = "loading", 0
        self.lasted: deque[float] = deque(maxlen=RECENT)
        self.stepped = self.beaten = clock()

    def begin(self, phase: str) -> None:
        """A phase begins: loading, training, analysing."""
        self.phase, self.stepped = phase, self.clock()
        self.lasted.clear()
        self.send()

    def went(self, step: int) -> None:
        """A step of the phase is done."""
        now = self.clock()
        self.lasted.append(now - self.stepped)
        self.step, self.stepped = step, now
        if now - self.beaten >= BEAT_EVERY:
            self.send()

    def send(self) -> None:
        self.beaten = self.clock()
        usual = median(self.lasted) if self.lasted else 0.0
        self.beat(
            attempt=self.attempt,
            phase=self.phase,
            step=self.step,
            step_seconds=round(usual, 4),
            patience=round(max(LEAST if self.phase == "training" else LONG, STEPS * usual), 1),
        )
