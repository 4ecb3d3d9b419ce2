"""Train one run, then analyse it: the one command that every launcher starts.

    python -m backend.jobs.worker --run-dir DIR [--attempt N] [--home DIR]

It writes into the run directory alone and holds its lock for life; anyone may run it by hand. Under
torchrun, which starts it several times, the first process does that and the others only compute.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.errors import ConflictError, SaccadeError, failure_of
from backend.jobs.attempt import Attempt, Watch
from backend.jobs.pace import EpochLosses, Pace
from backend.jobs.process import end_others
from backend.jobs.saves import Saves, resume_point
from backend.jobs.signals import AGAIN, MadeRoom
from backend.jobs.states import State
from backend.jobs.torchrun import together
from backend.runs.folder import RunFolder
from models.parallel import processes
from models.threads import wait_briefly

if TYPE_CHECKING:
    from models.parallel.ranks import Ranks

EXIT = {State.FINISHED: 0, State.STOPPED: 0, State.FAILED: 1}
REFUSED = 3  # exit code: someone else works in the directory


class Worker(Attempt):
    """An attempt that trains the run and then, unless told not to, analyses it.

    ranks: the processes that train together, of which this is the first; default: it is alone.
    """

    def __init__(
        self,
        folder: RunFolder,
        home: Path,
        attempt: int,
        analyses: bool = True,
        watch: Watch | None = None,
        ranks: "Ranks | None" = None,
        handle: str = "",
    ) -> None:
        super().__init__(folder, attempt, watch, handle)
        self.home, self.analyses, self.ranks = home, analyses, ranks

    def work(self) -> None:
        with self.wishes.leave():
            from models.config import TrainConfig
            from models.data import load

            config = TrainConfig.from_dict(self.folder.about()["config"])
            self.folder.log(f"attempt {self.attempt}: reads {config.data}")
            dataset = load(config.data, self.home)
            if dataset.skipped:
                self.folder.log(f"{len(dataset.skipped)} files of {config.data} could not be read")
        self.train(config, dataset)
        if self.analyses:
            with self.wishes.leave():
                self.analyse(config, dataset)

    def train(self, config, dataset) -> None:
        """Train to the last epoch. A wish to stop ends it after a step, once that is saved."""
        with self.wishes.leave():
            from models.checkpoint import mend
            from models.config import kept_epochs
            from models.train import train

            saves = Saves(self.folder, self.say)
            mend(self.folder.path)
            resume = resume_point(self.folder, saves.warn)
            images, labels = dataset.training_images(), dataset.training_labels()
        share = self.share(config)
        where = f"goes on at step {resume.step}" if resume else "begins"
        self.folder.log(
            f"training {where}: {config.rule}, {config.encoder}, {len(images)} images, "
            f"{config.epochs} epochs"
        )
        kept, pace, epoch, progress = kept_epochs(config), Pace(), saves.epoch, None
        epoch.begin(resume)
        self.pulse.begin("training")
        with closing(train(config, images, resume, labels, share)) as steps:
            for number, progress in enumerate(steps):
                if number == 0:
                    saves.begin(progress.training, resume)
                    if share:
                        self.folder.log(share.about)
                epoch.add(progress)
                if progress.epoch_ends:
                    self.end_epoch(progress, epoch)
                    if progress.epoch in kept:
                        saves.keep(progress)
                if pace.due(progress.images) and progress.step and progress.losses.isfinite().all():
                    self.say("progress", **told(progress, pace, config.batch))
                self.pulse.went(progress.step)
                self.heed(progress, saves)
        if progress and progress.step == progress.steps != saves.saved:
            saves.save(progress)

    def heed(self, progress, saves: Saves) -> None:
        """After a step: what was wished for, or what is due.

        What is saved is the training as it stands, which may be ahead of what is told of it: at an
        epoch's end only where that is told, too, or whoever goes on would leave the epoch out.
        """
        if progress.training.batch == 0 and not progress.epoch_ends:
            return
        leaves = self.wishes.stop or self.wishes.room
        if self.wishes.stop:
            self.say("state", state=State.STOPPING)
        if self.wishes.save or leaves or saves.due(progress):
            self.wishes.save = False
            saves.save(progress, must=leaves)
        if leaves:  # what is wished for from here on waits for the next step, which is saved
            self.wishes.check()

    def share(self, config):
        """What this process computes of every step; the others are told where to join in."""
        if not self.ranks:
            return None
        from models.parallel import share_of

        self.ranks.tell((str(self.folder.path), str(self.home)))
        return share_of(config, self.ranks)

    def end_epoch(self, progress, epoch: EpochLosses) -> None:
        if not progress.epoch:
            return
        told, listed = epoch.ended(), "not told, for those of its first steps were not saved"
        if told:
            losses, seconds = told
            self.say("epoch", epoch=progress.epoch, losses=losses, seconds=seconds)
            listed = " ".join(f"{loss:.4f}" for loss in losses)
        self.folder.log(f"epoch {progress.epoch} of {progress.epochs}: losses {listed}")

    def analyse(self, config, dataset) -> None:
        from backend.jobs.analyse import analyse

        self.folder.log("analysis begins")
        pace, told = Pace(), None
        self.pulse.begin("analysing")
        for number, step in enumerate(analyse(self.folder.path, dataset, device=config.device), 1):
            self.wishes.check()
            self.pulse.went(number)
            if step.complete:
                self.say("analysed", epoch=step.epoch)
                continue
            # That a step begins, or has ended, is always said.
            now = (step.epoch, step.what, step.layer, step.seconds > 0)
            if not step.cached and (now != told or pace.due()):
                told = now
                self.say(
                    "analysis",
                    phase="analysing",
                    epoch=step.epoch,
                    what=step.what,
                    layer=step.layer,
                    fraction=round(step.fraction, 4),
                    made=step.seconds > 0,
                    seconds_left=pace.left_of(step.fraction),
                )


def told(progress, pace: Pace, batch: int) -> dict[str, Any]:
    """A step of training as the fields of an event."""
    return {
        "phase": "training",
        "epoch": progress.epoch,
        "epochs": progress.epochs,
        "step": progress.step,
        "steps": progress.steps,
        "losses": [round(loss, 6) for loss in progress.losses.tolist()],
        "images_per_second": round(pace.rate, 1),
        "seconds_left": pace.left((progress.steps - progress.step) * batch),
        "fraction": round(progress.step / progress.steps, 4),
    }


def main(words: Sequence[str] | None = None) -> int:
    """Work off one run; 0 = finished or stopped, 1 = failed, 3 = someone else works on it or has
    done it, 75 = it made room and is to be started again."""
    parser = argparse.ArgumentParser(prog="python -m backend.jobs.worker", description=__doc__)
    parser.add_argument("--run-dir", type=Path, required=True, metavar="DIR")
    parser.add_argument("--attempt", type=int, metavar="N", help="default: one more than the last")
    parser.add_argument("--home", type=Path, metavar="DIR", help="default: where DIR lies")
    parser.add_argument("--handle", default="", help="how an engine that starts it again finds it")
    options = parser.parse_args(words)
    wait_briefly()
    try:
        if processes() == 1:
            return work_off(options)
        return together(lambda ranks: work_off(options, ranks))
    except MadeRoom:
        return AGAIN
    except ConflictError as error:
        print(f"error: {error}", file=sys.stderr)
        return REFUSED
    except (SaccadeError, OSError) as error:
        print(f"error: {failure_of(error)['message']}", file=sys.stderr)
        return EXIT[State.FAILED]


def work_off(options: argparse.Namespace, ranks: "Ranks | None" = None) -> int:
    """Do the work in the directory that was named; the exit code."""
    folder = RunFolder(options.run_dir.absolute())
    if folder.about().get("model"):
        raise ConflictError(f"run {folder.id} was imported; there is nothing to train")
    attempt = options.attempt or (folder.process() or {"attempt": 0})["attempt"] + 1
    home = options.home or folder.path.parent.parent
    return EXIT[Worker(folder, home, attempt, ranks=ranks, handle=options.handle).run()["state"]]


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        end_others()
