"""Do the scores of a real run stand beside their baselines, image by image?"""

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.analysis.votes import voted
from backend.runs.results import Results
from tests.backend.conftest import TEST, TRAIN
from tests.wire import array


def test_layers_and_probes_of_the_demo_say_that_a_class_is_one_photograph(site: TestClient) -> None:
    shipped = next(run["id"] for run in site.get("/api/runs").json()["runs"] if run["shipped"])
    layers = site.get(f"/api/runs/{shipped}/layers").json()
    assert layers["about"].startswith(f"{len(layers['classes'])} classes, each one photograph;")
    assert site.get(f"/api/runs/{shipped}/probes").json()["protocol"].endswith(layers["about"])


def test_a_layer_stands_beside_the_random_encoder(site: TestClient, run: str) -> None:
    first = site.get(f"/api/runs/{run}/layers", params={"epoch": 0}).json()["layers"]
    last = site.get(f"/api/runs/{run}/layers", params={"epoch": 2}).json()["layers"]
    for before, after in zip(first[1:], last[1:], strict=True):
        random = after["probe"]["random"]
        assert random["accuracy"] == before["probe"]["accuracy"]
        assert random["low"] <= random["accuracy"] <= random["high"]
    assert last[0]["probe"]["random"] is None


def test_probes_stand_beside_their_baselines(site: TestClient, run: str) -> None:
    found = site.get(f"/api/runs/{run}/probes").json()
    assert [probe["layer"] for probe in found["layers"]] == [1, 2, 3, 4, 5, 6]
    assert (found["n_train"], found["n_test"]) == (TRAIN, TEST)
    assert found["chance"] == pytest.approx(0.4)
    assert found["pixels"]["accuracy"] == found["input"]["accuracy"]
    assert np.sum(found["layers"][5]["confusion"]) == TEST
    assert [row["epoch"] for row in found["by_epoch"]] == [0, 1, 2]
    assert found["by_epoch"][2]["accuracy"][5] == found["layers"][5]["accuracy"]
    assert found["by_epoch"][2]["low"][5] == found["layers"][5]["low"]
    assert found["reason"] is None and "regression" in found["protocol"]


def test_the_vote_of_neighbours_stands_beside_the_probe(
    site: TestClient, run: str, results: Results
) -> None:
    found = site.get(f"/api/runs/{run}/probes").json()
    assert found["no_votes"] is None
    assert "the 20 nearest" in found["votes"]
    assert found["input"]["votes"]
    for probe in found["layers"]:
        train, test = (results.features(2, probe["layer"], split) for split in ("train", "test"))
        said = voted(np.asarray(train), np.arange(TRAIN) % 3, np.asarray(test))
        right = np.mean(said == np.arange(TRAIN, TRAIN + TEST) % 3)
        assert probe["votes"]["accuracy"] == pytest.approx(right)
        assert probe["votes"]["low"] < right < probe["votes"]["high"] or right in (0, 1)


def test_a_probe_tells_what_it_answered_for_each_image(
    site: TestClient, run: str, results: Results
) -> None:
    for layer in (0, 6):
        found = site.get(f"/api/runs/{run}/layers/{layer}/answers?epoch=2").json()
        stored = results.read("probe", 2, layer)
        np.testing.assert_array_equal(array(found["predicted"]), stored["predicted"])
        np.testing.assert_array_equal(array(found["confidence"]), stored["confidence"])
        if layer:
            weights = array(found["weights"]).reshape(3, -1)
            np.testing.assert_array_equal(weights, stored["weights"])
        else:
            assert found["weights"] is None
        assert "less that of the next one" in found["definition"] and found["reason"] is None
    assert site.get(f"/api/runs/{run}/layers/7/answers").status_code == 404


def test_answers_that_an_earlier_saccade_did_not_keep_are_a_sentence(
    site: TestClient, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, later = Results.read, {"predicted", "confidence", "kept"}
    monkeypatch.setattr(
        Results, "read", lambda *of: {k: v for k, v in read(*of).items() if k not in later}
    )
    found = site.get(f"/api/runs/{run}/layers/6/answers").json()
    assert found["predicted"] is None and found["reason"].endswith(f"saccade analyse {run}")
    layers = site.get(f"/api/runs/{run}/layers").json()["layers"]
    assert [layer["answers"] for layer in layers] == [False] * 7
    assert site.get(f"/api/runs/{run}/layers/6/embedding").json()["kept"] is None
