"""A small pack of images, a run really trained and analysed on it, and a quiet launcher."""

import io
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from backend.jobs.inline import Inline
from backend.jobs.launcher import Job, Signal, Status
from backend.jobs.queue import Queue
from backend.runs.store import Store
from models.config import TrainConfig
from models.data import key_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient

LOCAL = "http://127.0.0.1:8000"
FILE = {"content-type": "application/octet-stream"}  # what a file that is sent says of itself
TRAIN, TEST, SIDE = 24, 10, 64


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy stripes in three directions, 24 images to train on and 10 to test with."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    files, labels = [], np.arange(TRAIN + TEST, dtype=np.int16) % 3
    for label in labels:
        phase = (x, y, x + y)[label] / generator.uniform(3, 6) + generator.uniform(0, 6)
        grey = 128 + 60 * np.sin(phase)[..., None] + generator.normal(0, 25, (SIDE, SIDE, 3))
        stream = io.BytesIO()
        Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(stream, "PNG")
        files.append(stream.getvalue())
    path = tmp_path_factory.mktemp("images") / "stripes.npz"
    np.savez(
        path,
        data=np.frombuffer(b"".join(files), np.uint8),
        offsets=np.cumsum([0, *map(len, files)], dtype=np.int64),
        labels=labels,
        split=np.repeat(np.array([0, 1], np.uint8), [TRAIN, TEST]),
        class_names=np.array(["across", "down", "slanted"]),
        title=np.array("stripes"),
    )
    return path


@pytest.fixture(scope="session")
def config(pack: Path) -> dict:
    """The settings of the smallest useful run."""
    return TrainConfig(
        data=str(pack), encoder="vgg6-tiny", epochs=2, batch=12, device="cpu", keep="0,1"
    ).to_dict()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, config: dict) -> tuple[Path, str]:
    """A home folder with one run, trained and analysed: (home, run). To be read only."""
    home = tmp_path_factory.mktemp("trained")
    store = Store(home / "saccade.db")
    queue = Queue(store, home / "runs", home, Inline())
    run = queue.submit(config, key_of(config["data"]), "0", name="stripes")
    queue.tick()
    queue.tick()
    assert (store.row(run).state, store.row(run).error) == ("finished", None)
    store.close()
    return home, run


class Quiet:
    """A launcher that starts nothing: a test says what became of each job."""

    queues = False

    def __init__(self) -> None:
        self.started: list[Job] = []
        self.signals: list[tuple[str, Signal]] = []
        self.status: dict[str, Status] = {}
        self.causes: dict[str, str] = {}

    def start(self, job: Job) -> str:
        self.status[job.run] = Status.RUNNING  # first: who sees the job may say what became of it
        self.started.append(job)
        return f"quiet-{len(self.started)}"

    def poll(self, jobs: Iterable[Job]) -> dict[str, Status]:
        return {job.run: self.status.get(job.run, Status.GONE) for job in jobs}

    def signal(self, job: Job, signal: Signal) -> None:
        self.signals.append((job.run, signal))

    def cause(self, job: Job) -> str:
        return self.causes.get(job.run, "")


@pytest.fixture
def quiet() -> Quiet:
    return Quiet()


@pytest.fixture(scope="session")
def site(trained: tuple[Path, str]) -> "Iterator[TestClient]":
    """A client of a server whose home has the trained run."""
    from starlette.testclient import TestClient

    from backend.app import create_app
    from backend.settings import Settings

    with TestClient(create_app(Settings(home=trained[0]), Quiet()), base_url=LOCAL) as client:
        yield client


@pytest.fixture
def fresh(home: Path, quiet: Quiet, pack: Path) -> "Iterator[TestClient]":
    """A client of a server with an empty home that knows the pack; what it starts is `quiet`."""
    from starlette.testclient import TestClient

    from backend.app import create_app
    from backend.settings import Settings

    settings = Settings(home=home, data=(str(pack),), pretrained=home / "none", auto_resume=0)
    with TestClient(create_app(settings, quiet), base_url=LOCAL) as client:
        yield client


@pytest.fixture
def until() -> Callable[[Callable[[], object]], object]:
    """Waits until something is true, and gives it back."""

    def wait(look: Callable[[], object], seconds: float = 240.0) -> object:
        end = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < end, f"{look} was not true within {seconds} s"
            time.sleep(0.05)
        return found

    return wait
