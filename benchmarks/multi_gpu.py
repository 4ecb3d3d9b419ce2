"""How much faster do several processes train than one, sharing images or layers?

The same batch of CLAPP's in 1, 2 and 4 processes under torchrun: a GPU each through NCCL where
there are several, else one thread each through gloo, on cores that they share with each other:
figures of more processes than cores say nothing of as many devices. An epoch is four batches, after
which processes that share layers wait for each other; a real one has hundreds.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import torch

from benchmarks.record import Row, figure, parsed, parser, told
from benchmarks.train_step import pictures
from models.config import TrainConfig
from models.parallel import share_of
from models.parallel.ranks import joined
from models.train import train

COUNTS, KINDS, STEPS = (1, 2, 4), ("data", "layers"), 4
AGENT = ("torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1")


def several() -> bool:
    """Whether there are several GPUs to share a run; asked when the options are known."""
    return torch.cuda.device_count() > 1


def speeds(kind: str, runs: int) -> list[float]:
    """Images a second of each epoch after the first, in the processes of this torchrun."""
    encoder, batch = ("vgg6", 128) if several() else ("vgg6-small", 32)
    config = TrainConfig(
        encoder=encoder,
        batch=batch,
        epochs=1 + runs,
        parallel=kind,
        device="auto" if several() else "cpu",
    )
    images = pictures(batch * STEPS, torch.device("cpu")).numpy()
    found, begun = [], time.perf_counter()
    with joined() as ranks:
        for progress in train(config, images, share=share_of(config, ranks)):
            if progress.epoch_ends:
                progress.losses.tolist()  # waits for the device
                found.append(len(images) / (time.perf_counter() - begun))
                begun = time.perf_counter()
        if ranks.rank == 0:
            print(json.dumps(found[2:]), flush=True)  # without the start and the first epoch
    return found


def measured(kind: str, count: int, runs: int) -> list[float]:
    words = ["--nproc-per-node", f"{count}", "-m", "benchmarks.multi_gpu"]
    command = [sys.executable, "-m", *AGENT, *words, "--at-work", kind, "--runs", f"{runs}"]
    env = os.environ | {} if several() else os.environ | {"OMP_NUM_THREADS": "1"}
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=env).stdout
    return json.loads(said.splitlines()[-1])


def rows(runs: int) -> Iterator[Row]:
    where = "GPU" if several() else "thread"
    alone = figure(f"one process, one {where}", measured("data", 1, runs), "images/s")
    yield alone
    there = torch.cuda.device_count() if several() else max(COUNTS)
    for kind in KINDS:
        for count in COUNTS[1:]:
            if count <= there:
                name = f"{kind} shared by {count} processes, one {where} each"
                row = figure(name, measured(kind, count, runs), "images/s")
                ratio = row["value"] / alone["value"]
                yield row | {"unit": f"images/s, {ratio:.2f}x of one process", "ratio": ratio}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--at-work", choices=KINDS, help=argparse.SUPPRESS)
    given = parsed(options, least=2)
    if given.at_work:
        speeds(given.at_work, given.runs)
        return
    told("multi_gpu", rows(given.runs), given, "cuda" if several() else "cpu")


if __name__ == "__main__":
    main()
