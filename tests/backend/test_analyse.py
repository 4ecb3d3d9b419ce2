"""Checkpoints are analysed whole, go on where they were interrupted, and are not analysed twice."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from backend.jobs.analyse import AnalysisProgress, analyse
from backend.runs.arrays import ANALYSES, LATER, OF_ENCODERS
from backend.runs.results import Results
from models.checkpoint import save_kept
from models.config import TrainConfig
from models.data import Dataset
from models.errors import CheckpointError, ConfigError, DataError, RunError
from models.train import begin

LAYERS = range(7)
WIDTHS = (1, 8, 16, 16, 16, 32, 32)


def stripes(train: int = 24, test: int = 14, side: int = 64, labelled: bool = True) -> Dataset:
    """Stripes across (class 0) or down (class 1), of random width, with noise."""
    draw = np.random.default_rng(0)
    labels = np.arange(train + test, dtype=np.int16) % 2
    wave = 127 + 100 * np.sin(np.arange(side) / draw.uniform(2, 5, (train + test, 1)))
    images = np.repeat(wave[:, None, :, None], side, 3)
    images[labels == 1] = images[labels == 1].swapaxes(2, 3)
    images = np.repeat(images, 3, 1) + draw.normal(0, 20, (train + test, 3, side, side))
    return Dataset(
        key="stripes",
        spec="stripes",
        title="stripes",
        images=images.clip(0, 255).astype(np.uint8),
        labels=labels if labelled else np.full(train + test, -1, np.int16),
        classes=("across", "down") if labelled else (),
        split=np.repeat(np.array([0, 1], np.uint8), [train, test]),
        licence="none",
    )


def new_run(folder: Path, epochs=(0, 3), **settings) -> Path:
    """A run that keeps untrained encoders of some epochs, each from its own seed."""
    run = folder / "stripes-0a1b"
    run.mkdir()
    for epoch in epochs:
        config = TrainConfig(encoder="vgg6-tiny", seed=epoch, device="cpu", **settings)
        training = begin(config)
        training.epoch = epoch
        save_kept(run, training)
    (run / "run.json").write_text(json.dumps({"config": config.to_dict()}))
    return run


def ended(steps: list[AnalysisProgress]) -> list[tuple]:
    """What was really done: word and layer of every step that took time."""
    return [(step.epoch, step.what, step.layer) for step in steps if step.seconds]


def bytes_of(run: Path) -> dict[str, bytes]:
    files = sorted((run / "analysis").rglob("*.np[yz]"))
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def analysed(tmp_path_factory) -> tuple[Path, list[AnalysisProgress]]:
    """A run whose two checkpoints are analysed, and what was said meanwhile. To be read only."""
    run = new_run(tmp_path_factory.mktemp("runs"))
    return run, list(analyse(run, stripes(), device="cpu"))


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


def test_one_forward_pass_a_checkpoint_and_the_input_once(analysed):
    passes = [step for step in ended(analysed[1]) if step[1] == "activity"]
    assert passes == [(3, "activity", 0), (3, "activity", None), (0, "activity", None)]


def test_units_of_the_first_checkpoint_come_before_slow_work_and_the_input_before_each_layer(
    analysed,
):
    done = [(epoch, what, layer) for epoch, what, layer in ended(analysed[1]) if epoch == 3]
    layered = [(what, layer) for word in ("probes", "embedding", "neighbours")
               for what, layer in ((word, n) for n in LAYERS)]  # fmt: skip
    units = [("activity", 0), ("activity", None)]
    rest = [("learning", None), ("predictions", None), ("tuning", None)]
    assert [step[1:] for step in done] == [*units, *layered, *rest]


def test_progress_rises_from_0_to_1_and_says_when_an_epoch_is_complete(analysed):
    fractions = [step.fraction for step in analysed[1]]
    assert fractions[0] == 0 and fractions[-1] == 1
    assert fractions == sorted(fractions)
    assert [step.epoch for step in analysed[1] if step.complete] == [3, 0]
    assert not any(step.cached for step in analysed[1])


def test_a_second_time_everything_is_cached(analysed):
    run, _ = analysed
    before = bytes_of(run)
    steps = list(analyse(run, stripes(), device="cpu"))
    assert ended(steps) == []
    assert [step.what for step in steps if step.cached and not step.complete] == [
        *(word for word in ANALYSES if word not in OF_ENCODERS),  # the input learns nothing
        *ANALYSES,
        *ANALYSES,
    ]
    assert steps[-1].complete and steps[-1].fraction == 1
    assert bytes_of(run) == before


def test_the_same_checkpoint_gives_the_same_bytes(analysed, tmp_path):
    again = new_run(tmp_path, epochs=(3,))
    list(analyse(again, stripes(), device="cpu"))
    first, second = bytes_of(analysed[0]), bytes_of(again)
    assert len(second) > 40
    assert [name for name in second if first[name] != second[name]] == []


def test_epochs_and_analyses_can_be_chosen(tmp_path):
    run = new_run(tmp_path)
    steps = list(analyse(run, stripes(), epochs=[3], only=["probes"], device="cpu"))
    results = Results(run)
    assert {what for _, what, _ in ended(steps)} == {"activity", "probes"}
    assert not results.folder(0).exists() and results.epochs() == []
    assert results.summary(3)["done"] == ["activity", "maximizers", "selectivity", "probes"]
    rest = ended(list(analyse(run, stripes(), epochs=[3], only=["embedding"], device="cpu")))
    assert (3, "activity", None) not in rest and (3, "embedding", 6) in rest


@pytest.mark.parametrize("stop_at", [("activity", None), ("neighbours", 4), ("embedding", 2)])
def test_an_interrupted_analysis_goes_on_where_it_was(analysed, tmp_path, stop_at):
    run = new_run(tmp_path, epochs=(3,))
    work = analyse(run, stripes(), device="cpu")
    spoken = 0
    while spoken < 2:  # a pass has begun and seen some images; a smaller step has just ended
        step = next(work)
        spoken += (step.what, step.layer) == stop_at
    work.close()
    assert Results(run).epochs() == []
    rest = ended(list(analyse(run, stripes(), device="cpu")))
    assert ((3, "activity", None) in rest) == (stop_at[0] == "activity")
    assert (3, *stop_at) not in rest or stop_at[0] == "activity"
    assert bytes_of(run).items() <= bytes_of(analysed[0]).items()
    assert not list(run.rglob(".*")) and not list(run.rglob("patches-*"))


def test_a_damaged_file_is_made_again_and_nothing_else(tmp_path):
    run = new_run(tmp_path, epochs=(0,))
    list(analyse(run, stripes(), device="cpu"))
    before = bytes_of(run)
    path = Results(run).path("probe", 0, 4)
    path.write_bytes(path.read_bytes()[:50])
    steps = list(analyse(run, stripes(), device="cpu"))
    assert ended(steps) == [(0, "probes", 4)]
    assert {step.what for step in steps if step.cached} == set(ANALYSES)
    assert bytes_of(run) == before


def test_another_perplexity_draws_the_maps_again_and_nothing_else(tmp_path):
    run, many = new_run(tmp_path, epochs=(0,)), stripes(test=40)
    list(analyse(run, many, device="cpu", perplexity=5))
    defined = Results(run).summary(0)["definitions"]
    other = list(analyse(run, many, device="cpu", perplexity=9, only=["probes"]))
    assert ended(other) == [] and Results(run).epochs() == [0]
    again = ended(list(analyse(run, many, device="cpu", perplexity=9)))
    assert {what for _, what, layer in again if layer} == {"embedding"}
    summary = Results(run).summary(0)
    assert summary["parameters"]["embedding"]["perplexity"] == 9
    assert "perplexity 9" in summary["definitions"]["embedding"]
    told = {word: said for word, said in summary["definitions"].items() if word != "embedding"}
    assert "cosine" in told and told.items() < defined.items()


def test_other_images_replace_what_was_there(tmp_path):
    run = new_run(tmp_path)
    list(analyse(run, stripes(), device="cpu"))
    list(analyse(run, stripes(test=16), epochs=[3], device="cpu"))
    assert Results(run).epochs() == [3]
    assert Results(run).summary(None)["n_test"] == Results(run).summary(3)["n_test"] == 16


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


def test_bad_wishes_are_one_sentence(tmp_path):
    run = new_run(tmp_path)
    for wish, error, said in (
        ({"epochs": [7]}, CheckpointError, "epoch 7 was asked for.*keeps epochs: 0, 3"),
        ({"only": ["probe"]}, ConfigError, "unknown analysis 'probe'; did you mean 'probes'?"),
        ({"device": "tpu"}, ConfigError, "tpu"),
    ):
        with pytest.raises(error, match=said):
            next(analyse(run, stripes(), **wish))
    with pytest.raises(DataError, match="too few images"):
        next(analyse(run, stripes(train=1, test=1)))
    (run / "run.json").write_text("{")
    with pytest.raises(RunError, match="run.json of run stripes-0a1b cannot be read"):
        next(analyse(run, stripes()))


def test_a_damaged_checkpoint_is_one_sentence_before_the_slow_work_on_the_input(tmp_path):
    run = new_run(tmp_path, epochs=(0,))
    weights = run / "checkpoints" / "epoch-0000" / "encoder.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(CheckpointError, match="epoch-0000 of run stripes-0a1b is damaged"):
        list(analyse(run, stripes(), device="cpu"))
    results = Results(run)
    assert results.has("selectivity", None, 0) and not results.has("embedding", None, 0)
    assert results.standing() == ([], [])


def test_a_run_analysed_before_there_was_a_learning_analysis_is_shown_and_gets_it(tmp_path):
    run = new_run(tmp_path, epochs=(0, 3))
    before = [word for word in ANALYSES if word != "learning"]
    list(analyse(run, stripes(), device="cpu", only=before))
    results = Results(run)
    assert results.epochs() == [0, 3] and not results.has("learning", 3, 1)
    files = bytes_of(run)
    steps = list(analyse(run, stripes(), device="cpu", only=["learning"]))
    assert ended(steps) == [(3, "learning", None), (0, "learning", None)]
    assert all(results.has("learning", epoch, layer) for epoch in (0, 3) for layer in LAYERS[1:])
    assert results.summary(3)["done"] == list(ANALYSES)
    assert "24 training images" in results.summary(3)["definitions"]["learning"]
    assert files.items() <= bytes_of(run).items()
    assert ended(list(analyse(run, stripes(), device="cpu"))) == []


@pytest.mark.parametrize(
    ("settings", "layers"),
    [
        ({"rule": "hinge-cpc"}, [6]),
        ({"rule": "greedy-infomax"}, [1, 2, 3, 4, 5, 6]),
        ({"rule": "clapp++", "spatial": "no", "feedback": "both"}, [1, 2, 3, 4, 5, 6]),
    ],
    ids=lambda value: value["rule"] if isinstance(value, dict) else "",
)
def test_a_rule_has_learning_figures_of_the_layers_that_carry_a_loss(tmp_path, settings, layers):
    run = new_run(tmp_path, epochs=(0,), **settings)
    list(analyse(run, stripes(), device="cpu", only=["learning"]))
    results = Results(run)
    assert [layer for layer in LAYERS[1:] if results.has("learning", 0, layer)] == layers


@pytest.mark.parametrize(
    ("rule", "said"), [("supervised", "learns from labels"), ("random", "has no loss")]
)
def test_a_rule_without_learning_figures_is_told_in_a_sentence(tmp_path, rule, said):
    run = new_run(tmp_path, epochs=(0,), rule=rule)
    with pytest.raises(RunError, match=f"the learning of run stripes-0a1b: .*{said}"):
        list(analyse(run, stripes(), device="cpu", only=["learning"]))
    list(analyse(run, stripes(), device="cpu", only=["activity", "learning"]))
    assert said in Results(run).summary(0)["parameters"]["learning"]["reason"]
    assert not Results(run).has("learning", 0, 6)


def test_a_checkpoint_without_the_rule_is_analysed_but_for_learning(tmp_path, monkeypatch):
    monkeypatch.setattr("models.checkpoint.RULE_BYTES", 1000)
    run = new_run(tmp_path, epochs=(0,))
    list(analyse(run, stripes(), device="cpu"))
    assert Results(run).epochs() == [0] and not Results(run).has("learning", 0, 6)
    assert not Results(run).has("predictions", 0, 6)


@pytest.mark.parametrize(
    ("settings", "layers", "said"),
    [
        ({"rule": "clapp-s", "symmetric": "yes"}, [1, 2, 3, 4, 5, 6], None),
        ({"rule": "cpc"}, [6], None),
        ({"rule": "clapp++", "spatial": "no"}, [], "predicts another view of the image"),
        ({"rule": "supervised"}, [], "learns from labels"),
    ],
    ids=lambda value: value["rule"] if isinstance(value, dict) else "",
)
def test_a_rule_that_looks_rows_ahead_has_predictions_and_another_says_why_not(
    tmp_path, settings, layers, said
):
    run = new_run(tmp_path, epochs=(0,), **settings)
    list(analyse(run, stripes(), device="cpu", only=["activity", "predictions"]))
    results = Results(run)
    assert [layer for layer in LAYERS[1:] if results.has("predictions", 0, layer)] == layers
    reason = results.summary(0)["parameters"]["predictions"].get("reason")
    assert said in reason if said else reason is None
    if said:
        with pytest.raises(RunError, match=f"the predictions of run stripes-0a1b: .*{said}"):
            list(analyse(run, stripes(), device="cpu", only=["predictions"]))
    else:
        assert ended(list(analyse(run, stripes(), device="cpu", only=["predictions"]))) == []


@pytest.mark.gpu
def test_cuda_analyses_agree_with_the_processor(analysed, tmp_path):
    run = new_run(tmp_path, epochs=(3,))
    only = [word for word in ANALYSES if word != "embedding"]
    list(analyse(run, stripes(), device="cuda", only=only))
    here, there = Results(analysed[0]), Results(run)
    for layer in LAYERS[1:]:
        one, same = (r.features(3, layer, "test") for r in (here, there))
        assert np.linalg.norm(one - same) < 1e-3 * np.linalg.norm(one)
        one, same = (r.read("learning", 3, layer)["loss"] for r in (here, there))
        assert same == pytest.approx(one, rel=1e-3)
        one, same = (r.read("selectivity", 3, layer)["dprime"] for r in (here, there))
        assert same == pytest.approx(one, rel=1e-2, abs=1e-2)


def test_what_an_earlier_saccade_did_not_keep_is_added_to_what_is_there(analysed, tmp_path):
    run = tmp_path / analysed[0].name
    shutil.copytree(analysed[0], run)
    results, whole = Results(run), bytes_of(run)
    for epoch, layer in [(None, 0), *((3, layer) for layer in LAYERS[1:])]:
        for what, names in LATER.items():
            found = results.read(what, epoch, layer)
            results.write(what, epoch, layer, {k: v for k, v in found.items() if k not in names})
    assert results.epochs() == [0, 3] and bytes_of(run) != whole
    only = list(analyse(run, stripes(), device="cpu", only=["neighbours"]))
    assert ended(only) == [] and results.epochs() == [0, 3]
    steps = ended(list(analyse(run, stripes(), device="cpu")))
    assert {(epoch, what) for epoch, what, layer in steps if layer} == {
        (3, "selectivity"),
        (3, "probes"),
        (3, "embedding"),
    }
    assert bytes_of(run) == whole
    assert ended(list(analyse(run, stripes(), device="cpu"))) == []


def test_what_cannot_be_added_any_more_is_left_as_it_is(analysed, tmp_path):
    run = tmp_path / analysed[0].name
    shutil.copytree(analysed[0], run)
    results = Results(run)
    for path in run.rglob("features-*"):
        path.unlink()
    found = results.read("probe", 3, 6)
    del found["predicted"], found["confidence"]
    results.write("probe", 3, 6, found)
    assert ended(list(analyse(run, stripes(), device="cpu"))) == []
    assert results.epochs() == [0, 3]


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
