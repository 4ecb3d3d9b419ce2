"""Is told what a run would be, and why one cannot be had, before anything is started?"""

import shutil

import pytest
from starlette.testclient import TestClient

from backend.jobs.limits import Limits
from tests.backend.conftest import Quiet


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ({"config": {"rule": "clap"}}, "bad_config", "did you mean 'clapp'?"),
        ({"config": {"encoder": "vgg7"}}, "bad_config", "unknown encoder"),
        ({"config": {"epochs": -1}}, "bad_config", "epochs must be at least 0"),
        ({"config": {"epochs": "3"}}, "bad_config", "epochs must be of type int"),
        ({"config": {"epoch": 3}}, "bad_config", "did you mean 'epochs'?"),
        ({"config": {"data": "photo"}}, "bad_config", "did you mean 'photos'?"),
        ({"config": {"data": "/etc/passwd"}}, "bad_config", "unknown data set"),
        ({"config": {"data": "../../x.npz"}}, "bad_config", "unknown data set"),
        ({"config": {"data": "stl10:/nowhere"}}, "bad_config", "unknown data set"),
        ({"config": {"data": 3}}, "bad_config", "must be the key"),
        ({"config": {"data": "stl10"}}, "bad_data", "saccade data get stl10"),
        ({"config": []}, "bad_request", "config"),
        ({"name": "x" * 81}, "bad_request", "80"),
        ({"name": "a\nb"}, "bad_request", "name"),
        ({"names": "a"}, "bad_request", "unknown field 'names'"),
        ([], "bad_request", "valid"),
    ],
)
def test_a_wrong_wish_is_told_in_a_sentence(
    fresh: TestClient, body: object, code: str, told: str
) -> None:
    reply = fresh.post("/api/runs", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, code)
    assert told in reply.json()["error"]["message"]
    assert fresh.get("/api/runs").json() == {"runs": []}


@pytest.mark.parametrize("text", ["", "{", '{"config": {"learning_rate": NaN}}', '"a"', "[" * 9999])
def test_what_is_no_json_is_told_in_a_sentence(fresh: TestClient, text: str) -> None:
    reply = fresh.post("/api/runs", content=text, headers={"content-type": "application/json"})
    assert reply.status_code in (400, 422)
    assert set(reply.json()["error"]) == {"code", "message"}
    assert fresh.get("/api/runs").json() == {"runs": []}


def test_a_full_disk_takes_no_new_run(fresh: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    reply = fresh.post("/api/runs", json={})
    assert (reply.status_code, reply.json()["error"]["code"]) == (507, "disk_full")
    assert "make room" in reply.json()["error"]["message"]
    assert fresh.get("/api/runs").json() == {"runs": []}


def test_a_queue_has_an_end(fresh: TestClient) -> None:
    fresh.app.state.service.queue.limits = Limits(waiting=0)
    reply = fresh.post("/api/runs", json={})
    assert (reply.status_code, reply.json()["error"]["code"]) == (429, "busy")


def test_what_a_run_would_be_is_told_and_nothing_is_started(
    fresh: TestClient, quiet: Quiet
) -> None:
    config = {"rule": "clapp++", "encoder": "vgg6", "feedback": "both"}
    told = fresh.post("/api/runs/estimate", json={"config": config}).json()
    assert (told["encoder_weights"], told["rule_weights"]) == (16_226_816, 335_544_320)
    assert told["memory_mb"] == (16_226_816 + 335_544_320) * 16 // 10**6
    assert told["config"]["spatial"] == "yes" and "335.5 million" in told["warning"]
    small = fresh.post("/api/runs/estimate", json={"config": {}}).json()
    assert small["warning"] is None
    assert not quiet.started and fresh.get("/api/runs").json()["runs"] == []


def test_an_estimate_of_what_cannot_be_is_one_sentence(fresh: TestClient) -> None:
    reply = fresh.post("/api/runs/estimate", json={"config": {"rule": "cpc", "draw": "network"}})
    assert reply.status_code == 422
    assert "rule cpc has no draw" in reply.json()["error"]["message"]
