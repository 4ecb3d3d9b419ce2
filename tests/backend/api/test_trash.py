"""Does a deleted run come back as it was for ten minutes, and is it gone for good after that?"""

import errno
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.app import create_app
from backend.jobs.queue import Queue
from backend.runs.folder import RunFolder
from backend.runs.remade import Remade
from backend.runs.store import Store
from backend.runs.trash import KEPT
from backend.settings import Settings
from tests.backend.conftest import LOCAL, Quiet

Until = Callable[[Callable[[], object]], object]


def failed_run(client: TestClient, home: Path, until: Until) -> str:
    """A run that ended badly, with something in its directory."""
    run = client.post("/api/runs", json={"name": "mine", "config": {}}).json()["id"]
    until(lambda: client.app.state.service.queue.launcher.started)
    folder = RunFolder(home / "runs" / run)
    folder.write("process.json", {"attempt": 1, "handle": "quiet"})
    folder.tell("epoch", epoch=1, losses=[2.0])
    error = {"code": "nan_loss", "message": "the loss of layer 2 is no number"}
    folder.tell("end", state="failed", error=error)
    folder.write("result.json", {"state": "failed", "error": error, "attempt": 1})
    until(lambda: client.app.state.service.queue.store.row(run).state == "failed")
    return run


def test_a_deleted_run_comes_back_as_it_was(fresh: TestClient, home: Path, until: Until) -> None:
    run = failed_run(fresh, home, until)
    before = fresh.get(f"/api/runs/{run}").json()
    assert fresh.delete(f"/api/runs/{run}").status_code == 204
    assert fresh.get(f"/api/runs/{run}").status_code == 404
    [deleted] = fresh.get("/api/trash").json()["runs"]
    assert (deleted["id"], deleted["name"]) == (run, "mine")
    assert 590 < deleted["until"] - time.time() <= 600
    assert fresh.post(f"/api/trash/{run}/restore").json() == before
    assert fresh.get("/api/trash").json() == {"runs": []}
    assert not (home / "runs" / run / "deleted.json").exists()
    assert fresh.post(f"/api/runs/{run}/resume").status_code == 202
    assert fresh.post(f"/api/trash/{run}/restore").status_code == 404


def test_a_run_that_waited_comes_back_stopped(fresh: TestClient) -> None:
    fresh.post("/api/runs", json={"config": {}})
    second = fresh.post("/api/runs", json={"config": {}}).json()["id"]
    assert fresh.delete(f"/api/runs/{second}").status_code == 204
    assert fresh.post(f"/api/trash/{second}/restore").json()["state"] == "stopped"


def test_what_was_made_again_of_a_run_goes_with_it(
    fresh: TestClient, home: Path, until: Until
) -> None:
    run, features = failed_run(fresh, home, until), home / "cache" / "features"
    for name in (run, "another"):
        Remade(home).once(name, 1, (), lambda: {1: np.zeros((2, 3), np.float32)})
    assert fresh.delete(f"/api/runs/{run}").status_code == 204
    assert [folder.name for folder in features.iterdir()] == ["another"]


def test_the_trash_outlives_the_server_and_is_emptied_in_time(
    fresh: TestClient, home: Path, until: Until
) -> None:
    run = failed_run(fresh, home, until)
    fresh.delete(f"/api/runs/{run}")
    store = Store(home / "other.db")
    queue = Queue(store, home / "runs", home, Quiet())
    [deleted] = queue.trash.all()
    assert deleted.until == deleted.at + KEPT
    queue.trash.purge(deleted.until - 2)
    assert [deleted.folder.id for deleted in queue.trash.all()] == [run]
    queue.trash.purge(deleted.until + 2)
    assert queue.trash.all() == [] and list((home / "trash").iterdir()) == []
    store.close()


def test_the_server_empties_the_trash_by_itself(
    home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.runs.trash.KEPT", 0.5)
    monkeypatch.setattr("backend.jobs.supervisor.ADOPTION", 1)
    settings = Settings(home=home, pretrained=home / "none")
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        run = failed_run(client, home, until)
        client.delete(f"/api/runs/{run}")
        until(lambda: not (home / "trash" / run).exists())
        assert client.post(f"/api/trash/{run}/restore").status_code == 404


def test_a_full_disk_lets_runs_be_deleted(
    fresh: TestClient, home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = failed_run(fresh, home, until)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(RunFolder, "write", full)
        assert fresh.delete(f"/api/runs/{run}").status_code == 204
    [deleted] = fresh.get("/api/trash").json()["runs"]
    assert 590 < deleted["until"] - time.time() <= 600
    assert fresh.post(f"/api/trash/{run}/restore").json()["state"] == "failed"
    fresh.delete(f"/api/runs/{run}")
    assert fresh.delete(f"/api/trash/{run}").status_code == 204
    assert list((home / "trash").iterdir()) == []
    assert fresh.delete(f"/api/trash/{run}").status_code == 404


def test_a_restore_over_another_run_is_refused(fresh: TestClient, home: Path, until: Until) -> None:
    run = failed_run(fresh, home, until)
    fresh.delete(f"/api/runs/{run}")
    (home / "runs" / run).mkdir()
    reply = fresh.post(f"/api/trash/{run}/restore")
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "conflict")
