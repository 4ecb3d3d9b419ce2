"""Take a few steps of a run that somebody thinks of, in a process of its own, and measure them.

python -m backend.jobs.trial --folder DIR --home HOME

DIR/asked.json has the settings; DIR/answer.json gets what a step, a checkpoint and an analysis
cost on this machine, or why that cannot be measured with a data set.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from backend.analysis import cost
from backend.analysis.machine import machine
from backend.analysis.material import Material
from backend.analysis.speed import gpu_peak_mb, start_gpu_peak, wait
from backend.errors import DataError, failure_of
from backend.jobs.memory import peak_mb, start_peak
from backend.jobs.note import read, write
from backend.runs.arrays import ANALYSES, OF_ENCODERS
from backend.runs.lock import Lock
from models.checkpoint import save_kept, save_resume
from models.config import TrainConfig
from models.data import Dataset, key_of, load
from models.device import pick_device
from models.presets import ENCODERS
from models.train import train

WARM_UP, STEPS = 2, 10
LONGEST = 10.0  # seconds of measuring, after which fewer steps do
STREAMED = ("maximizers", "selectivity")  # found in the pass that "activity" stands for
SMALL = 2**16  # bytes of what else an analysis leaves
CUT_SHORT = {
    "code": "interrupted",
    "message": "what measured it was ended, by a stop of Saccade or for want of memory; try again",
}


def measured(config: TrainConfig, dataset: Dataset, folder: Path) -> dict[str, Any]:
    """What a step and the checkpoints cost. Raises DataError where there are too few images."""
    device = pick_device(config.device)
    long = replace(config, epochs=max(config.epochs, WARM_UP + STEPS))
    start_peak()
    start_gpu_peak(device)
    times, progress = [], None
    for progress in train(long, dataset.training_images(), labels=dataset.training_labels()):
        wait(device)
        if progress.images:
            times.append(time.perf_counter())
        taken = len(times) - WARM_UP - 1
        if taken >= STEPS or (taken > 0 and times[-1] - times[WARM_UP] > LONGEST):
            break
    if len(times) < WARM_UP + 2:
        raise DataError(f"{dataset.title} has too few images to train on; give more")
    seconds = (times[-1] - times[WARM_UP]) / (len(times) - WARM_UP - 1)
    return {
        "seconds_per_step": seconds,
        "steps": len(times) - WARM_UP - 1,
        "memory_mb": peak_mb(),
        "gpu_memory_mb": gpu_peak_mb(device),
        "kept_bytes": size_of(save_kept(folder / "saved", progress.training)),
        "resume_bytes": size_of(save_resume(folder / "saved", progress.training)),
        "machine": machine(device),
        "at": time.time(),
    }


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def of_data(config: TrainConfig, dataset: Dataset) -> dict[str, Any]:
    """What concerns the data set: steps of an epoch, and roughly what an analysis costs."""
    images = len(dataset.training_images())
    found = {"images": images, "analysis_seconds": 0.0, "analysis_bytes": 0}
    try:
        m = Material.of(dataset, config)
    except DataError:
        return found  # it will be trained on and not analysed
    network, layers = ENCODERS[config.encoder], enumerate(config.widths, 1)
    words = [word for word in ANALYSES if word not in (*STREAMED, "activity", *OF_ENCODERS)]
    seconds = sum(cost.seconds(word, width, m, None) for _, width in layers for word in words)
    seconds += sum(cost.seconds(word, 0, m, network) for word in ("activity", *OF_ENCODERS))
    features = sum(config.widths) * (4 * (len(m.test) + len(m.train)) + len(m.test))
    return found | {"analysis_seconds": seconds, "analysis_bytes": features + SMALL}


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m backend.jobs.trial", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, metavar="DIR")
    parser.add_argument("--home", type=Path, required=True, metavar="HOME")
    options = parser.parse_args(words)
    folder = options.folder.absolute()
    lock = Lock(folder / "lock")
    if not lock.take():
        return 3
    config = TrainConfig.from_dict(json.loads((folder / "asked.json").read_bytes()))
    key = key_of(config.data)
    answer = {"data": {}, "errors": {}} | (read(folder / "answer.json") or {})
    answer["errors"][key] = CUT_SHORT  # holds if this process is killed
    write(folder / "answer.json", answer)
    try:
        dataset = load(config.data, options.home)
        answer["speed"] = measured(config, dataset, folder)
        answer["data"][key] = of_data(config, dataset)
        del answer["errors"][key]
    except Exception as error:
        answer["errors"][key] = failure_of(error)
    shutil.rmtree(folder / "saved", ignore_errors=True)
    write(folder / "answer.json", answer)
    lock.release()
    return 1 if key in answer["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
