"""Measure how fast a rule trains, and in how much memory, in a process that does nothing else.

python -m backend.jobs.speed --run-dir DIR --home HOME      prints one JSON object
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from backend.analysis.machine import machine
from backend.analysis.speed import speed
from backend.errors import failure_of
from backend.jobs.memory import peak_mb, start_peak
from backend.runs.folder import RunFolder
from models.config import TrainConfig
from models.data import load
from models.device import pick_device

ROOT = Path(__file__).resolve().parents[2]


def measured(config: TrainConfig, home: Path) -> dict:
    """The speed of a run's rule, the peak of memory from its first step on, and the machine."""
    dataset = load(config.data, home)
    start_peak()
    found = speed(config, dataset.training_images(), dataset.training_labels())
    return found | {"memory_mb": peak_mb(), "machine": machine(pick_device(config.device))}


def apart(run_dir: Path, home: Path) -> dict:
    """What `measured` gives of a run, in a fresh process; {"error": why} where that fails."""
    path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
    command = [sys.executable, "-m", "backend.jobs.speed", "--home", str(home)]
    command += ["--run-dir", str(run_dir)]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    try:
        return json.loads(done.stdout)
    except ValueError:
        reason = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        return {"error": reason[-1]}


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m backend.jobs.speed", description=__doc__)
    parser.add_argument("--run-dir", type=Path, required=True, metavar="DIR")
    parser.add_argument("--home", type=Path, required=True, metavar="HOME")
    options = parser.parse_args(words)
    try:
        config = TrainConfig.from_dict(RunFolder(options.run_dir).about()["config"])
        print(json.dumps(measured(config, options.home), allow_nan=False))
    except Exception as error:
        print(failure_of(error)["message"], file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
