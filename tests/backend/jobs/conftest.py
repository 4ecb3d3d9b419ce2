"""An analysed run, a queue, a Slurm, and the places where launchers are tested."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.jobs.limits import Limits
from backend.jobs.queue import Queue
from backend.runs.store import Store
from tests.backend.conftest import Quiet
from tests.backend.jobs.places import (
    FakeCalls,
    InlinePlace,
    LocalPlace,
    Place,
    RealPlace,
    SlurmPlace,
)
from tests.backend.jobs.stages import Clock
from tests.slurm import Cluster, missing


@pytest.fixture(scope="session")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list]:
    """A run whose two checkpoints are analysed, and what was said meanwhile. To be read only."""
    from backend.jobs.analyse import analyse  # torch, which the tests of the queue do without
    from tests.backend.jobs.stripes import new_run, stripes

    run = new_run(tmp_path_factory.mktemp("runs"))
    return run, list(analyse(run, stripes(), device="cpu"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(home: Path, quiet: Quiet, clock: Clock) -> Iterator[Queue]:
    """The queue of an empty home, whose time is the clock of the test."""
    store = Store(home / "saccade.db")
    yield Queue(store, home / "runs", home, quiet, clock, Limits(auto_resume=0), clock)
    store.close()


@pytest.fixture(scope="session")
def slurm_session() -> Iterator[Cluster]:
    """A Slurm of this computer alone. Must be there in CI where .ci/run can install it."""
    if reason := missing():
        can = os.geteuid() == 0 and shutil.which("apt-get")
        pytest.fail(reason) if os.environ.get("CI") == "true" and can else pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # short: munge's socket lies in it
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(slurm_session: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The same, for the programs that this test starts."""
    monkeypatch.setenv("SLURM_CONF", str(slurm_session.configuration))
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return slurm_session


@pytest.fixture
def real(cluster: Cluster) -> Iterator[RealPlace]:
    place = RealPlace(cluster)
    yield place
    place.leave()


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[SlurmPlace]:
    folder = tmp_path / "fake"
    folder.mkdir()
    place = SlurmPlace(FakeCalls(folder))
    yield place
    place.leave()


@pytest.fixture
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """One of the places, by the word that the test is given."""
    if request.param in ("fake", "slurm"):
        yield request.getfixturevalue({"fake": "fake", "slurm": "real"}[request.param])
        return
    place = InlinePlace(monkeypatch) if request.param == "inline" else LocalPlace()
    yield place
    place.leave()
