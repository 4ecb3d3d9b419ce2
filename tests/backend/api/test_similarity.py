"""Layers and units of two checkpoints, as the page gets them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.analysis.similarity import cka
from backend.api import beside
from backend.app import create_app
from backend.runs.results import Results
from backend.settings import Settings
from tests.backend.conftest import LOCAL, TEST, Quiet
from tests.wire import array


def test_every_layer_of_an_epoch_beside_every_layer_of_another(
    site: TestClient, results: Results
) -> None:
    found = site.get(f"/api/runs/{results.run.name}/similarity?epoch=2&versus_epoch=0").json()
    assert (found["epoch"], found["versus"], found["versus_epoch"]) == (2, results.run.name, 0)
    assert found["rows"] == found["columns"] == [f"Layer {n}" for n in range(1, 7)]
    assert found["images"] == TEST and f"{TEST} images of the test split" in found["definition"]
    for i, row in enumerate(found["cells"], 1):
        for j, cell in enumerate(row, 1):
            exact = cka(results.features(2, i, "test"), results.features(0, j, "test"))
            assert (cell["value"] is None) == (exact.value is None)
            if cell["value"] is not None:
                assert cell["value"] == pytest.approx(exact.value, abs=0.01)


def test_a_checkpoint_beside_itself_has_ones_across(site: TestClient, results: Results) -> None:
    cells = site.get(f"/api/runs/{results.run.name}/similarity").json()["cells"]
    values = [cells[i][i]["value"] for i in range(6)]
    assert values == pytest.approx([1.0] * 6)


def test_pairs_of_units_of_two_layers(site: TestClient, results: Results) -> None:
    path = f"/api/runs/{results.run.name}/layers/2/matches"
    found = site.get(f"{path}?epoch=2&versus_epoch=1&versus_layer=3").json()
    assert (found["layer"], found["versus_layer"], found["versus_epoch"]) == (2, 3, 1)
    x, y = results.features(2, 2, "test"), results.features(1, 3, "test")
    assert found["units"] == [x.shape[1], y.shape[1]]
    for kind in ("one_to_one", "best"):
        unit, other, r = (array(found[kind][name]) for name in ("unit", "other", "r"))
        assert found[kind]["mean"] == pytest.approx(r.mean(), abs=1e-5)
        for u, v, value in zip(unit[:5], other[:5], r[:5], strict=True):
            assert value == pytest.approx(np.corrcoef(x[:, u], y[:, v])[0, 1], abs=0.02)
    says = [baseline["says"] for baseline in found["baselines"]]
    assert says == ["shuffled images", "random encoder"]
    first = site.get(f"{path}?epoch=2&versus_epoch=0").json()
    assert [baseline["says"] for baseline in first["baselines"]] == ["shuffled images"]


def test_what_is_not_there_is_named(site: TestClient, results: Results) -> None:
    path = f"/api/runs/{results.run.name}"
    for query, wanted in (
        ("similarity?versus=none", "none"),
        ("similarity?versus_epoch=9", "no analysed epoch 9"),
        ("layers/1/matches?versus_layer=7", "no layer 7"),
        ("layers/7/matches", "no layer 7"),
    ):
        reply = site.get(f"{path}/{query}")
        assert reply.status_code == 404 and wanted in reply.json()["error"]["message"]


@pytest.fixture
def other(home: Path, trained: tuple[Path, str]) -> Results:
    """What a run like the trained one found, which ships with the test's own server."""
    run = home / "shipped" / "another"
    shutil.copytree(trained[0] / "runs" / trained[1], run)
    shutil.copytree(trained[0] / "runs", home / "runs")
    shutil.copy(trained[0] / "saccade.db", home)
    return Results(run)


def ask(home: Path, what: str) -> dict:
    settings = Settings(home=home, pretrained=home / "shipped")
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        return client.get(f"/api/runs/{what}").json()


def test_runs_are_compared_on_the_images_that_both_were_analysed_on(
    home: Path, trained: tuple[Path, str], other: Results
) -> None:
    for epoch in (None, 0, 1, 2):
        other.write_order(epoch, other.ids(epoch)[::-1], other.labels(epoch)[::-1])
    found = ask(home, f"{trained[1]}/similarity?versus=another")
    assert found["images"] == TEST and found["reason"] is None
    assert found["cells"][0][0]["value"] < 0.9


def test_of_many_images_some_are_drawn_and_that_is_said(
    home: Path, trained: tuple[Path, str], other: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ask(home, f"{trained[1]}/similarity?versus=another&versus_epoch=0")
    monkeypatch.setattr(beside, "MOST", 7)
    for what in ("similarity", "layers/2/matches"):
        found = ask(home, f"{trained[1]}/{what}?versus=another&versus_epoch=0")
        assert found["images"] == 7 and whole["images"] == TEST
        assert f"drawn with seed 0 from the {TEST}" in found["definition"]
    assert "drawn" not in whole["definition"]


def test_runs_on_other_images_say_why_there_is_nothing_to_compare(
    home: Path, trained: tuple[Path, str], other: Results
) -> None:
    for epoch in (None, 0, 1, 2):
        other.write_order(epoch, other.ids(epoch) + 1000, other.labels(epoch))
    for what in ("similarity", "layers/1/matches"):
        assert "different images" in ask(home, f"{trained[1]}/{what}?versus=another")["reason"]
    for epoch in (None, 0, 1, 2):
        other.write_summary(epoch, other.summary(epoch) | {"dataset": "moons"})
    found = ask(home, f"{trained[1]}/similarity?versus=another")
    assert found["cells"] == [] and "moons" in found["reason"]
    pairs = ask(home, f"{trained[1]}/layers/1/matches?versus=another")
    assert pairs["one_to_one"]["mean"] is None and pairs["baselines"] == []
