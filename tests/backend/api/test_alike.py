"""Are the units told to be alike those whose responses correlate, here and in another run?"""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.app import create_app
from backend.runs.arrays import quantised
from backend.runs.results import Results
from backend.runs.store import Store
from backend.settings import Settings
from tests.backend.conftest import LOCAL, Quiet
from tests.wire import array


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, trained: tuple[Path, str]) -> Path:
    """A home with the trained run, `twin`, the same again, and `other`, on other images."""
    home = tmp_path_factory.mktemp("alike")
    shutil.copytree(trained[0] / "runs", home / "runs")
    shutil.copy(trained[0] / "saccade.db", home)
    store = Store(home / "saccade.db")
    for name in ("twin", "other"):
        run = home / "runs" / name
        shutil.copytree(home / "runs" / trained[1], run)
        about = json.loads((run / "run.json").read_text())
        (run / "run.json").write_text(json.dumps(about | {"id": name, "name": name}))
        store.add(name, about["created"], "finished", 1, time.time())
    store.close()
    for file in (home / "runs" / "other" / "analysis").glob("*/analysis.json"):
        told = json.loads(file.read_text()) | {"fingerprint": "0" * 16}
        file.write_text(json.dumps(told))
    return home


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=home), Quiet()), base_url=LOCAL) as client:
        yield client


def responses(run: Path, epoch: int, layer: int) -> np.ndarray:
    stored = Results(run).read("responses", epoch, layer)
    return stored["offset"][:, None] + stored["scale"][:, None] * stored["level"]


def test_r_is_the_correlation_of_the_image_responses(
    client: TestClient, home: Path, trained: tuple[Path, str]
) -> None:
    run, folder = trained[1], home / "runs" / trained[1]
    here = responses(folder, 1, 3)
    unit = int(np.flatnonzero(here.std(1))[1])
    found = client.get(f"/api/runs/{run}/layers/3/units/{unit}/alike?epoch=1").json()
    assert (found["constant"], found["versus"], found["reason"]) == (False, [], None)
    assert [layer["layer"] for layer in found["layers"]] == [3, 2, 4]
    assert "10 images" in found["definition"]
    whole = array(found["r"])
    for layer in found["layers"]:
        there = responses(folder, 1, layer["layer"])
        answering = np.flatnonzero(there.std(1))
        wanted = {u: np.corrcoef(here[unit], there[u])[0, 1] for u in answering.tolist()}
        if layer["layer"] == 3:
            assert whole[answering] == pytest.approx(list(wanted.values()), abs=1e-5)
            assert np.isfinite(whole).sum() == len(answering)
            assert wanted.pop(unit) == pytest.approx(1)
        told = {row["unit"]: row["r"] for row in layer["units"]}
        assert unit not in told or layer["layer"] != 3
        best = sorted(wanted.values(), reverse=True)[:8]
        assert list(told.values()) == pytest.approx(best, abs=1e-5)
        assert told == pytest.approx({u: wanted[u] for u in told}, abs=1e-5)
        best = Results(folder).read("maximizers", 1, layer["layer"])
        for row in layer["units"]:
            assert row["image"] == best["top_image"][row["unit"], 0]
            assert row["column"] == best["top_column"][row["unit"], 0]


def test_the_same_run_again_has_the_same_unit_in_every_layer(
    client: TestClient, trained: tuple[Path, str]
) -> None:
    unit = int(np.flatnonzero(responses(trained[0] / "runs" / trained[1], 2, 5).std(1))[0])
    path = f"/api/runs/{trained[1]}/layers/5/units/{unit}/alike?versus=twin"
    found = client.get(path).json()
    assert [(row["run"], row["layer"]) for row in found["versus"]] == [
        ("twin", n) for n in range(1, 7)
    ]
    assert found["versus"][4]["units"][0]["r"] == pytest.approx(1, abs=1e-5)
    assert found["versus"][5]["units"] == found["layers"][2]["units"]


def test_another_epoch_of_the_same_run_can_be_looked_in(
    client: TestClient, trained: tuple[Path, str]
) -> None:
    path = f"/api/runs/{trained[1]}/layers/1/units/0/alike"
    found = client.get(path, params={"epoch": 2, "versus": f"{trained[1]}@0"}).json()
    assert {(row["run"], row["epoch"]) for row in found["versus"]} == {(trained[1], 0)}
    then = client.get(path, params={"epoch": 0, "versus": f"{trained[1]}@2"}).json()
    assert {row["epoch"] for row in then["versus"]} == {2} and then["epoch"] == 0
    for wrong in ("x@", "x@-1", "x@1e3", f"{trained[1]}@٣"):
        reply = client.get(path, params={"versus": wrong})
        assert wrong == "x@" or reply.status_code == 422, reply.text


@pytest.mark.parametrize(
    ("versus", "said"),
    [
        ("other", "analysed on other images than"),
        ("gone", "there is no run 'gone'"),
        ("", None),
        ("own", "the one in view"),
        ("own@7", "has no analysed epoch 7"),
    ],
)
def test_a_run_that_cannot_be_compared_says_why(
    client: TestClient, trained: tuple[Path, str], versus: str, said: str | None
) -> None:
    query = {"versus": versus.replace("own", trained[1])}
    path = f"/api/runs/{trained[1]}/layers/6/units/0/alike"
    found = client.get(path, params=query).json()
    assert found["versus"] == [] and [row["layer"] for row in found["layers"]] == [6, 5]
    assert found["reason"] is None if said is None else said in found["reason"]


def test_a_silent_unit_is_like_none_and_none_is_like_it(
    home: Path, trained: tuple[Path, str]
) -> None:
    results = Results(home / "runs" / "twin")
    stored = responses(results.run, 2, 4)
    stored[3], stored[5], stored[6] = 0, 0.7, -stored[7]
    results.write("responses", 2, 4, quantised(stored.T))
    with TestClient(create_app(Settings(home=home), Quiet()), base_url=LOCAL) as client:
        at = "/api/runs/twin/layers/4/units"
        silent = client.get(f"{at}/3/alike").json()
        assert silent["constant"] and all(not layer["units"] for layer in silent["layers"])
        assert np.isnan(array(silent["r"])).all()
        known = client.get(f"{at}/7/alike").json()
        r = array(known["r"])
        assert np.isnan(r[[3, 5]]).all() and r[6] == pytest.approx(-1, abs=0.02)
        assert not {3, 5} & {row["unit"] for row in known["layers"][0]["units"]}
        assert np.isnan(array(client.get(at).json()["change"])[[3, 5]]).all()


def test_change_is_taken_from_the_first_analysed_epoch(
    client: TestClient, home: Path, trained: tuple[Path, str]
) -> None:
    path = f"/api/runs/{trained[1]}/layers/2/units"
    found = client.get(path, params={"epoch": 2}).json()
    assert found["change_from"] == 0 and "at epoch 0" in found["definitions"]["change"]
    then, now = (responses(home / "runs" / trained[1], epoch, 2) for epoch in (0, 2))
    answering = np.flatnonzero(then.std(1) * now.std(1))
    wanted = [1 - np.corrcoef(then[unit], now[unit])[0, 1] for unit in answering]
    assert array(found["change"])[answering] == pytest.approx(wanted, abs=1e-5)
    first = client.get(path, params={"epoch": 0}).json()
    assert (first["change"], first["change_from"]) == (None, None)
    assert "change" not in first["definitions"]
    assert client.get(path.replace("layers/2", "layers/0")).json()["change"] is None


def test_a_layer_or_a_unit_that_is_not_there_is_a_sentence(
    client: TestClient, trained: tuple[Path, str]
) -> None:
    for where in ("7/units/0", "3/units/9999"):
        reply = client.get(f"/api/runs/{trained[1]}/layers/{where}/alike")
        assert reply.status_code == 404
        assert "there is no" in reply.text or "has no" in reply.text
