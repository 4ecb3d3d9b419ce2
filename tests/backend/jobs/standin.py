"""A worker whose work is to count: it starts in a third of a second, for it needs no torch.

All but the work is the real worker's: lock, attempts, signals, events, result and exit code. The
count is saved as a checkpoint would be, and begins where it was saved. `config` of run.json:
{"ticks": how many, "loads": seconds before them, "pause": seconds each,
"fail": the tick at which it kills itself, "piece": seconds of a piece of analysis after them}.
"""

import os
import signal
import sys
import time
from types import SimpleNamespace

from backend.jobs import worker
from backend.runs.folder import RunFolder


class Counting(worker.Worker):
    def work(self) -> None:
        config = self.folder.about()["config"]
        first = (self.folder.read("saved.json") or {"tick": 0})["tick"]
        print(f"counts from {first}", flush=True)
        self.say("begin", tick=first, handle=self.handle, pid=os.getpid())
        with self.wishes.leave():
            time.sleep(config.get("loads", 0))
        self.pulse.begin("training")
        for tick in range(first, config["ticks"]):
            time.sleep(config.get("pause", 0.01))
            self.say("tick", tick=tick, pid=os.getpid())
            self.pulse.went(tick)
            if tick + 1 == config.get("fail"):
                os.kill(os.getpid(), signal.SIGKILL)
            self.heed(at(tick + 1), Saves(self.folder))
        if "piece" in config:
            Saves(self.folder).save(at(config["ticks"]))
            self.pulse.begin("analysing")
            with self.wishes.leave():
                time.sleep(config["piece"])


def at(step: int) -> SimpleNamespace:
    """A step in the midst of an epoch."""
    return SimpleNamespace(step=step, epoch_ends=False, training=SimpleNamespace(batch=1))


class Saves:
    """The counts that are saved, as backend.jobs.saves has the checkpoints."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def due(self, progress) -> bool:
        return False

    def save(self, progress, must: bool = False) -> None:
        name = f"checkpoints/resume-{progress.step:08d}"
        (self.folder.path / name).mkdir(parents=True, exist_ok=True)
        self.folder.write("saved.json", {"tick": progress.step})


if __name__ == "__main__":
    worker.Worker = Counting
    sys.exit(worker.main())
