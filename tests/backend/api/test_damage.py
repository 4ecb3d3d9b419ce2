"""What is told of a run whose images have no labels, or whose files are damaged or missing?"""

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from httpx import Response
from starlette.testclient import TestClient

from backend.app import create_app
from backend.errors import RunError
from backend.runs.folder import RunFolder
from backend.settings import Settings
from tests.backend.conftest import LOCAL, Quiet


@pytest.fixture
def copy(trained: tuple[Path, str], tmp_path: Path) -> tuple[Path, Path, str]:
    """A copy of the trained run as one that ships: (folder of such runs, run folder, run)."""
    pretrained, run = tmp_path / "pretrained", trained[1]
    shutil.copytree(trained[0] / "runs" / run, pretrained / run)
    return pretrained, pretrained / run, run


@pytest.fixture
def client(copy: tuple[Path, Path, str], home: Path):
    settings = Settings(home=home, pretrained=copy[0])
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        yield client


def test_a_run_that_ships_is_shown_and_cannot_be_changed(client: TestClient, copy: tuple) -> None:
    run = copy[2]
    shown = client.get("/api/runs").json()["runs"]
    assert [(r["id"], r["state"], r["shipped"]) for r in shown] == [(run, "finished", True)]
    assert shown[0]["analysed"] == [0, 1, 2] and shown[0]["accuracy"] is not None
    for method, path in (("POST", "/stop"), ("POST", "/resume"), ("DELETE", "")):
        reply = client.request(method, f"/api/runs/{run}{path}")
        assert (reply.status_code, reply.json()["error"]["code"]) == (409, "conflict")
        assert "ships with Saccade" in reply.json()["error"]["message"]
    assert client.get(f"/api/runs/{run}/layers").status_code == 200
    assert client.get(f"/api/runs/{run}/events").text.count("event: epoch") == 2


def test_an_odd_summary_or_folder_leaves_the_list_of_runs_and_the_other_epochs(
    client: TestClient, copy: tuple
) -> None:
    _, folder, run = copy
    shutil.copytree(folder / "analysis" / "epoch-0000", folder / "analysis" / "epoch-0000.bak")
    assert client.get(f"/api/runs/{run}").json()["analysed"] == [0, 1, 2]
    file = folder / "analysis" / "epoch-0001" / "analysis.json"
    summary = json.loads(file.read_text())
    for odd, there in (
        ({"seconds": 5}, False),
        ({"done": 5}, False),
        ({"done": [[]]}, False),
        ({"seconds": None}, True),
    ):
        file.write_text(json.dumps(summary | odd))
        (shown,) = client.get("/api/runs").json()["runs"]
        assert shown["analysed"] == ([0, 1, 2] if there else [0, 2]), odd


def test_a_map_of_images_that_a_layer_does_not_tell_apart_keeps_no_share_of_neighbours(
    client: TestClient, copy: tuple
) -> None:
    _, folder, run = copy
    (file,) = folder.glob("analysis/epoch-0002/embedding-*3.npz")
    with np.load(file) as stored:
        arrays = dict(stored)
    share = np.full_like(arrays["kept_neighbours"], np.nan)
    np.savez(file, **arrays | {"kept_neighbours": share})
    of_layer = client.get(f"/api/runs/{run}/layers/3/embedding").json()
    of_all = client.get(f"/api/runs/{run}/layers").json()["layers"]
    assert of_layer["kept_neighbours"] is None and of_all[3]["kept_neighbours"] is None
    assert of_all[2]["kept_neighbours"] > 0


def test_without_labels_there_are_no_probes_and_no_classes(client: TestClient, copy: tuple) -> None:
    _, folder, run = copy
    for file in folder.glob("analysis/*/probe-*.npz"):
        file.unlink()
    for file in folder.glob("analysis/epoch-*/selectivity-*.npz"):
        without_classes(file)
    for file in folder.glob("analysis/*/analysis.json"):
        summary = json.loads(file.read_text())
        file.write_text(json.dumps(summary | {"reasons": {"probes": "no test image has a label"}}))
    probes = client.get(f"/api/runs/{run}/probes").json()
    assert (probes["layers"], probes["pixels"], probes["by_epoch"]) == ([], None, [])
    assert probes["reason"] == "There are no probes: no test image has a label."
    told = client.get(f"/api/runs/{run}/layers").json()
    assert (told["layers"][3]["probe"], told["no_probe"]) == (None, "no test image has a label")
    units = client.get(f"/api/runs/{run}/layers/2/units").json()
    assert (units["dprime"], units["best_dprime"], units["best_class"]) == (None, None, None)
    unit = client.get(f"/api/runs/{run}/layers/2/units/0").json()
    assert (unit["dprime"], unit["class_mean"], unit["best_class"]) == (None, None, None)
    assert client.get(f"/api/runs/{run}").json()["accuracy"] is None


def without_classes(file: Path) -> None:
    with np.load(file) as arrays:
        kept = {k: v for k, v in arrays.items() if k not in ("class_mean", "dprime", "best_class")}
    np.savez(file, **kept)


def test_a_damaged_array_is_named_and_spoils_nothing_else(client: TestClient, copy: tuple) -> None:
    _, folder, run = copy
    file = folder / "analysis" / "epoch-0002" / "embedding-3.npz"
    file.write_bytes(file.read_bytes()[:100])
    reply = client.get(f"/api/runs/{run}/layers/3/embedding")
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "bad_run")
    assert "embedding-3.npz" in reply.json()["error"]["message"]
    assert str(folder) not in reply.text
    assert client.get(f"/api/runs/{run}/layers/4/embedding").status_code == 200
    assert client.get("/api/runs").status_code == 200


def test_what_one_layer_lacks_leaves_the_other_layers_and_numbers(
    client: TestClient, copy: tuple
) -> None:
    _, folder, run = copy
    analysis = folder / "analysis" / "epoch-0002"
    (analysis / "embedding-3.npz").unlink()
    (analysis / "selectivity-2.npz").unlink()
    (analysis / "probe-1.npz").write_bytes(b"no arrays")
    told = client.get(f"/api/runs/{run}/layers").json()["layers"]
    assert [row["kept_neighbours"] is None for row in told[1:4]] == [False, False, True]
    assert [row["silent"] is None for row in told[1:4]] == [False, True, False]
    assert [row["probe"] is None for row in told[1:4]] == [True, False, False]
    reply = client.get(f"/api/runs/{run}/layers/3/embedding")
    assert reply.json()["error"]["message"].endswith(f"analyse it first: saccade analyse {run}")


def test_a_run_that_is_not_analysed_says_what_to_do(client: TestClient, copy: tuple) -> None:
    _, folder, run = copy
    shutil.rmtree(folder / "analysis")
    reply = client.get(f"/api/runs/{run}/layers")
    assert reply.status_code == 404
    assert f"saccade analyse {run}" in reply.json()["error"]["message"]
    checkpoints = client.get(f"/api/runs/{run}/checkpoints").json()["checkpoints"]
    assert [row["analysed"] for row in checkpoints] == [False, False, False]


def test_what_no_one_foresaw_goes_to_the_log_and_not_to_the_page(
    client: TestClient, copy: tuple, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.runs.results.Results.ids", lambda *_: 1 / 0)
    reply = client.get(f"/api/runs/{copy[2]}/layers")
    assert (reply.status_code, reply.json()["error"]["code"]) == (500, "internal")
    assert "Traceback" not in reply.text and "division" not in reply.text
    assert "ZeroDivisionError" in (home / "server.log").read_text()
    assert "content-security-policy" in reply.headers


@pytest.mark.parametrize(
    "damage",
    [
        b"[" * 100_000,
        b"{}",
        *(
            json.dumps({"model": model}).encode()
            for model in (5, "x", [], {"widths": 5}, {"layers": [1], "widths": ["a"]})
        ),
        b'{"config": {}}',
    ],
)
def test_a_damaged_run_json_hides_no_other_run(
    client: TestClient, copy: tuple, damage: bytes
) -> None:
    pretrained, folder, run = copy
    shutil.copytree(folder, pretrained / "spoilt")
    about = json.loads((folder / "run.json").read_text()) | {"id": "spoilt"}
    if 2 < len(damage) < 99:
        damage = json.dumps(about | json.loads(damage)).encode()
    (pretrained / "spoilt" / "run.json").write_bytes(damage)
    reply = client.get("/api/runs")
    assert reply.status_code == 200
    assert run in [found["id"] for found in reply.json()["runs"]]
    assert client.get("/api/datasets").status_code == 200
    for path in ("", "/layers", "/learning", "/probes"):
        assert client.get(f"/api/runs/spoilt{path}").status_code < 500


@pytest.mark.parametrize("name", ["loss", "true", "edges", "gap", "cosine"])
def test_damaged_learning_is_one_sentence_and_other_epochs_are_shown(
    client: TestClient, copy: tuple, name: str
) -> None:
    _, folder, run = copy
    file = folder / "analysis" / "epoch-0001" / "learning-2.npz"
    with np.load(file) as held:
        arrays = dict(held)
    arrays[name] = np.zeros((1,), arrays[name].dtype) if name != "true" else 0 * arrays[name]
    np.savez(file, **arrays)
    reply = client.get(f"/api/runs/{run}/learning?epoch=1")
    assert reply.status_code == 409
    assert "learning-2.npz" in reply.json()["error"]["message"]
    other = client.get(f"/api/runs/{run}/learning?epoch=2")
    assert other.status_code == 200
    assert [epoch["epoch"] for epoch in other.json()["by_epoch"]] == [0, 2]


def strange(kind: str, path: Path) -> None:
    """Put in the place of a file what would stop who reads it like any other."""
    if kind == "link":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        with open(path, "wb") as file:
            file.truncate(2**33)  # bytes, none of them on the disk


def answers(client: TestClient, paths: list[str]) -> dict[str, Response]:
    """What the server says, in a time in which it does not hang."""
    with ThreadPoolExecutor() as threads:
        asked = {path: threads.submit(client.get, path) for path in paths}
        return {path: reply.result(timeout=60) for path, reply in asked.items()}


SHARED = {  # file of a run -> route of the run that says what is wrong with it
    "run.json": None,
    "events.jsonl": "",
    "analysis/epoch-0002/analysis.json": None,
    "analysis/epoch-0002/ids.npy": "/layers",
    "analysis/epoch-0002/embedding-3.npz": "/layers/3/embedding",
    **dict.fromkeys(("log.txt", "result.json", "process.json", "heartbeat", "lock")),
}


@pytest.mark.parametrize(
    ("kind", "told"), [("link", "a link"), ("pipe", "a pipe"), ("huge", "8,589,934,592 bytes")]
)
def test_what_is_no_plain_file_or_too_large_is_told_and_stops_no_one(
    trained: tuple[Path, str],
    home: Path,
    until: Callable[[Callable[[], object]], object],
    kind: str,
    told: str,
) -> None:
    run, folder = trained[1], home / "runs" / trained[1]
    shutil.copytree(trained[0] / "runs" / run, folder)
    (folder / "heartbeat").touch()
    settings, at = Settings(home=home, pretrained=home / "none"), f"/api/runs/{run}"
    parts = ("layers", "layers/3/embedding", "layers/3/units", "learning", "probes", "news")
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        until(lambda: client.get(at).status_code == 200)
        for name, route in SHARED.items():
            assert client.get(at).status_code == 200
            aside = (folder / name).rename(home / "aside")
            strange(kind, folder / name)
            paths = ["/api/runs", "/api/health", at, *(f"{at}/{part}" for part in parts)]
            found = answers(client, paths)
            assert {reply.status_code for reply in found.values()} <= {200, 404, 409}, name
            assert found["/api/runs"].status_code == found["/api/health"].status_code == 200
            if route is not None:
                assert told in found[f"{at}{route}"].text, name
            if name == "run.json":
                assert found["/api/runs"].json()["runs"] == []
                with pytest.raises(RunError, match=told):
                    RunFolder(folder).about()
            (folder / name).unlink()
            aside.rename(folder / name)


def test_a_run_json_of_another_network_is_told_and_no_error_of_the_server(
    client: TestClient, copy: tuple
) -> None:
    _, folder, run = copy
    about = json.loads((folder / "run.json").read_text())
    assert client.get(f"/api/runs/{run}").json()["warnings"] == []
    own = about["config"]["encoder"]
    about["config"] |= {"encoder": "vgg6"}
    (folder / "run.json").write_text(json.dumps(about))
    [warning] = client.get(f"/api/runs/{run}").json()["warnings"]
    assert warning["code"] == "other_config"
    assert "'vgg6'" in warning["message"] and repr(own) in warning["message"]
    for path in ("units", "units/100", "units/100/alike", "neighbours/0", "embedding", "answers"):
        reply = client.get(f"/api/runs/{run}/layers/6/{path}")
        assert reply.status_code in (200, 404, 409), (path, reply.text)
    told = client.get(f"/api/runs/{run}/layers/6/units").json()["error"]["message"]
    assert "tells of 1024 units in layer 6" in told
    for path in ("units.csv", "coordinates.csv", "learning", "probes", "layers"):
        assert client.get(f"/api/runs/{run}/{path}").status_code in (200, 409), path
