"""What does the interface tell of benches, and what of those that are not there or damaged?"""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.app import create_app
from backend.errors import RunError
from backend.runs.benches import BenchFolder
from backend.settings import Settings
from tests.backend.conftest import LOCAL, Quiet
from tests.benchrecord import LABELLED, N_TRAIN, record, written


def client_of(home: Path, pretrained: Path) -> TestClient:
    app = create_app(Settings(home=home, pretrained=pretrained), Quiet())
    return TestClient(app, base_url=LOCAL)


def test_benches_of_the_home_come_before_those_that_ship(home: Path, tmp_path: Path) -> None:
    written(home, "older", created="2026-01-01T00:00:00.000+00:00")
    written(home, "newer", created="2026-02-01T00:00:00.000+00:00")
    shipped = tmp_path / "pretrained" / "benches"
    shipped.mkdir(parents=True)
    (shipped / "rules-stl10.json").write_text(json.dumps(record("as it was called")))
    with client_of(home, tmp_path / "pretrained") as client:
        found = client.get("/api/benches").json()["benches"]
        assert [(b["name"], b["shipped"]) for b in found] == [
            ("newer", False),
            ("older", False),
            ("rules-stl10", True),
        ]
        one = client.get("/api/benches/rules-stl10").json()
    assert one["name"] == "rules-stl10" and one["shipped"]
    assert one["summary"][-1]["probes"]["fast"] == record("")["summary"][-1]["probes"]["fast"]


def test_a_run_is_named_only_where_it_is_here(trained: tuple[Path, str], tmp_path: Path) -> None:
    home, run = trained
    shipped = tmp_path / "benches"
    shipped.mkdir()
    told = record("rules-stl10")
    told["summary"][-1]["runs"] = [run, "gone"]
    (shipped / "rules-stl10.json").write_text(json.dumps(told))
    with client_of(home, tmp_path) as client:
        summary = client.get("/api/benches/rules-stl10").json()["summary"]
    assert summary[-1]["runs"] == [run, None]
    assert {name for row in summary[:-1] for name in row["runs"]} == {None}


def test_a_rule_is_told_with_the_images_of_its_training_and_the_seeds_that_are_finished(
    home: Path, tmp_path: Path
) -> None:
    written(home)
    with client_of(home, tmp_path) as client:
        rows = client.get("/api/benches/rules-stl10").json()["summary"]
    images = {row["rule"]: row["images"] for row in rows}
    assert (images["clapp"], images["supervised"]) == (N_TRAIN, LABELLED)
    assert images["pixels"] is images["random"] is None
    seeds = {row["rule"]: row["seeds"] for row in rows}
    assert (seeds["clapp"], seeds["cpc"], seeds["pixels"]) == ([0, 1], [0], [None])


def test_an_unknown_bench_is_told_with_the_nearest(home: Path, tmp_path: Path) -> None:
    with client_of(home, tmp_path) as client:
        empty = client.get("/api/benches/rules")
        written(home, "rules-stl10")
        unknown, strange = (client.get(f"/api/benches/{n}") for n in ("rules-stl1", "..%2F..%2Fx"))
    assert empty.status_code == 404 and "saccade bench rules" in empty.json()["error"]["message"]
    assert unknown.status_code == 404
    assert "did you mean 'rules-stl10'?" in unknown.json()["error"]["message"]
    assert strange.status_code == 404


@pytest.mark.parametrize(
    "damage",
    [
        b"{",
        b"[]",
        b'{"name": 3}',
        json.dumps(record("x") | {"summary": [{"rule": "clapp"}]}).encode(),
    ],
)
def test_a_damaged_record_is_one_sentence_and_hides_no_other(
    home: Path, tmp_path: Path, damage: bytes
) -> None:
    written(home, "good")
    written(home, "spoilt")
    (home / "benches" / "spoilt" / "bench.json").write_bytes(damage)
    with client_of(home, tmp_path) as client:
        reply = client.get("/api/benches/spoilt")
        assert (
            reply.status_code == 409 and "run the bench again" in reply.json()["error"]["message"]
        )
        assert "good" in [b["name"] for b in client.get("/api/benches").json()["benches"]]


def test_a_record_with_a_number_that_is_none_is_never_written(home: Path) -> None:
    before = written(home, "rules")
    with pytest.raises(RunError, match="not finite"):
        BenchFolder(home / "benches", "rules").write(before | {"k": float("nan")})
    path = home / "benches" / "rules" / "bench.json"
    assert json.loads(path.read_text()) == before
    assert sorted(file.name for file in path.parent.iterdir()) == ["bench.json"]


def test_the_probes_of_a_run_name_their_protocol(site: TestClient, trained) -> None:
    found = site.get(f"/api/runs/{trained[1]}/probes").json()
    assert found["word"] == "fast" and "L2 penalty" in found["protocol"]
