"""Does the route give predicted and actual responses as stored, or say why there are none?"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.app import create_app
from backend.runs.results import Results
from backend.settings import Settings
from tests.backend.conftest import LOCAL, TEST, Quiet
from tests.wire import array


@pytest.fixture
def copied(home: Path, trained: tuple[Path, str]) -> Path:
    """A copy of the trained run's folder, without predictions, in the test's own home."""
    shutil.copytree(trained[0] / "runs", home / "runs")
    shutil.copy(trained[0] / "saccade.db", home)
    for file in (home / "runs" / trained[1]).glob("analysis/epoch-*/predictions-*.npz"):
        file.unlink()
    return home / "runs" / trained[1]


def ask(run: Path, layer: int = 3) -> dict:
    with TestClient(create_app(Settings(home=run.parents[1]), Quiet()), base_url=LOCAL) as client:
        return client.get(f"/api/runs/{run.name}/layers/{layer}/units/0/prediction").json()


def test_every_step_is_the_stored_one_with_wrong_futures_from_the_other_image(
    site: TestClient, trained: tuple[Path, str]
) -> None:
    stored = Results(trained[0] / "runs" / trained[1]).read("predictions", 1, 2)
    unit = int(np.isfinite(stored["true"]).all(0).argmax())
    path = f"/api/runs/{trained[1]}/layers/2/units/{unit}/prediction?epoch=1"
    found = site.get(path).json()
    assert (found["reason"], [step["k"] for step in found["steps"]]) == (None, [1, 2, 3, 4, 5])
    assert f"{TEST} images of the test split" in found["definition"]
    for k, step in enumerate(found["steps"]):
        assert step["true_r"] == pytest.approx(stored["true"][k, unit])
        assert step["wrong_r"] == pytest.approx(stored["wrong"][k, unit])
        told, true, wrong = (array(step[name]) for name in ("prediction", "true", "wrong"))
        assert len(told) == len(true) == len(wrong) == stored["image"].shape[1] == 64
        assert (np.sort(true) == np.sort(wrong)).all() and (true[::2] == wrong[1::2]).all()
        low = stored["response_offset"][k, unit]
        assert true.min() == pytest.approx(low) and true.max() > low
        images, rows = array(step["image"]).reshape(-1, 2), array(step["row"]).reshape(-1, 2)
        assert (images[:, 0] != images[:, 1]).all() and (rows[:, 0] == rows[:, 1]).all()
        assert rows.max() <= 6 - (k + 2)


def test_a_run_analysed_earlier_says_how_to_get_them(copied: Path) -> None:
    found = ask(copied)
    assert (found["steps"], found["definition"]) == ([], None)
    assert found["reason"].endswith(f"saccade analyse {copied.name} --only predictions")
    assert "input predicts nothing" in ask(copied, 0)["reason"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("random", "has no loss"),
        ("supervised", "learns from labels"),
        ("clapp++", "predicts another view"),
        ("cpc", "top layer alone predicts"),
    ],
)
def test_a_rule_without_predictions_says_why(copied: Path, rule: str, said: str) -> None:
    about = json.loads((copied / "run.json").read_text())
    config = about["config"] | {"rule": rule, "draw": "auto", "w_init": "auto", "update": "auto"}
    (copied / "run.json").write_text(json.dumps(about | {"config": config}))
    assert said in ask(copied)["reason"]


def test_a_checkpoint_without_the_rule_says_so(copied: Path) -> None:
    (copied / "checkpoints" / "epoch-0002" / "rule.safetensors").unlink()
    assert "without the rule's own weights" in ask(copied)["reason"]


def test_a_unit_that_is_not_there_is_a_sentence(
    site: TestClient, trained: tuple[Path, str]
) -> None:
    reply = site.get(f"/api/runs/{trained[1]}/layers/2/units/900/prediction")
    assert reply.status_code == 404 and "has no unit 900" in reply.json()["error"]["message"]
