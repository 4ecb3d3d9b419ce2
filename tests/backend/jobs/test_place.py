"""New images find their place on the maps of an analysed epoch, whatever is kept of it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from backend.jobs.analyse import analyse
from backend.jobs.place import Looking, place
from backend.runs.results import Results
from models.checkpoint import save_kept
from models.config import TrainConfig
from models.errors import RunError
from models.training import begin
from tests.backend.jobs.stripes import LAYERS, new_run, stripes


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose untrained encoder is analysed on 40 test images."""
    run = new_run(tmp_path_factory.mktemp("placed"), epochs=(0,))
    list(analyse(run, stripes(test=40), only=["embedding"], device="cpu"))
    return run


def test_images_of_the_map_lie_near_their_places_in_every_layer(run, tmp_path):
    data = stripes(test=40)
    found = place(run, data, 0, data.images[data.indices("test")[:6]], tmp_path, "cpu")
    assert list(found) == list(LAYERS)
    for layer, at in found.items():
        shown = Results(run).read("embedding", 0, layer)
        flat = np.stack([shown["x"], shown["y"]], 1)
        apart = np.linalg.norm(at - flat[:6], axis=1)
        assert np.median(apart) < 0.2 * np.sqrt((flat**2).sum(1).mean())


def test_features_that_are_not_kept_are_made_again_once(run, tmp_path, monkeypatch):
    data = stripes(test=40)
    new = data.images[:3]
    kept = place(run, data, 0, new, tmp_path, "cpu")
    assert not (tmp_path / "cache").exists()
    monkeypatch.setattr(Results, "features", lambda *_: None)
    encoded = counted(monkeypatch)
    again, cached = (place(run, data, 0, new, tmp_path, "cpu") for _ in range(2))
    assert encoded == [40, 3, 3]  # the images of the map the first time, the new ones each time
    for layer in LAYERS:
        assert again[layer] == pytest.approx(kept[layer], rel=1e-2, abs=5e-2)
        assert (cached[layer] == again[layer]).all()


def counted(monkeypatch):
    """How many images pass through the encoder, each time any do."""
    found, encoded = [], Looking.encoded

    def counting(looking, images, ids, tell=None):
        found.append(len(ids))
        return encoded(looking, images, ids, tell)

    monkeypatch.setattr(Looking, "encoded", counting)
    return found


def test_features_made_again_of_other_weights_are_not_taken(run, tmp_path, monkeypatch):
    data, same = stripes(test=40), tmp_path / run.name
    shutil.copytree(run, same)
    monkeypatch.setattr(Results, "features", lambda *_: None)
    encoded = counted(monkeypatch)
    before = Looking(same, data, 0, tmp_path, "cpu").known()
    save_kept(same, begin(TrainConfig(encoder="vgg6-tiny", seed=5, device="cpu")))
    after = Looking(same, data, 0, tmp_path, "cpu").known()
    assert encoded == [40, 40]
    assert not np.allclose(before[1], after[1])


def test_other_images_than_those_of_the_map_are_refused(run, tmp_path):
    data = stripes(test=40)
    with pytest.raises(RunError, match="show other images than stripes has"):
        place(run, stripes(test=41), 0, data.images[:1], tmp_path, "cpu")
    with pytest.raises(RunError, match="show other images than stripes has"):
        place(run, replace(data, key="other"), 0, data.images[:1], tmp_path, "cpu")
    with pytest.raises(RunError, match="analyse it first"):
        place(run, data, 3, data.images[:1], tmp_path, "cpu")
