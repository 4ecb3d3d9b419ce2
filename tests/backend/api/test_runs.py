"""Can a run be begun, followed, stopped, resumed and deleted, and read without a change?"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.app import create_app
from backend.jobs.launcher import Signal, Status
from backend.runs.folder import RunFolder
from backend.settings import Settings
from models.config import SETTINGS
from models.data import key_of
from tests.backend.conftest import LOCAL, Quiet

Until = Callable[[Callable[[], object]], object]


def begin(client: TestClient, **config: object) -> dict:
    reply = client.post("/api/runs", json={"name": " My  run ", "config": config})
    assert reply.status_code == 201, reply.text
    return reply.json()


def state(client: TestClient, run: str) -> str:
    return client.get(f"/api/runs/{run}").json()["state"]


def at_work(home: Path, run: str, attempt: int = 1) -> RunFolder:
    """What a worker writes when it takes up a run."""
    folder = RunFolder(home / "runs" / run)
    folder.write("process.json", {"attempt": attempt, "handle": "quiet"})
    folder.tell("state", state="running", attempt=attempt)
    return folder


def ended(folder: RunFolder, state: str, attempt: int = 1, error: dict | None = None) -> None:
    """What a worker writes last."""
    folder.tell("end", state=state, error=error)
    folder.write("result.json", {"state": state, "error": error, "attempt": attempt})


def test_a_new_run_waits_and_is_started(
    fresh: TestClient, quiet: Quiet, until: Until, home: Path
) -> None:
    run = begin(fresh, epochs=3, encoder="vgg6-tiny")
    assert run["id"].startswith("clapp-photos-") and run["name"] == "My run"
    assert (run["dataset"], run["attempt"], run["shipped"]) == ("photos", 1, False)
    assert run["config"]["epochs"] == 3 and set(run["config"]) == {row.name for row in SETTINGS}
    assert (run["history"], run["error"]) == ({"epochs": [], "losses": []}, None)
    until(lambda: quiet.started)
    assert quiet.started[0].folder == home / "runs" / run["id"]
    at_work(home, run["id"])
    assert state(fresh, run["id"]) == "running"


def test_runs_are_started_one_at_a_time_and_listed_newest_first(
    fresh: TestClient, quiet: Quiet, until: Until, home: Path
) -> None:
    first, second = begin(fresh)["id"], begin(fresh)["id"]
    until(lambda: quiet.started)
    ended(at_work(home, first), "finished")
    until(lambda: len(quiet.started) == 2)
    assert [job.run for job in quiet.started] == [first, second]
    assert [run["id"] for run in fresh.get("/api/runs").json()["runs"]] == [second, first]


def test_progress_is_what_the_worker_told_last(
    fresh: TestClient, quiet: Quiet, until: Until, home: Path
) -> None:
    run = begin(fresh)["id"]
    until(lambda: quiet.started)
    folder = at_work(home, run)
    folder.tell("epoch", epoch=1, losses=[2.0] * 6, seconds=1.0)
    folder.tell("progress", phase="training", fraction=0.5, epoch=1, epochs=2, losses=[1.9] * 6)
    shown = fresh.get(f"/api/runs/{run}").json()
    assert (shown["phase"], shown["progress"]["fraction"]) == ("training", 0.5)
    assert shown["history"] == {"epochs": [1], "losses": [[2.0] * 6]}
    folder.log("half of it is done")
    assert fresh.get(f"/api/runs/{run}").json()["log_tail"][-1].endswith("half of it is done")
    ended(folder, "finished")
    assert fresh.get(f"/api/runs/{run}").json()["phase"] is None


def test_a_run_is_stopped_and_resumed(
    fresh: TestClient, quiet: Quiet, until: Until, home: Path
) -> None:
    run = begin(fresh)["id"]
    until(lambda: quiet.started)
    folder = at_work(home, run)
    until(lambda: state(fresh, run) == "running")
    reply = fresh.post(f"/api/runs/{run}/stop")
    assert (reply.status_code, reply.json()["state"]) == (202, "stopping")
    assert (run, Signal.STOP) in quiet.signals
    ended(folder, "stopped")
    assert state(fresh, run) == "stopped"
    reply = fresh.post(f"/api/runs/{run}/resume")
    assert (reply.status_code, reply.json()["attempt"]) == (202, 2)
    until(lambda: len(quiet.started) == 2)
    assert quiet.started[1].attempt == 2


def test_a_run_that_waits_is_stopped_at_once(
    fresh: TestClient, quiet: Quiet, until: Until, home: Path
) -> None:
    first, second = begin(fresh)["id"], begin(fresh)["id"]
    until(lambda: quiet.started)
    assert fresh.post(f"/api/runs/{second}/stop").json()["state"] == "stopped"
    ended(at_work(home, first), "finished")
    until(lambda: state(fresh, first) == "finished")
    assert [job.run for job in quiet.started] == [first]


def test_a_process_that_vanishes_leaves_an_interrupted_run(
    fresh: TestClient, quiet: Quiet, until: Until, home: Path
) -> None:
    run = begin(fresh)["id"]
    until(lambda: quiet.started)
    at_work(home, run)
    quiet.status[run] = Status.GONE
    until(lambda: state(fresh, run) == "interrupted")
    error = fresh.get(f"/api/runs/{run}").json()["error"]
    assert error["code"] == "lost" and "resume" in error["message"]
    assert "event: end" in fresh.get(f"/api/runs/{run}/events").text
    assert fresh.post(f"/api/runs/{run}/resume").status_code == 202


def test_a_run_that_does_not_go_on_is_told_as_stalled_and_is_not_ended(
    fresh: TestClient, quiet: Quiet, until: Until, home: Path
) -> None:
    now = [1000.0]
    fresh.app.state.service.catalogue.pulses.clock = lambda: now[0]
    run = begin(fresh)["id"]
    until(lambda: quiet.started)
    folder = at_work(home, run)
    beat = {"attempt": 1, "phase": "training", "step_seconds": 0.02, "patience": 60.0}
    folder.beat(**beat, step=7)
    assert folder.lock.take()
    assert fresh.get(f"/api/runs/{run}").json()["stalled"] is None
    now[0] += 61
    told = fresh.get("/api/runs").json()["runs"][0]
    assert (told["state"], told["stalled"]["code"]) == ("running", "stalled")
    assert "no step for 61 s" in told["stalled"]["message"]
    assert quiet.signals == []
    folder.beat(**beat, step=8)
    assert fresh.get(f"/api/runs/{run}").json()["stalled"] is None
    folder.lock.release()
    now[0] += 3600
    assert fresh.get(f"/api/runs/{run}").json()["stalled"] is None, "it waits again on a cluster"


def test_an_interrupted_run_goes_on_by_itself_as_often_as_is_set(
    home: Path, quiet: Quiet, until: Until
) -> None:
    settings = Settings(home=home, pretrained=home / "none", auto_resume=1, free_mb=0)
    with TestClient(create_app(settings, quiet), base_url=LOCAL) as client:
        run = begin(client)["id"]
        for attempt in (1, 2):
            until(lambda n=attempt: len(quiet.started) == n)
            at_work(home, run, attempt)
            quiet.status[run] = Status.GONE
        until(lambda: state(client, run) == "interrupted")
        assert client.get(f"/api/runs/{run}").json()["attempt"] == 2


def test_a_failure_shows_its_code_and_sentence(
    fresh: TestClient, quiet: Quiet, until: Until, home: Path
) -> None:
    run, error = begin(fresh)["id"], {"code": "nan_loss", "message": "the loss of layer 2 …"}
    until(lambda: quiet.started)
    ended(at_work(home, run), "failed", error=error)
    assert fresh.get(f"/api/runs/{run}").json()["error"] == error
    until(lambda: fresh.post(f"/api/runs/{run}/resume").status_code == 202)
    assert fresh.get(f"/api/runs/{run}").json()["error"] is None


def test_a_deleted_run_is_gone(fresh: TestClient, quiet: Quiet, until: Until, home: Path) -> None:
    run = begin(fresh)["id"]
    until(lambda: quiet.started)
    folder = at_work(home, run)
    refused = fresh.delete(f"/api/runs/{run}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    ended(folder, "finished")
    assert fresh.delete(f"/api/runs/{run}").status_code == 204
    assert fresh.get(f"/api/runs/{run}").status_code == 404
    assert list((home / "runs").iterdir()) == []
    catalogue = fresh.app.state.service.catalogue
    assert not catalogue.timelines and not catalogue.scores


@pytest.mark.parametrize("word", ["stop", "resume"])
def test_what_a_run_has_behind_it_is_refused(
    fresh: TestClient, quiet: Quiet, until: Until, home: Path, word: str
) -> None:
    run = begin(fresh)["id"]
    until(lambda: quiet.started)
    ended(at_work(home, run), "finished")
    reply = fresh.post(f"/api/runs/{run}/{word}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "conflict")
    assert "finished" in reply.json()["error"]["message"]


def test_a_data_set_of_the_command_line_is_known_by_its_key(
    fresh: TestClient, quiet: Quiet, pack: Path
) -> None:
    run = begin(fresh, data=key_of(str(pack)))
    assert run["dataset"] == key_of(str(pack)) and run["config"]["data"] == str(pack)
    again = begin(fresh, **run["config"])  # a copy of a run's own settings
    assert again["config"] == run["config"]


def test_a_run_whose_name_is_no_text_is_listed_all_the_same(fresh: TestClient, home: Path) -> None:
    run, odd = begin(fresh)["id"], begin(fresh)["id"]
    folder = RunFolder(home / "runs" / odd)
    about = folder.about()
    data = {"data": "/images/\udcff"}
    folder.write("run.json", about | {"name": "caf\udce9", "config": about["config"] | data})
    found = {r["id"]: r for r in fresh.get("/api/runs").json()["runs"]}
    assert set(found) == {run, odd}
    assert (found[odd]["name"], found[odd]["config"]["data"]) == ("caf?", "/images/?")
    assert fresh.get("/api/datasets").status_code == 200
    folder.write("run.json", about | {"config": []})
    assert [r["id"] for r in fresh.get("/api/runs").json()["runs"]] == [run]


def test_reading_changes_nothing(fresh: TestClient, home: Path, until: Until, quiet: Quiet) -> None:
    run = begin(fresh)["id"]
    until(lambda: quiet.started)
    ended(at_work(home, run), "finished")
    until(lambda: (home / "runs" / run / "result.json").exists())
    fresh.get("/api/runs")

    def everything() -> dict[str, bytes]:
        files = (home / "runs").rglob("*")
        return {str(file): file.read_bytes() for file in files if file.is_file()}

    before = everything()
    for path in ("", f"/{run}", f"/{run}/checkpoints", f"/{run}/layers", f"/{run}/events"):
        fresh.get(f"/api/runs{path}")
    assert everything() == before


def test_events_are_numbered_and_taken_up_where_they_were_left(
    fresh: TestClient, quiet: Quiet, until: Until, home: Path
) -> None:
    run = begin(fresh)["id"]
    until(lambda: quiet.started)
    folder = at_work(home, run)
    folder.tell("epoch", epoch=1, losses=[2.0] * 6, seconds=1.0)
    ended(folder, "finished")
    path = f"/api/runs/{run}/events"
    events = [read(block) for block in fresh.get(path).text.strip().split("\n\n")]
    assert [event["event"] for event in events] == ["state", "state", "epoch", "end"]
    assert [event["id"] for event in events] == ["1", "2", "3", "4"]
    assert events[2]["data"]["losses"] == [2.0] * 6
    later = fresh.get(path, headers={"last-event-id": "2"}).text
    assert [read(block)["id"] for block in later.strip().split("\n\n")] == ["3", "4"]
    assert fresh.get(path, params={"after": 3}).text.count("id: ") == 1
    assert fresh.get(path, headers={"last-event-id": "4"}).status_code == 204
    for odd in ("9" * 5000, "x", "-1", ""):
        assert fresh.get(path, headers={"last-event-id": odd}).text.count("id: ") == 4
    assert fresh.get("/api/runs/nothing/events").status_code == 404


def read(block: str) -> dict:
    """One server-sent event as a browser understands it."""
    fields = dict(line.split(": ", 1) for line in block.split("\n"))
    return fields | {"data": json.loads(fields["data"])}
