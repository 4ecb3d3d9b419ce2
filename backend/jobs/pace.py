"""How fast does the work go, how well, and when is it time to say so?"""

import time
from collections.abc import Callable

SPEAK_EVERY = 0.25  # seconds between two events of progress
WEIGHT = 0.2  # of the newest interval in the mean speed


class Pace:
    """Counts what is done and tells, now and then, how fast that went."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.begun = self.spoken = clock()
        self.count = 0
        self.rate: float | None = None  # a second

    def due(self, count: int = 0) -> bool:
        """Add what was done; whether it is time to speak. The speed is then up to date."""
        self.count += count
        passed = self.clock() - self.spoken
        if passed < SPEAK_EVERY:
            return False
        newest = self.count / passed
        self.rate = newest if self.rate is None else self.rate + WEIGHT * (newest - self.rate)
        self.count, self.spoken = 0, self.clock()
        return True

    def left(self, count: int) -> float | None:
        """Seconds that so much more takes, at the mean speed."""
        return round(count / self.rate, 1) if self.rate else None

    def left_of(self, fraction: float) -> float | None:
        """Seconds to the end of work of which this fraction, 0..1, was done since the begin."""
        if fraction < 0.01:
            return None
        return round((self.clock() - self.begun) * (1 - fraction) / fraction, 1)


class Every:
    """True once every so many seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.clock = seconds, clock
        self.last = clock()

    def due(self) -> bool:
        if self.clock() - self.last < self.seconds:
            return False
        self.last = self.clock()
        return True


class EpochLosses:
    """The mean losses of the epoch that is under way; they stay on the device until it ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.begin()

    def begin(self) -> None:
        self.total, self.images, self.begun = 0.0, 0, self.clock()

    def add(self, progress) -> None:
        """The losses [layer] of one step, weighed by its images."""
        if len(progress.losses):
            self.total = self.total + progress.losses * progress.images
            self.images += progress.images

    def ended(self) -> tuple[list[float], float]:
        """(mean losses of each layer, seconds); the next epoch begins."""
        losses = (self.total / self.images).tolist() if self.images else []
        seconds = self.clock() - self.begun
        self.begin()
        return [round(loss, 6) for loss in losses], round(seconds, 3)
