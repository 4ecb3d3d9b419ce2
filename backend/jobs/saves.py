"""When is a run saved, what if it cannot be, and from where does it go on?

Every minute; at the end of an epoch, unless that took more than a twentieth of the time; when it is
asked to, when it is stopped, and at its end. A save that fails is told as a warning and training
goes on: the checkpoints before it stay, and the next minute may have room. What must not be lost in
silence fails the run instead: the epochs to keep, and the last step of a run that is stopped.
"""

import shutil
import time
from collections.abc import Callable
from typing import Any

from backend.errors import CheckpointError, DiskFullError, failure_of
from backend.jobs.pace import EpochLosses
from backend.runs.folder import RunFolder

SAVE_EVERY = 60.0  # seconds between two resume checkpoints, at most
SHARE = 0.05  # of the time that saves at the ends of epochs may take
ROOMS = 3  # checkpoints that fit on the disk when a run begins, and when it saves
NOT_SAVED, FELL_BACK, ELSEWHERE = "not_saved", "fell_back", "elsewhere"  # codes of warnings
OTHER_DIGITS = (
    "its weights will differ from those of a run that stayed, in their last digits or, in another "
    "precision, in more"
)
OTHER_NEGATIVES = (
    "each process takes its wrong futures from its own images (negatives_from rank), so with "
    "another number of them it learns from others"
)
Warn = Callable[[str, str], None]


class Saves:
    """The checkpoints that one attempt at a run writes. `say` tells an event."""

    def __init__(
        self,
        folder: RunFolder,
        say: Callable[..., Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.say, self.clock = folder, say, clock
        self.saved = -1  # step of the last checkpoint
        self.last, self.took = clock(), 0.0  # seconds
        self.failing = False
        self.epoch = EpochLosses(clock)

    def begin(self, training, resume) -> None:
        """Look whether the run can be saved, and whether it goes on, from `resume`, as it began.

        Raises DiskFullError without room to save.
        """
        from models.checkpoint import origin_of

        self.saved = resume.step if resume else -1
        self.check_room(training)
        before, now = training.origin, origin_of(training)
        if before and before != now:
            rank = training.config.negatives_from == "rank"
            self.warn(
                ELSEWHERE,
                f"the run was computed by {before} at first, and now by {now}: it meets the same "
                f"images in the same order, but {OTHER_NEGATIVES if rank else OTHER_DIGITS}",
            )

    def due(self, progress) -> bool:
        """Whether it is time to save after this step."""
        passed = self.clock() - self.last
        cheap = passed * SHARE >= self.took
        return passed >= SAVE_EVERY or bool(progress.epoch_ends and progress.step and cheap)

    def save(self, progress, must: bool = False) -> None:
        """Write a checkpoint to go on from. Unless it `must` be, a failure is only a warning."""
        from models.checkpoint import save_resume
        from models.train import check_finite

        if progress.step:
            check_finite([progress])  # what is saved is worth going on with
        step, begun = progress.training.step, self.clock()
        try:
            if not must:
                self.check_room(progress.training)
            self.folder.fence.check()
            progress.training.sums = self.epoch.sums(progress.training.share.untold())
            save_resume(self.folder.path, progress.training)
        except (OSError, DiskFullError) as error:
            self.last = self.clock()
            if must:
                raise
            self.failing = True
            at = f"the last checkpoint is of step {self.saved}" if self.saved >= 0 else ""
            reason = failure_of(error)["message"]
            self.warn(NOT_SAVED, f"step {step} was not saved{at and f' ({at})'}: {reason}")
            return
        self.saved, self.last = step, self.clock()
        self.took = self.last - begun
        self.folder.log(f"saved at step {step}")
        if self.failing:
            self.failing = False
            self.say("settled", code=NOT_SAVED)

    def keep(self, progress) -> None:
        """Keep the encoder at the end of an epoch, before a resume checkpoint of the same step: a
        run that fails here meets the epoch once more when it is resumed."""
        from models.checkpoint import save_kept

        self.folder.fence.check()
        save_kept(self.folder.path, progress.training)
        self.say("checkpoint", epoch=progress.epoch)

    def check_room(self, training) -> None:
        """Raise DiskFullError unless ROOMS checkpoints fit on the disk."""
        from models.checkpoint import bytes_to_resume

        free, wanted = shutil.disk_usage(self.folder.path).free, ROOMS * bytes_to_resume(training)
        if free < wanted:
            raise DiskFullError(
                f"the disk has {free / 1e6:,.1f} MB left, and a run that saves wants room for "
                f"{ROOMS} checkpoints, {wanted / 1e6:,.1f} MB; make room, then go on"
            )

    def warn(self, code: str, message: str) -> None:
        """Tell what went wrong without ending the run, as an event and in the log."""
        self.folder.log(f"warning: {message}")
        self.say("warning", code=code, message=message)


def resume_point(folder: RunFolder, warn: Warn = lambda code, message: None):
    """The newest training that can be read back, None at the begin; `warn` hears of others.

    Raises CheckpointError if there are resume checkpoints and none can be read.
    """
    from models.checkpoint import restore, resume_points

    damage = None
    for saved in resume_points(folder.path):
        try:
            training = restore(saved)
        except CheckpointError as error:
            damage = damage or error
            continue
        if damage:
            warn(FELL_BACK, f"{damage}; this run goes on from step {training.step}, saved before")
        return training
    if damage:
        raise damage
    return None
