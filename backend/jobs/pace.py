"""How fast does the work go, how well, and when is it time to say so?"""

import time
from collections.abc import Callable, Iterable
from typing import Any

from backend.runs.facts import are_losses, is_count, is_number

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
    """The mean losses of the epoch that is under way; they stay on the device until it ends.

    Their sums are saved with a run, so that an epoch is told whole that several processes trained.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.begin()

    def begin(self, resume=None) -> None:
        """An epoch begins, or goes on where the training `resume` was saved in its midst: with the
        sums saved there, or else without telling anything of it."""
        self.total, self.images, self.begun = 0.0, 0, self.clock()
        self.whole = True  # whether the sums are those of all its steps
        if resume and resume.batch:
            names = ("total", "images", "seconds")
            total, images, seconds = (resume.sums.get(name) for name in names)
            self.whole = are_losses(total) and len(total) == len(resume.rule.layers)
            self.whole = self.whole and is_count(images) and is_number(seconds)
            if self.whole:
                self.total, self.images, self.begun = total, images, self.begun - seconds

    def add(self, progress) -> None:
        """The losses [layer] of one step, weighed by its images."""
        if len(progress.losses):
            self.total = plus(self.total, progress)
            self.images += progress.images

    def sums(self, untold: Iterable = ()) -> dict[str, Any]:
        """What `begin` wants to know in another process: losses of each layer, images and seconds
        up to now; empty between two epochs.

        untold: steps that are done, too, and were not added yet.
        """
        total, images = self.total, self.images
        for progress in untold:
            total, images = plus(total, progress), images + progress.images
        if not (self.whole and images):
            return {}
        found = total if isinstance(total, list) else total.tolist()
        seconds = round(self.clock() - self.begun, 3)
        return {"total": found, "images": images, "seconds": seconds} if are_losses(found) else {}

    def ended(self) -> tuple[list[float], float] | None:
        """(mean losses of each layer, seconds), None where those of its first steps are not known;
        the next epoch begins."""
        losses = (self.total / self.images).tolist() if self.images else []
        seconds, whole = self.clock() - self.begun, self.whole
        self.begin()
        return ([round(loss, 6) for loss in losses], round(seconds, 3)) if whole else None


def plus(total, progress):
    """A sum of losses [layer] with those of one step; in float32 that of a list is exact, too."""
    losses = progress.losses
    before = losses.new_tensor(total) if isinstance(total, list) else total
    return before + losses * progress.images
