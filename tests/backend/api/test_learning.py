"""Does the learning route give what is stored, sum it rightly, and say why where there is none?"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.api.learning import steps_of
from backend.app import create_app
from backend.runs.results import Results
from backend.settings import Settings
from tests.backend.conftest import LOCAL, TRAIN, Quiet


@pytest.fixture
def copied(home: Path, trained: tuple[Path, str]) -> Path:
    """A copy of the trained run's folder in the test's own home."""
    shutil.copytree(trained[0] / "runs", home / "runs")
    shutil.copy(trained[0] / "saccade.db", home)
    return home / "runs" / trained[1]


def ask(run: Path, query: str = "") -> dict:
    settings = Settings(home=run.parents[1])
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        return client.get(f"/api/runs/{run.name}/learning{query}").json()


def test_every_figure_is_the_stored_one(site: TestClient, trained: tuple[Path, str]) -> None:
    found = site.get(f"/api/runs/{trained[1]}/learning?epoch=1").json()
    results = Results(trained[0] / "runs" / trained[1])
    assert (found["epoch"], found["rule"], found["contrast"]) == (1, "clapp", "hinge")
    assert found["seed"] == 0 and found["reason"] is None
    assert f"{TRAIN} training images" in found["definitions"]["learning"]
    assert set(found["definitions"]) == {"learning", "scores", "loss", "cosine", "four factors"}
    assert [layer["layer"] for layer in found["layers"]] == [1, 2, 3, 4, 5, 6]
    for layer in found["layers"]:
        stored = results.read("learning", 1, layer["layer"])
        assert [step["k"] for step in layer["steps"]] == [None, 1, 2, 3, 4, 5]
        for name in ("loss", "true_gate", "wrong_gate", "true_mean", "wrong_mean"):
            given = [step[name] for step in layer["steps"][1:]]
            assert given == pytest.approx(stored[name].tolist())
        assert [step["cosine"] for step in layer["steps"]] == pytest.approx(
            stored["cosine"].tolist()
        )
        for sign in ("true", "wrong"):
            assert [step[sign] for step in layer["steps"][1:]] == stored[sign].tolist()
        assert len(layer["edges"]) == len(layer["steps"][0]["true"]) + 1
        assert [gap["precision"] for gap in layer["gaps"]] == ["float64", "float32", "rounding"]
        assert layer["gaps"][0]["W_retro"] == stored["gap"][0, 3]


def test_all_steps_together_weigh_losses_alike_and_scores_by_number(
    site: TestClient, trained: tuple[Path, str]
) -> None:
    layer = site.get(f"/api/runs/{trained[1]}/learning").json()["layers"][2]
    whole, *steps = layer["steps"]
    counts = [sum(step["true"]) for step in steps]
    assert counts == [TRAIN * 2 * 7 * (6 - k) for k in range(1, 6)]
    assert whole["loss"] == pytest.approx(np.mean([step["loss"] for step in steps]))
    gates = [step["true_gate"] for step in steps]
    assert whole["true_gate"] == pytest.approx(np.average(gates, weights=counts))
    assert sum(whole["wrong"]) == sum(sum(step["wrong"]) for step in steps)


def test_scores_of_steps_with_more_pairs_count_more_and_losses_alike() -> None:
    arrays = {name: np.array([[3, 1], [1, 1]]) for name in ("true", "wrong")}  # 4 pairs, 2 pairs
    arrays |= {"loss": np.array([1.0, 2.0]), "cosine": np.array([0.5, np.nan, 1])}
    arrays |= {"true_mean": np.array([0.3, 0.9]), "wrong_mean": np.array([-3.0, 0.0])}
    arrays["wrong_gate"] = np.array([1.0, 0.25])
    whole, *steps = steps_of(arrays)
    told = [whole[name] for name in ("loss", "true_mean", "wrong_mean", "wrong_gate", "true_gate")]
    assert told == [1.5, pytest.approx(0.5), pytest.approx(-2), pytest.approx(0.75), None]
    assert (whole["true"], whole["cosine"]) == ([4, 2], 0.5)
    assert [(step["k"], step["cosine"]) for step in steps] == [(1, None), (2, 1)]


def test_the_series_hold_every_analysed_epoch(site: TestClient, trained: tuple[Path, str]) -> None:
    found = site.get(f"/api/runs/{trained[1]}/learning").json()
    assert [row["epoch"] for row in found["by_epoch"]] == [0, 1, 2]
    last = found["by_epoch"][2]["layers"][5]["steps"]
    for name in ("loss", "true_gate", "cosine"):
        assert [step[name] for step in last] == [s[name] for s in found["layers"][5]["steps"]]


def test_a_run_without_the_analysis_says_how_to_get_it(copied: Path) -> None:
    for file in (copied / "analysis").glob("epoch-*/learning-*.npz"):
        file.unlink()
    found = ask(copied)
    assert found["layers"] == [] and found["by_epoch"][0]["layers"] == []
    assert found["reason"].endswith(f"saccade analyse {copied.name} --only learning")


def test_one_epoch_without_it_leaves_a_gap_in_the_series(copied: Path) -> None:
    for file in (copied / "analysis" / "epoch-0000").glob("learning-*.npz"):
        file.unlink()
    found = ask(copied)
    assert found["reason"] is None
    assert [len(row["layers"]) for row in found["by_epoch"]] == [0, 6, 6]
    assert "--only learning" in ask(copied, "?epoch=0")["reason"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("random", "the untrained encoder has no loss"),
        ("greedy-supervised", "learns from labels, not from predictions"),
    ],
)
def test_a_rule_without_scores_says_why(copied: Path, rule: str, said: str) -> None:
    about = json.loads((copied / "run.json").read_text())
    config = about["config"] | {"rule": rule, "draw": "auto", "w_init": "auto", "update": "auto"}
    (copied / "run.json").write_text(json.dumps(about | {"config": config}))
    for file in (copied / "analysis").glob("epoch-*/learning-*.npz"):
        file.unlink()
    assert said in ask(copied)["reason"]


def test_a_checkpoint_without_the_rule_says_so(copied: Path) -> None:
    (copied / "checkpoints" / "epoch-0002" / "rule.safetensors").unlink()
    assert ask(copied)["layers"]  # what was measured while it was there is shown
    for file in (copied / "analysis").glob("epoch-*/learning-*.npz"):
        file.unlink()
    assert "without the rule's own weights" in ask(copied)["reason"]


def test_an_unknown_epoch_is_a_sentence(site: TestClient, trained: tuple[Path, str]) -> None:
    reply = site.get(f"/api/runs/{trained[1]}/learning?epoch=7")
    assert reply.status_code == 404
    assert "choose one of: 0, 1, 2" in reply.json()["error"]["message"]


def test_a_damaged_file_is_a_sentence(copied: Path) -> None:
    path = Results(copied).path("learning", 2, 3)
    path.write_bytes(path.read_bytes()[:40])
    message = ask(copied)["error"]["message"]
    assert "learning-3.npz" in message and "analyse again" in message
