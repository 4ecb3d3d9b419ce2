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
    CheckpointError,
    ConflictError,
    RanksError,
    SaccadeError,
    failure_of,
)
from backend.jobs.pace import EpochLosses, Every, Pace
from backend.jobs.process import handle_of
from backend.jobs.signals import AGAIN, MadeRoom, Stopped, Wishes
from backend.jobs.states import State
from backend.runs.events import EventWriter, Timeline
from backend.runs.folder import RunFolder
from models.parallel import processes

if TYPE_CHECKING:
    from models.parallel.ranks import Ranks

LOCK_PATIENCE = 10.0  # seconds an earlier attempt has to let go of the directory
SAVE_EVERY = 60.0  # seconds between two resume checkpoints
BEAT_EVERY = 2.0
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
        self.wishes, self.heart = Wishes(returns=bool(handle)), Every(BEAT_EVERY)
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
                self.check_attempt()
                return self.told()
            finally:
                self.folder.lock.release()

    def check_attempt(self) -> None:
        """An engine may start one submission twice, and the second time long after the first."""
        later = self.folder.process()
        if later and later["attempt"] > self.attempt:
            raise ConflictError(f"attempt {self.attempt} at run {self.folder.id} is out of date")
        past = Timeline(self.folder.path / "events.jsonl")
        past.update()
        if self.folder.result(self.attempt) or past.ended and past.attempt >= self.attempt:
            raise ConflictError(f"attempt {self.attempt} at run {self.folder.id} has ended already")

    def told(self) -> dict[str, Any]:
        """Whatever happens in the work, say how it ended; the result file comes last of all."""
        error = trace = None
        try:
            handle = self.handle or handle_of(os.getpid())
            process = {"attempt": self.attempt, "handle": handle}
            self.folder.write("process.json", process)
            self.folder.beat()
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
            from models.config import kept_epochs
            from models.train import train

            resume = resume_point(self.folder, self.folder.log)
            images, labels = dataset.training_images(), dataset.training_labels()
        share = self.share(config)
        where = f"goes on at step {resume.step}" if resume else "begins"
        self.folder.log(
            f"training {where}: {config.rule}, {config.encoder}, {len(images)} images, "
            f"{config.epochs} epochs"
        )
        kept, pace, save, epoch = kept_epochs(config), Pace(), Every(SAVE_EVERY), EpochLosses()
        progress = None
        with closing(train(config, images, resume, labels, share)) as steps:
            for number, progress in enumerate(steps):
                if share and number == 0:
                    self.folder.log(share.about)
                epoch.add(progress)
                if progress.epoch_ends:
                    self.end_epoch(progress, epoch, keep=progress.epoch in kept)
                if pace.due(progress.images) and progress.step and progress.losses.isfinite().all():
                    self.say("progress", **told(progress, pace, config.batch))
                if self.heart.due():
                    self.folder.beat()
                self.heed(progress, save.due())
        if progress and progress.step == progress.steps:
            self.save(progress)

    def heed(self, progress, due: bool = False) -> None:
        """After a step: what was wished for. `due`: it is time to save."""
        if self.wishes.stop:
            self.say("state", state=State.STOPPING)
        if self.wishes.save or due or self.wishes.stop or self.wishes.room:
            self.save(progress)
        self.wishes.check()

    def share(self, config):
        """What this process computes of every step; the others are told where to join in."""
        if not self.ranks:
            return None
        from models.parallel import share_of

        self.ranks.tell((str(self.folder.path), str(self.home)))
        return share_of(config, self.ranks)

    def end_epoch(self, progress, epoch: EpochLosses, keep: bool) -> None:
        from models.checkpoint import save_kept

        if progress.epoch:
            losses, seconds = epoch.ended()
            self.say("epoch", epoch=progress.epoch, losses=losses, seconds=seconds)
            listed = " ".join(f"{loss:.4f}" for loss in losses)
            self.folder.log(f"epoch {progress.epoch} of {progress.epochs}: losses {listed}")
        if keep:
            save_kept(self.folder.path, progress.training)
            self.say("checkpoint", epoch=progress.epoch)

    def save(self, progress) -> None:
        from models.checkpoint import save_resume
        from models.train import check_finite

        self.wishes.save = False
        check_finite(progress.losses, progress.training)  # what is saved is worth going on with
        save_resume(self.folder.path, progress.training)
        self.folder.log(f"saved at step {progress.training.step}")

    def analyse(self, config, dataset) -> None:
        from backend.jobs.analyse import analyse

        self.folder.log("analysis begins")
        pace = Pace()
        for step in analyse(self.folder.path, dataset, device=config.device):
            self.wishes.check()
            if self.heart.due():
                self.folder.beat()
            if step.complete:
                self.say("analysed", epoch=step.epoch)
            elif pace.due() and not step.cached:
                self.say(
                    "analysis",
                    phase="analysing",
                    epoch=step.epoch,
                    what=step.what,
                    layer=step.layer,
                    fraction=round(step.fraction, 4),
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


def resume_point(folder: RunFolder, log: Callable[[str], None] = lambda text: None):
    """The newest training that can be read back; None where the run is at its begin.

    Raises CheckpointError if there are resume checkpoints and each is damaged.
    """
    from models.checkpoint import restore

    first = None
    for saved in sorted((folder.path / "checkpoints").glob("resume-*"), reverse=True):
        try:
            return restore(saved)
        except CheckpointError as error:
            log(f"{error}; looks for the one before it")
            first = first or error
    if first:
        raise first
    return None


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
    sys.exit(main())
