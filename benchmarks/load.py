"""How soon does the page's server answer while a run trains beside it, and what does that cost?

A server with the demo run, a training of vgg6-small on one thread, and clients on loopback, each
of which asks, waits for the answer and rests: CLIENTS x about 10 requests a second, of maps and of
thumbnails by turns. Windows with and without clients alternate; the training tells how fast it was
in each. Everything runs on one machine, the clients too.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import torch

from benchmarks.record import Row, figure, parsed, parser, told
from benchmarks.train_step import pictures
from models.config import TrainConfig
from models.device import keep_freed_memory
from models.train import step
from models.training import begin

ROOT = Path(__file__).resolve().parents[1]
RUN, IMAGES = "clapp-photos", 2000
CLIENTS, REST, WINDOW = 4, 0.1, 15.0  # clients; seconds of rest; seconds of a window
BATCH = 8  # images a step of the training: many steps in a window
GOALS = {"map": "< 100", "thumbnail": "< 30"}
PATHS = {
    "map": lambda draw: f"/api/runs/{RUN}/layers/{draw.integers(1, 7)}/embedding",
    "thumbnail": lambda draw: f"/api/datasets/photos/images/{draw.integers(IMAGES)}",
}


@contextmanager
def server(home: Path, token: str) -> Iterator[str]:
    """Where a server of that home answers while the block lasts."""
    command = [sys.executable, "-m", "backend", "serve", "--home", str(home), "--port", "0"]
    env = os.environ | {"SACCADE_TOKEN": token}
    with subprocess.Popen(
        [*command, "--no-browser"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            found = re.search(
                r"http://[\w.:]+", process.stdout.readline() if process.stdout else ""
            )
            if not found:
                raise SystemExit("the server did not start")
            yield found[0]
        finally:
            process.terminate()


@contextmanager
def training() -> Iterator[subprocess.Popen]:
    """A training that answers each line of its input with the steps it has done so far."""
    command = [sys.executable, "-m", "benchmarks.load", "--train"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=env, **pipes) as process:
        try:
            yield process
        finally:
            process.terminate()


def train() -> None:
    """Train without end; print the steps done whenever a line comes in."""
    keep_freed_memory()
    torch.set_num_threads(1)
    learner, images = begin(TrainConfig(batch=BATCH, device="cpu")), pictures(BATCH, "cpu")
    done = 0

    def answer() -> None:
        for _ in sys.stdin:
            print(json.dumps({"steps": done, "at": time.perf_counter()}), flush=True)

    threading.Thread(target=answer, daemon=True).start()
    while True:
        step(learner, images, done)
        done += 1


def asked(process: subprocess.Popen) -> tuple[int, float]:
    process.stdin.write("\n")
    process.stdin.flush()
    said = json.loads(process.stdout.readline())
    return said["steps"], said["at"]


def client(address: str, token: str, until: float, seed: int, found: list) -> None:
    """Ask by turns until a moment; found: (kind, seconds, status) of every request."""
    draw = np.random.default_rng(seed)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, timeout=30) as http:
        while time.perf_counter() < until:
            for kind, path in PATHS.items():
                start = time.perf_counter()
                status = http.get(path(draw)).status_code
                found.append((kind, time.perf_counter() - start, status))
                time.sleep(REST)


def window(process: subprocess.Popen, address: str, token: str, clients: int, seed: int):
    """Images a second of the training in one window, and what the clients saw meanwhile."""
    seen: list[tuple[str, float, int]] = []
    until = time.perf_counter() + WINDOW
    threads = [
        threading.Thread(target=client, args=(address, token, until, seed + n, seen))
        for n in range(clients)
    ]
    steps, at = asked(process)
    for thread in threads:
        thread.start()
    time.sleep(WINDOW)
    more, later = asked(process)
    for thread in threads:
        thread.join()
    return BATCH * (more - steps) / (later - at), seen


def rows(runs: int) -> Iterator[Row]:
    token = secrets.token_urlsafe(32)
    speeds: dict[int, list[float]] = {0: [], CLIENTS: []}
    seen = []
    with (
        tempfile.TemporaryDirectory() as home,
        server(Path(home), token) as address,
        training() as process,
    ):
        window(process, address, token, CLIENTS, 0)  # warms up
        for number in range(runs):
            for clients, speed in speeds.items():
                rate, met = window(process, address, token, clients, 1 + number * CLIENTS)
                speed.append(rate)
                seen += met
    for kind, goal in GOALS.items():
        times = [1000 * seconds for word, seconds, _ in seen if word == kind]
        for share in (50, 99):
            name, unit = f"{kind}, {share} % of requests sooner than", f"ms, of {len(times):,}"
            sooner = float(np.percentile(times, share))
            yield figure(name, [sooner], unit, goal if share == 99 else None)
    yield figure(f"load of {CLIENTS} clients", [len(seen) / (runs * WINDOW)], "requests/s")
    wrong = sum(status != 200 for _, _, status in seen)
    yield figure("answers that were no success", [wrong], f"answers, of {len(seen):,}", "0")
    yield figure("training alone", speeds[0], "images/s")
    yield figure("training beside that load", speeds[CLIENTS], "images/s")
    slower = [100 * (1 - b / a) for a, b in zip(*speeds.values(), strict=True)]
    yield figure("training slowed by", slower, "%", "< 5")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--train", action="store_true", help="only the training")
    given = parsed(options)
    if given.train:
        train()
        return
    told("load", rows(given.runs), given, "cpu")


if __name__ == "__main__":
    main()
