"""Train one run, then analyse it: the one command that every launcher starts.

    python -m backend.jobs.worker --run-dir DIR [--attempt N] [--home DIR]

It writes into the run directory alone and holds its lock for life; anyone may run it by hand. Under
torchrun, which starts it several times, the first process does that and the others only compute.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.errors import (
    ConflictError,
    OutdatedError,
    RanksError,
    SaccadeError,
    failure_of,
)
from backend.jobs.memory import oom_kills
from backend.jobs.pace import EpochLosses, Pace
from backend.jobs.process import end_others, handle_of
from backend.jobs.pulse import Pulse
from backend.jobs.saves import Saves, resume_point
from backend.jobs.signals import AGAIN, MadeRoom, Stopped, Wishes
from backend.jobs.states import State
from backend.runs.events import EventWriter
from backend.runs.folder import RunFolder
from models.parallel import processes

if TYPE_CHECKING:
    from models.parallel.ranks import Ranks

LOCK_PATIENCE = 10.0  # seconds an earlier attempt has to let go of the directory
EXIT = {State.FINISHED: 0, State.STOPPED: 0, State.FAILED: 1}
REFUSED = 3  # exit code: someone else works in the directory
Watch = Callable[[dict[str, Any]], None]


class Worker:
    """One attempt at a run. `watch` is handed every event as it is written.

    ranks: the processes that train together, of which this is the first; default: it is alone.
    handle: how the engine that started this process, and starts it again, finds it.
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
        self.folder, self.home, self.attempt, self.ranks = folder, home, attempt, ranks
        self.analyses, self.watch, self.handle = analyses, watch, handle
        self.wishes, self.pulse = Wishes(returns=bool(handle)), Pulse(folder.beat, attempt)
        self.events: EventWriter | None = None

    def run(self) -> dict[str, Any]:
        """Do the work and return how it ended: {"state", "error"}, which result.json says too.

        Raises ConflictError where another process works in the directory, MadeRoom where this
        one saved and ended for another start of the same attempt to go on.
        """
        with self.wishes:
            if not self.folder.lock.take(LOCK_PATIENCE):
                raise ConflictError(
                    f"run {self.folder.id} is at work in another process; stop that one first"
                )
            try:
                self.folder.enter(self.attempt)
                return self.told()
            finally:
                self.folder.lock.release()

    def told(self) -> dict[str, Any]:
        """Whatever happens in the work, say how it ended; the result file comes last of all.

        Raises OutdatedError where another process was let in meanwhile: how it goes on is for that
        one to say.
        """
        error = trace = None
        try:
            handle = self.handle or handle_of(os.getpid())
            process = {"attempt": self.attempt, "handle": handle, "oom_kills": oom_kills()}
            self.folder.write("process.json", process)
            self.pulse.begin("loading")
            self.events = self.folder.events()
            self.folder.reserve()
            self.say("state", state=State.RUNNING, attempt=self.attempt)
            self.work()
            state = State.FINISHED
        except MadeRoom:
            self.folder.log("made room; goes on when it is started again")
            raise
        except Stopped:
            state = State.STOPPED
        except OutdatedError:
            raise
        except Exception as reason:
            state, error = State.FAILED, failure_of(reason)
            if not isinstance(reason, SaccadeError):
                trace = traceback.format_exc()
        with suppress(OSError):  # the result file says it, too
            self.folder.release()
            if trace:
                self.folder.log(f"the traceback, for whoever mends Saccade\n{trace}")
            self.folder.log(f"{state}: {error['message']}" if error else state)
        with suppress(OSError):
            self.say("end", state=state, error=error)
        if self.events:
            self.events.close()
        result = {"state": state, "error": error, "attempt": self.attempt}
        self.folder.fence.check()
        self.folder.write("result.json", result)
        return result

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
        kept, pace, epoch = kept_epochs(config), Pace(), EpochLosses()
        progress = None
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
        """After a step: what was wished for, or what is due."""
        leaves = self.wishes.stop or self.wishes.room
        if self.wishes.stop:
            self.say("state", state=State.STOPPING)
        if self.wishes.save or leaves or saves.due(progress):
            self.wishes.save = False
            saves.save(progress, must=leaves)
        self.wishes.check()

    def share(self, config):
        """What this process computes of every step; the others are told where to join in."""
        if not self.ranks:
            return None
        from models.parallel import share_of

        self.ranks.tell((str(self.folder.path), str(self.home)))
        return share_of(config, self.ranks)

    def end_epoch(self, progress, epoch: EpochLosses) -> None:
        if progress.epoch:
            losses, seconds = epoch.ended()
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

    def say(self, kind: str, **fields: Any) -> None:
        if not self.events:
            return  # it failed before it could open them
        event = self.events.append(kind, **fields)
        try:
            if self.watch:
                self.watch(event)
        except OSError:  # no one watches any more: a closed terminal, a pipe without a reader
            self.watch = None


def together(lead: Callable[["Ranks"], int]) -> int:
    """Join the processes that torchrun started; the first leads, the others follow. Exit code."""
    from models.parallel.ranks import joined

    with joined() as ranks:
        if ranks.rank:
            return follow(ranks)
        try:
            return lead(ranks)
        finally:
            if not ranks.told:  # it ended before there was anything to follow
                with suppress(RanksError):
                    ranks.tell(None)


def follow(ranks: "Ranks") -> int:
    """What the processes after the first do: compute with it until it stops, and write nothing."""
    with Wishes():  # the first process, which has the same signals, decides when all stop
        place = ranks.tell()
        if place is None:
            return 0
        from models.config import TrainConfig
        from models.data import load
        from models.parallel import share_of
        from models.train import train

        folder, home = RunFolder(Path(place[0])), Path(place[1])
        config = TrainConfig.from_dict(folder.about()["config"])
        dataset = load(config.data, home)
        images, labels = dataset.training_images(), dataset.training_labels()
        share, resume = share_of(config, ranks), resume_point(folder)
        for _ in train(config, images, resume, labels, share):
            pass  # it yields what is before the first step alone
        return 0


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
