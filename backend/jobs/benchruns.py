"""Which run of a home trains what a bench wants, and is it finished?"""

import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from backend.errors import SaccadeError
from backend.jobs.benchprogress import BenchProgress
from backend.jobs.following import follow
from backend.jobs.queue import Queue
from backend.jobs.starting import launch, start
from backend.jobs.states import LIVE, State
from backend.runs.folder import RunFolder
from backend.runs.store import Row
from models.config import TrainConfig
from models.data import Dataset, key_of
from models.rules import RULES
from models.training import taught_by

LOOK_EVERY = 2.0  # seconds between two looks at a run that another process trains
# How much better each state of a run serves than those before it.
CHOICE = (State.FAILED, State.STOPPED, State.INTERRUPTED, State.QUEUED, *sorted(LIVE))


class BenchRuns:
    """The runs of a home as the bench `name` takes them; what is missing is trained."""

    def __init__(self, queue: Queue, dataset: Dataset, name: str, version: str) -> None:
        self.queue, self.dataset, self.name, self.version = queue, dataset, name, version

    def finished(self, config: TrainConfig) -> Iterator[BenchProgress]:
        """Have the run of this config finished; returns its id. Raises what it failed with."""
        what, told = f"{config.rule}, seed {config.seed}", False
        while (row := self.found(config)) and row.state in LIVE:
            if not told:
                yield BenchProgress(f"{what}: waits for run {row.id}, which is at work elsewhere")
                told = True
            time.sleep(LOOK_EVERY)
            self.queue.tick(start=False)
        if row is None:
            name = f"{self.name}: {what}"[:80]
            run = self.queue.submit(
                config.to_dict(), key_of(config.data), self.version, name, mine=True
            )
            yield BenchProgress(f"{what}: trains run {run}")
            launch(self.queue, self.queue.store.row(run))
        elif row.state == State.FINISHED:
            yield BenchProgress(f"{what}: takes run {row.id}, which is finished")
            return row.id
        else:
            run = row.id
            yield BenchProgress(f"{what}: goes on with run {run}, which was {row.state}")
            if row.state != State.QUEUED:
                self.queue.resume(row, mine=True)
                launch(self.queue, self.queue.store.row(run))
            elif start(self.queue, row) is None:  # another process was faster
                return (yield from self.finished(config))
        follow(self.queue)
        ended = self.queue.store.row(run)
        if ended.state == State.STOPPED:
            raise KeyboardInterrupt
        if ended.state != State.FINISHED:
            reason = ended.error or {"message": f"the run is {ended.state}"}
            raise SaccadeError(reason["message"])
        return run

    def found(self, config: TrainConfig) -> Row | None:
        """The run of this home with exactly this config and data that serves best."""
        key, best = key_of(config.data), None
        for row in self.queue.store.rows():
            about = RunFolder(self.queue.runs / row.id).read("run.json") or {}
            if about.get("dataset") != key or not same(about.get("config"), config):
                continue
            if row.state == State.FINISHED and not self.saw_these(row.id, config):
                continue
            if best is None or rank(row) >= rank(best):
                best = row
        return best

    def saw_these(self, run: str, config: TrainConfig) -> bool:
        """Whether a finished run was trained on the images that the data set has now."""
        kept = self.queue.runs / run / "checkpoints" / f"epoch-{config.epochs:04d}"
        state = RunFolder(kept).read("state.json") or {}
        return state.get("fingerprint") == self.taught(RULES[config.rule].labels)

    @lru_cache(maxsize=2)  # noqa: B019, one bench a process
    def taught(self, labels: bool) -> str:
        """What says which training images there are, and their labels for a rule that looks."""
        rows = self.dataset.training_labels() if labels else None
        return taught_by(self.dataset.training_images(), rows)


def same(values: Any, config: TrainConfig) -> bool:
    """Whether a run was trained as `config` says; how its data is named, and which epochs it keeps,
    play no part."""
    try:
        alike = {name: getattr(config, name) for name in ("data", "keep")}
        return TrainConfig.from_dict(values | alike) == config
    except (SaccadeError, TypeError):
        return False


def rank(row: Row) -> int:
    state = State(row.state)
    return CHOICE.index(state) if state in CHOICE else len(CHOICE)
