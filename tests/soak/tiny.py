"""A run that takes a second: the real worker, whose work is a chain of hashes and not training.

    python -m tests.soak.tiny --run-dir DIR [--attempt N] [--home DIR]

Lock, fence, events, heartbeat, signals and result are those of `backend.jobs.worker`. What is saved
is the last hash, which says how far the chain is; its last link shows whether a step was left out
or done twice.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from typing import Any

from backend.jobs import worker
from backend.jobs.process import end_others, handle_of, is_alive
from backend.jobs.signals import Stopped
from backend.jobs.states import State

CONFIG = {"rule": "clapp", "data": "photos", "device": "cpu", "steps": 100, "pause": 0.005}
SAVE_EVERY = 10  # steps
BEGIN = {"step": 0, "hash": ""}


def chained(saved: dict[str, Any]) -> dict[str, Any]:
    """The next link of the chain."""
    step = saved["step"] + 1
    return {"step": step, "hash": hashlib.sha256(f"{saved['hash']} {step}".encode()).hexdigest()}


class Tiny(worker.Worker):
    """A worker of so many steps, which may take long to save and have a process of its own."""

    def work(self) -> None:
        config = self.folder.about()["config"]
        self.bear_witness()
        if config.get("child"):
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        saved = self.folder.read("saved.json") or BEGIN
        self.pulse.begin("training")
        while saved["step"] < config["steps"]:
            time.sleep(config["pause"])
            saved = chained(saved)
            self.say("progress", step=saved["step"], fence=self.folder.fence.mine)
            self.pulse.went(saved["step"])
            if self.wishes.stop:
                self.say("state", state=State.STOPPING)
            if self.wishes.stop or saved["step"] % SAVE_EVERY == 0:
                self.keep(saved, config.get("saving", 0.0))
            if self.wishes.stop:
                raise Stopped
        self.keep(saved, 0.0)

    def keep(self, saved: dict[str, Any], seconds: float) -> None:
        if seconds:
            (self.folder.path / "saving").touch()
            time.sleep(seconds)
        self.folder.fence.check()
        self.folder.write("saved.json", saved)

    def bear_witness(self) -> None:
        """Write down who works here, and whether one who did so before is still there."""
        path, mine = self.folder.path / "witness", handle_of(os.getpid())
        before = path.read_text().splitlines() if path.exists() else []
        alive = [line for line in before if is_alive(json.loads(line)["handle"])]
        with open(path, "a") as file:
            file.write(json.dumps({"handle": mine, "alive": alive}) + "\n")


if __name__ == "__main__":
    worker.Worker = Tiny
    try:
        sys.exit(worker.main())
    finally:
        end_others()
