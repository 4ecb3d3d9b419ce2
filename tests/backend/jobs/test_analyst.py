"""Does each step of an analysis leave what it should, for every layer and epoch?"""

import numpy as np
import pytest

from backend.analysis.activity import activity, encoder_layers
from backend.analysis.material import Material
from backend.jobs.analyse import analyse
from backend.runs.arrays import ANALYSES, OF_ENCODERS
from backend.runs.results import Results
from models.checkpoint import load_encoder
from models.config import TrainConfig
from tests.backend.jobs.stripes import LAYERS, WIDTHS, bytes_of, new_run, stripes


def test_everything_is_there_for_every_layer_and_epoch(analysed):
    results, data = Results(analysed[0]), stripes()
    assert results.epochs() == [0, 3]
    for epoch in (0, 3):
        assert results.ids(epoch).tolist() == data.indices("test").tolist()
        assert results.labels(epoch).tolist() == data.labels[24:].tolist()
        for layer in LAYERS:
            units = WIDTHS[layer]
            read = {w: results.read(w, epoch, layer) for w in ("maximizers", "selectivity")}
            assert read["maximizers"]["top_image"].shape == (units, 14)
            assert read["maximizers"]["random_value"].shape == (units, 4)
            assert read["selectivity"]["dprime"].shape == (units, 2)
            assert (read["selectivity"]["histogram"].sum(1) == 14 * 49).all()
            assert results.read("embedding", epoch, layer)["x"].shape == (14,)
            assert results.read("neighbours", epoch, layer)["image"].shape == (14, 12)
            assert results.read("neighbours", epoch, layer)["patch_image"].shape == (14, 8)
            assert results.read("responses", epoch, layer)["level"].shape == (units, 14)
            assert results.read("probe", epoch, layer)["confusion"].sum() == 14
            if layer:
                assert results.features(epoch, layer, "test").shape == (14, units)
                assert results.features(epoch, layer, "train").shape == (24, units)


def test_numbers_agree_with_each_other(analysed):
    results, data = Results(analysed[0]), stripes()
    for layer in LAYERS[1:]:
        features = results.features(3, layer, "test")
        chosen = results.read("selectivity", 3, layer)
        best = results.read("maximizers", 3, layer)
        assert chosen["mean"] == pytest.approx(features.mean(0), rel=1e-4, abs=1e-6)
        assert chosen["maximum"] == pytest.approx(best["top_value"][:, 0], rel=1e-3)
        assert results.response(3, layer, 5) == pytest.approx(features[:, 5], abs=1e-2)
        near = results.read("neighbours", 3, layer)
        assert set(np.unique(near["image"])) <= set(data.indices("test"))
        assert set(np.unique(near["patch_row"])) <= {0, 3, 6}
        assert not (near["image"] == results.ids(3)[:, None]).any()
        assert not (near["patch_image"] == results.ids(3)[:, None]).any()


def test_the_nearest_patches_are_those_to_the_middle_patch_of_each_image(analysed):
    run, _ = analysed
    results, m = Results(run), Material.of(stripes(), TrainConfig(encoder="vgg6-tiny"))
    seen = encoder_layers(load_encoder(run, 3))
    [batch] = activity(seen, m.images, m.test, m.crop, m.colour, "cpu", len(m.test))
    rows, lines = np.arange(14), [0, 3, 6]
    for layer, answer in enumerate(batch.answers, 1):
        patches = answer.z[:, :, lines][..., lines]  # [image, unit, row, column]
        far = patches[None] - answer.z[:, None, :, 3, 3, None, None]
        far = np.linalg.norm(far, axis=2)  # [asking image, image, row, column]
        far[rows, rows] = np.inf
        near = results.read("neighbours", 3, layer)
        least = np.sort(far.min((2, 3)))[:, :8]
        assert near["patch_distance"] == pytest.approx(least, rel=2e-3)
        place = [np.searchsorted(lines, near[name]) for name in ("patch_row", "patch_column")]
        told = far[rows[:, None], near["patch_image"] - m.test[0], *place]
        assert near["patch_distance"] == pytest.approx(told, rel=2e-3)


def test_stripes_are_told_apart_by_a_random_encoder(analysed):
    results = Results(analysed[0])
    accuracy = [float(results.read("probe", 0, layer)["accuracy"]) for layer in LAYERS]
    assert max(accuracy[1:]) > 0.9


def test_the_summary_says_what_was_done_how_and_how_long_it_took(analysed):
    results = Results(analysed[0])
    for epoch in (None, 3):
        summary = results.summary(epoch)
        there = [word for word in ANALYSES if epoch is not None or word not in OF_ENCODERS]
        assert summary["done"] == there and set(summary["seconds"]) == set(there)
        assert set(there) <= set(summary["definitions"])
        assert summary["parameters"]["embedding"]["perplexity"] == pytest.approx(13 / 3)
        assert summary["parameters"]["neighbours"]["patch"] == [3, 3]
        assert (summary["n_test"], summary["n_train"], summary["split"]) == (14, 24, "test")
        assert (summary["dataset"], summary["image"]) == ("stripes", [64, 64])
        assert (summary["chance"], summary["device"]) == (0.5, "cpu")
        assert summary["memory_mb"] > 10
        assert "14 test images" in summary["definitions"]["neighbours"]


def test_the_same_checkpoint_gives_the_same_bytes(analysed, tmp_path):
    again = new_run(tmp_path, epochs=(3,))
    list(analyse(again, stripes(), device="cpu"))
    first, second = bytes_of(analysed[0]), bytes_of(again)
    assert len(second) > 40
    assert [name for name in second if first[name] != second[name]] == []


def test_images_without_labels_have_no_probes_and_no_class_preference(tmp_path):
    run = new_run(tmp_path, epochs=(0,))
    list(analyse(run, stripes(labelled=False), device="cpu"))
    results = Results(run)
    assert results.epochs() == [0]
    assert results.summary(0)["reasons"]["probes"]
    assert "probes" not in results.summary(0)["definitions"]
    assert not results.path("probe", 0, 6).exists()
    assert "dprime" not in results.read("selectivity", 0, 6)
    assert results.features(0, 6, "train") is None


@pytest.mark.parametrize(("side", "grid"), [(32, 3), (24, 2), (96, 7)])
def test_small_images_and_colour(tmp_path, side, grid):
    run = new_run(tmp_path, epochs=(0,), colour="rgb")
    list(analyse(run, stripes(side=side), device="cpu"))
    results = Results(run)
    assert results.epochs() == [0]
    assert results.has("learning", 0, 6) == (grid == 7)
    reason = results.summary(0)["parameters"]["learning"].get("reason", "")
    assert (f"have {grid} patch rows, and 5 prediction steps need 7" in reason) == (grid < 7)
    assert results.read("selectivity", 0, 0)["histogram"].sum(1).tolist() == [14 * grid**2] * 3
    assert results.read("maximizers", 0, 6)["top_row"].max() < grid
    middle = (grid - 1) // 2
    assert results.summary(0)["parameters"]["neighbours"]["patch"] == [middle, middle]


@pytest.mark.gpu
def test_cuda_analyses_agree_with_the_processor(tmp_path):
    only = [word for word in ANALYSES if word != "embedding"]
    runs = {device: new_run(tmp_path / device, epochs=(3,)) for device in ("cpu", "cuda")}
    for device, run in runs.items():
        list(analyse(run, stripes(), device=device, only=only))
    here, there = map(Results, runs.values())
    for layer in LAYERS[1:]:
        one, same = (r.features(3, layer, "test") for r in (here, there))
        assert np.linalg.norm(one - same) < 1e-3 * np.linalg.norm(one)
        one, same = (r.read("learning", 3, layer)["loss"] for r in (here, there))
        assert same == pytest.approx(one, rel=1e-3)
        one, same = (r.read("selectivity", 3, layer)["dprime"] for r in (here, there))
        assert same == pytest.approx(one, rel=1e-2, abs=1e-2)


def test_the_probe_keeps_its_answers_and_the_map_the_neighbours_of_each_image(analysed):
    results = Results(analysed[0])
    for layer in LAYERS:
        found, truth = results.read("probe", 3, layer), results.labels(3)
        assert (found["predicted"] == truth).mean() == pytest.approx(float(found["accuracy"]))
        assert ((found["confidence"] >= 0) & (found["confidence"] <= 1)).all()
        assert ("weights" in found) == (layer > 0)
        assert layer == 0 or found["weights"].shape == (2, WIDTHS[layer])
        drawn = results.read("embedding", 3, layer)
        assert drawn["kept"].mean() / 10 == pytest.approx(float(drawn["kept_neighbours"]))
