"""New images find their place on the maps of an analysed epoch, whatever is kept of it."""

from dataclasses import replace

import numpy as np
import pytest

from backend.jobs.analyse import analyse
from backend.jobs.place import place
from backend.runs.results import Results
from models.errors import RunError
from tests.backend.jobs.stripes import LAYERS, new_run, stripes


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose untrained encoder is analysed on 40 test images."""
    run = new_run(tmp_path_factory.mktemp("placed"), epochs=(0,))
    list(analyse(run, stripes(test=40), only=["embedding"], device="cpu"))
    return run


def test_images_of_the_map_lie_near_their_places_in_every_layer(run):
    data = stripes(test=40)
    found = place(run, data, 0, data.images[data.indices("test")[:6]], "cpu")
    assert list(found) == list(LAYERS)
    for layer, at in found.items():
        shown = Results(run).read("embedding", 0, layer)
        flat = np.stack([shown["x"], shown["y"]], 1)
        apart = np.linalg.norm(at - flat[:6], axis=1)
        assert np.median(apart) < 0.2 * np.sqrt((flat**2).sum(1).mean())


def test_features_that_are_not_kept_are_made_again(run, monkeypatch):
    data = stripes(test=40)
    new = data.images[:3]
    kept = place(run, data, 0, new, "cpu")
    monkeypatch.setattr(Results, "features", lambda *_: None)
    again = place(run, data, 0, new, "cpu")
    for layer in LAYERS:
        assert again[layer] == pytest.approx(kept[layer], rel=1e-3, abs=1e-2)


def test_other_images_than_those_of_the_map_are_refused(run):
    data = stripes(test=40)
    with pytest.raises(RunError, match="show other images than stripes has"):
        place(run, stripes(test=41), 0, data.images[:1], "cpu")
    with pytest.raises(RunError, match="show other images than stripes has"):
        place(run, replace(data, key="other"), 0, data.images[:1], "cpu")
    with pytest.raises(RunError, match="analyse it first"):
        place(run, data, 3, data.images[:1], "cpu")
