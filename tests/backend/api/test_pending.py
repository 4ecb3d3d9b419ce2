"""What is told of a checkpoint while it is analysed, and what waits until all of it is done?"""

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from backend.app import create_app
from backend.jobs.analyse import AnalysisProgress, analyse
from backend.settings import Settings
from models.data import load
from tests.backend.conftest import LOCAL, Quiet

WAITS = (
    "coordinates.csv",
    "coordinates.npz",
    "units.csv",
    "probes.csv",
    "similarity?versus_epoch=2",
)


class Half:
    """A run that ships, analysed as far as a test says, and a client that looks at it."""

    def __init__(self, folder: Path, pack: Path, client: TestClient) -> None:
        self.folder, self.pack, self.client = folder, pack, client
        self.steps = self.begin()

    def begin(self, **wish: Any) -> Iterator[AnalysisProgress]:
        self.steps = analyse(self.folder, load(str(self.pack), self.folder), device="cpu", **wish)
        return self.steps

    def until(self, epoch: int, what: str, layer: int | None) -> None:
        """Go on until that step has ended."""
        for step in self.steps:
            if step.seconds and (step.epoch, step.what, step.layer) == (epoch, what, layer):
                return
        raise AssertionError(f"there was no {what} of layer {layer}")

    def run(self) -> dict[str, Any]:
        return self.client.get(f"/api/runs/{self.folder.name}").json()

    def get(self, path: str) -> Any:
        reply = self.client.get(f"/api/runs/{self.folder.name}/{path}")
        assert reply.status_code == 200, reply.text
        return reply.json()

    def refused(self, path: str) -> str:
        reply = self.client.get(f"/api/runs/{self.folder.name}/{path}")
        assert reply.status_code == 404, reply.text
        return reply.json()["error"]["message"]

    def missing(self, epoch: int) -> dict[str, list[int]]:
        """Layers without results of each analysis."""
        layers = self.get(f"layers?epoch={epoch}")["layers"]
        words = ("probes", "embedding", "neighbours")
        return {w: [of["layer"] for of in layers if w in of["missing"]] for w in words}


@pytest.fixture
def half(trained: tuple[Path, str], pack: Path, tmp_path: Path, home: Path) -> Iterator[Half]:
    pretrained, run = tmp_path / "pretrained", trained[1]
    without = shutil.ignore_patterns("analysis")
    shutil.copytree(trained[0] / "runs" / run, pretrained / run, ignore=without)
    settings = Settings(home=home, pretrained=pretrained)
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        yield Half(pretrained / run, pack, client)


def test_a_checkpoint_is_told_of_step_by_step_and_counts_when_it_is_complete(half: Half) -> None:
    half.until(2, "activity", 0)  # of the input alone, which is no checkpoint
    assert (half.run()["analysed"], half.run()["begun"]) == ([], [])
    assert "no analysed checkpoint yet" in half.refused("layers")

    half.until(2, "activity", None)
    run, layers = half.run(), half.get("layers")
    assert (run["analysed"], run["begun"], run["accuracy"]) == ([], [2], None)
    assert (layers["epoch"], layers["epochs"]) == (2, [])
    assert [of["silent"] is not None for of in layers["layers"]] == [True] * 7
    assert half.missing(2) == {w: [*range(7)] for w in ("probes", "embedding", "neighbours")}
    unit = half.get("layers/6/units/3")
    assert len(unit["patches"]["top"]) == 10 and unit["tuning"] is None
    assert half.get("layers/6/units")["change"] is None
    image = half.get(f"layers/3/neighbours/{first(layers)}")
    assert (image["neighbours"], len(image["units"]) > 0) == ([], True)
    assert "not made yet" in image["reason"] and "saccade analyse" in image["reason"]
    for path in ("probes", "learning", "layers/2/answers", "layers/2/units/0/prediction"):
        assert "of epoch 2 are not made yet" in half.get(path)["reason"], path

    half.until(2, "probes", 3)
    assert half.missing(2)["probes"] == [4, 5, 6]
    probes = half.get("probes")
    assert [of["layer"] for of in probes["layers"]] == [1, 2, 3] and probes["pixels"]
    assert [row["epoch"] for row in probes["by_epoch"]] == [2]
    assert probes["by_epoch"][0]["accuracy"][3:] == [None] * 3
    assert half.get("layers/3/answers")["reason"] is None

    half.until(2, "embedding", 2)
    assert half.missing(2) == {"probes": [], "embedding": [3, 4, 5, 6], "neighbours": [*range(7)]}
    assert half.get("layers/2/embedding")["kept_neighbours"] > 0
    for path in WAITS:
        assert "epoch 2" in half.refused(path) and "to its end" in half.refused(path)

    half.until(0, "activity", None)
    run = half.run()
    assert (run["analysed"], run["begun"], run["accuracy"] is not None) == ([2], [0], True)
    assert half.missing(2) == {"probes": [], "embedding": [], "neighbours": []}
    assert half.get("layers")["epoch"] == 2, "the last that is complete"
    assert half.missing(0) == {w: [*range(1, 7)] for w in ("probes", "embedding", "neighbours")}
    assert [row["epoch"] for row in half.get("probes")["by_epoch"]] == [2]
    assert "versus" in half.get("similarity?versus_epoch=2")
    assert "to its end" in half.refused("similarity?versus_epoch=0")

    half.until(0, "probes", 1)
    assert [row["epoch"] for row in half.get("probes?epoch=0")["by_epoch"]] == [0, 2]

    list(half.steps)
    assert (half.run()["analysed"], half.run()["begun"]) == ([0, 1, 2], [])


def test_a_stamp_changes_with_each_step_of_its_epoch_and_no_other(half: Half) -> None:
    half.until(0, "activity", None)
    before = half.run()["stamps"]
    assert set(before) == {"0", "2"}
    half.until(0, "probes", 1)
    after = half.run()["stamps"]
    assert (after["2"], after["0"] != before["0"]) == (before["2"], True)
    list(half.steps)
    whole = half.run()["stamps"]
    list(half.begin())
    assert half.run()["stamps"] == whole, "nothing was to do"


def test_maps_made_anew_are_missing_meanwhile_and_all_else_stays(half: Half) -> None:
    list(half.begin(epochs=[2]))
    before = half.run()["stamps"]["2"]
    half.begin(epochs=[2], only=["embedding"], perplexity=2)
    half.until(2, "embedding", 4)
    assert (half.run()["analysed"], half.run()["begun"]) == ([], [2])
    assert half.missing(2) == {"probes": [], "embedding": [5, 6], "neighbours": []}
    assert half.get("layers/4/embedding")["parameters"]["perplexity"] == 2
    list(half.steps)
    assert half.run()["analysed"] == [2] and half.run()["stamps"]["2"] != before


def test_an_analysis_that_was_interrupted_goes_on_and_says_what_is_missing(half: Half) -> None:
    half.until(2, "embedding", 1)
    half.steps.close()
    assert half.run()["begun"] == [2] and half.missing(2)["embedding"] == [2, 3, 4, 5, 6]
    done = [(s.what, s.layer) for s in half.begin(epochs=[2]) if s.seconds]
    assert ("embedding", 1) not in done and ("embedding", 2) in done
    assert half.run()["analysed"] == [2]


def first(layers: dict[str, Any]) -> int:
    """The id of the first image."""
    return int.from_bytes(base64.b64decode(layers["ids"]["bdata"])[:4], "little")
