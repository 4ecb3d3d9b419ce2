"""Is what a run would cost measured on this machine, kept, and close to what it does cost?"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.jobs import trial
from backend.jobs.note import write
from backend.jobs.trials import cost_of
from backend.runs.folder import RunFolder
from models.config import TrainConfig
from models.data import key_of
from tests.backend.conftest import Quiet

Until = Callable[[Callable[[], object]], object]


def asked(client: TestClient, pack: Path, **config: object) -> dict:
    small = {"data": key_of(str(pack)), "encoder": "vgg6-tiny", "batch": 12, "device": "cpu"}
    return {"config": small | config}


def measured(client: TestClient, body: dict, until: Until) -> dict:
    reply = client.post("/api/runs/estimate/measure", json=body)
    assert (reply.status_code, reply.json()["state"]) == (202, "measuring"), reply.text
    path = "/api/runs/estimate"
    until(lambda: client.post(path, json=body).json()["state"] != "measuring")
    return client.post(path, json=body).json()


def test_a_cost_is_measured_once_and_holds_for_other_lengths_of_the_run(
    fresh: TestClient,
    pack: Path,
    until: Until,
    quiet: Quiet,
    home: Path,
    trained: tuple[Path, str],
) -> None:
    body = asked(fresh, pack, epochs=10, keep="0")
    assert fresh.post("/api/runs/estimate", json=body).json()["state"] == "unknown"
    found = measured(fresh, body, until)
    assert (found["state"], found["error"]) == ("measured", None)
    cost = found["cost"]
    assert cost["steps"] == 20 and cost["measured_steps"] >= 5  # 24 images, in twos of 12
    assert 0 < cost["training_seconds"] < 60 and 50 < cost["memory_mb"] < 4000
    assert 0.1 < cost["disk_mb"] < 100 and cost["gpu_memory_mb"] is None
    long, longer = (  # so long that a tenth of a second, to which they are told, is little
        fresh.post("/api/runs/estimate", json=asked(fresh, pack, epochs=n, keep="0")).json()["cost"]
        for n in (1000, 10_000)
    )
    assert longer["training_seconds"] == pytest.approx(10 * long["training_seconds"], 0.1)
    assert long["at"] == longer["at"] == cost["at"]
    other = asked(fresh, pack, batch=8)
    assert fresh.post("/api/runs/estimate", json=other).json()["state"] == "unknown"
    folder = trained[0] / "runs" / trained[1]  # 2 epochs, of which 3 are kept
    taken = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    told = fresh.post("/api/runs/estimate", json=asked(fresh, pack, epochs=2, keep="0,1")).json()
    print(f"told {told['cost']['disk_mb']} MB, taken {taken:.1f} MB")
    assert taken / 2 < told["cost"]["disk_mb"] < taken * 2
    assert not quiet.started and not list(home.glob("cache/trials/*/saved"))
    shutil.rmtree(home / "cache" / "trials")
    assert fresh.post("/api/runs/estimate", json=body).json()["state"] == "unknown"


def test_what_cannot_be_measured_says_why(
    fresh: TestClient, pack: Path, until: Until, home: Path, quiet: Quiet
) -> None:
    absent = asked(fresh, pack, data="stl10")
    reply = fresh.post("/api/runs/estimate/measure", json=absent)
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "bad_data")
    run = fresh.post("/api/runs", json=asked(fresh, pack)).json()["id"]
    until(lambda: quiet.started)
    RunFolder(home / "runs" / run).write("process.json", {"attempt": 1, "handle": "quiet"})
    reply = fresh.post("/api/runs/estimate/measure", json=asked(fresh, pack))
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "conflict")
    assert "at work" in reply.json()["error"]["message"]


def test_a_trial_that_fails_tells_its_reason(fresh: TestClient, pack: Path, home: Path) -> None:
    config = TrainConfig.from_dict({"data": str(pack), "device": "mps"}).to_dict()
    trials = fresh.app.state.service.trials
    folder = trials.folder(config)
    folder.mkdir(parents=True)
    write(folder / "asked.json", config)
    assert trial.main(["--folder", str(folder), "--home", str(home)]) == 1
    found = fresh.post("/api/runs/estimate", json={"config": config}).json()
    assert (found["state"], found["cost"]) == ("failed", None)
    assert "mps" in found["error"]["message"]


def test_a_failure_concerns_its_data_set_alone(fresh: TestClient, pack: Path, home: Path) -> None:
    config = asked(fresh, pack)["config"]
    trials = fresh.app.state.service.trials
    folder = trials.folder(TrainConfig.from_dict(config).to_dict())
    folder.mkdir(parents=True)
    speed = {
        **{"seconds_per_step": 0.5, "memory_mb": 400, "gpu_memory_mb": None, "steps": 10},
        **{"kept_bytes": 10**6, "resume_bytes": 10**6, "at": 1.0, "machine": {"processor": "one"}},
    }
    counted = {"images": 25, "analysis_seconds": 7.0, "analysis_bytes": 10**6}
    write(folder / "answer.json", {"speed": speed, "data": {config["data"]: counted}})
    path = "/api/runs/estimate"
    before = fresh.post(path, json={"config": config}).json()
    assert before["state"] == "measured"

    absent = TrainConfig.from_dict(config | {"data": "stl10"}).to_dict()
    assert trials.folder(absent) == folder
    write(folder / "asked.json", absent)
    assert trial.main(["--folder", str(folder), "--home", str(home)]) == 1
    failed = fresh.post(path, json={"config": absent}).json()
    assert (failed["state"], failed["cost"]) == ("failed", None)
    assert "STL-10" in failed["error"]["message"]
    assert fresh.post(path, json={"config": config}).json() == before


def test_a_trial_that_is_killed_is_told(fresh: TestClient, pack: Path, until: Until) -> None:
    body = asked(fresh, pack)
    assert fresh.post("/api/runs/estimate/measure", json=body).status_code == 202
    trials = fresh.app.state.service.trials
    (folder,) = trials.errands.children
    until((folder / "answer.json").exists)
    trials.errands.end(folder)
    found = fresh.post("/api/runs/estimate", json=body).json()
    assert (found["state"], found["error"]["code"]) == ("failed", "interrupted")
    assert "want of memory" in found["error"]["message"]
    note = folder / "answer.json"
    (data,) = json.loads(note.read_text())["errors"]
    known = {"speed": {"steps": 1}, "data": {data: {"images": 3}}}
    note.write_text(json.dumps(json.loads(note.read_text()) | known))
    config = json.loads((folder / "asked.json").read_text())
    assert trials.find(config, data)["state"] == "measured"  # what was known before stays


def test_a_cost_is_steps_checkpoints_and_analyses() -> None:
    speed = {
        **{"seconds_per_step": 0.5, "memory_mb": 400, "gpu_memory_mb": None, "steps": 10},
        **{"kept_bytes": 10**6, "resume_bytes": 3 * 10**6, "at": 1.0},
        "machine": {"processor": "one"},
    }
    counted = {"images": 25, "analysis_seconds": 7.0, "analysis_bytes": 10**6}
    found = cost_of(speed, counted, epochs=4, batch=10, kept=3)
    assert (found["steps"], found["training_seconds"], found["analysis_seconds"]) == (12, 6.0, 21.0)
    assert found["disk_mb"] == 3 + 2 * 3 + 3
